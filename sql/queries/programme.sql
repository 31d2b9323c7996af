-- name: lock_programme
-- Only one transaction at a time publishes an edition's programme or rearranges its parents; held until it ends.
SELECT pg_advisory_xact_lock(hashtextextended('programme ' || $1::uuid::text, 0));

-- name: insert_track
-- A new track.
INSERT INTO tracks (edition_id, id, name, external_id, created_at) VALUES ($1, $2, $3, $4, $5)
RETURNING id, name, external_id, version;

-- name: find_track
-- One track.
SELECT id, name, external_id, version FROM tracks WHERE edition_id = $1 AND id = $2;

-- name: lock_track
-- Lock a track until the transaction ends.
SELECT id, name, external_id, version FROM tracks WHERE edition_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: list_tracks
-- The tracks of an edition in the order in which they were made.
SELECT id, name, external_id, version FROM tracks
WHERE edition_id = $1 AND ($2::text IS NULL OR external_id = $2) AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4;

-- name: count_tracks
-- How many tracks the list has.
SELECT count(*) FROM tracks WHERE edition_id = $1 AND ($2::text IS NULL OR external_id = $2);

-- name: update_track
-- Write every field that can change; the version rises.
UPDATE tracks SET name = $3, external_id = $4, version = version + 1 WHERE edition_id = $1 AND id = $2
RETURNING id, name, external_id, version;

-- name: get_session_facts
-- Whether the type ($3), track, parent, room, organisers and teams that a session names are there, and ($9) what stands in
-- the way of it, confirmed ($10) or not, where and when it is: see `session_clashes`, which locks.
SELECT EXISTS (SELECT FROM terms t WHERE t.series_code = e.series_code AND t.vocabulary = 'session_type' AND t.value = $3)
           AS is_type_known,
       $4::uuid IS NULL OR EXISTS (SELECT FROM tracks t WHERE t.edition_id = e.id AND t.id = $4) AS is_track_known,
       $5::uuid IS NULL OR EXISTS (SELECT FROM sessions s WHERE s.edition_id = e.id AND s.id = $5) AS is_parent_known,
       $6::uuid IS NULL OR EXISTS (SELECT FROM rooms r WHERE r.edition_id = e.id AND r.id = $6) AS is_room_known,
       ARRAY(SELECT o.id FROM unnest($7::uuid[]) AS o (id) WHERE NOT EXISTS (SELECT FROM entities n WHERE n.id = o.id AND n.merged_into IS NULL))
           AS unknown_organisers,
       ARRAY(SELECT i.id FROM unnest($8::uuid[]) AS i (id)
             WHERE NOT EXISTS (SELECT FROM interpretation_teams t WHERE t.edition_id = e.id AND t.id = i.id)) AS unknown_teams,
       CASE WHEN $9 THEN session_clashes(e.id, $2, $10, $3, $5, $11, $12, $13, $6, $14, $15, $16, $17, $8) ELSE '[]' END AS clashes
FROM editions e WHERE e.id = $1;

-- name: is_inside_session
-- Whether session $3 is session $2 or lies, at any depth, inside it.
WITH RECURSIVE ancestors AS (
    SELECT s.id, s.parent_id FROM sessions s WHERE s.edition_id = $1 AND s.id = $3
    UNION
    SELECT p.id, p.parent_id FROM sessions p JOIN ancestors a ON p.edition_id = $1 AND p.id = a.parent_id
)
SELECT EXISTS (SELECT FROM ancestors WHERE id = $2);

-- name: insert_session
-- A new session, as a draft.
INSERT INTO sessions (edition_id, id, title, abstract, type, track_id, parent_id, starts_at, ends_at, held_on, room_id, mode,
                      in_person_capacity, online_capacity, access, languages, organiser_ids, livestream_url, external_id,
                      interpretation_team_ids, status, created_at, revised_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, 'draft', $21, $21)
RETURNING title, abstract, type, track_id AS track, parent_id AS parent, starts_at, ends_at, held_on, room_id AS room, mode,
          in_person_capacity, online_capacity, access, languages, organiser_ids AS organisers, livestream_url, external_id,
          interpretation_team_ids AS interpretation_teams, id,
          status, version, calendar_sequence;

-- name: find_session
-- One session.
SELECT title, abstract, type, track_id AS track, parent_id AS parent, starts_at, ends_at, held_on, room_id AS room, mode,
       in_person_capacity, online_capacity, access, languages, organiser_ids AS organisers, livestream_url, external_id,
          interpretation_team_ids AS interpretation_teams, id,
       status, version, calendar_sequence
FROM sessions WHERE edition_id = $1 AND id = $2;

-- name: move_if_clear
-- Move a confirmed session of one of these versions ($3; null: any) to where $4 says what is new: start, end or room. Nothing,
-- and only a lock, when anything may be wrong with that or an edition refuses it.
SELECT (m.session).title, (m.session).abstract, (m.session).type, (m.session).track_id AS track, (m.session).parent_id AS parent,
       (m.session).starts_at, (m.session).ends_at, (m.session).held_on, (m.session).room_id AS room, (m.session).mode,
       (m.session).in_person_capacity, (m.session).online_capacity, (m.session).access, (m.session).languages,
       (m.session).organiser_ids AS organisers, (m.session).livestream_url, (m.session).external_id,
       (m.session).interpretation_team_ids AS interpretation_teams, (m.session).id, (m.session).status, (m.session).version,
       (m.session).calendar_sequence, m.clashes AS warnings
FROM move_if_clear($1, $2, $3, $4, $5, $6, $7, $8) m;

-- name: lock_session
-- Lock a session until the transaction ends.
SELECT title, abstract, type, track_id AS track, parent_id AS parent, starts_at, ends_at, held_on, room_id AS room, mode,
       in_person_capacity, online_capacity, access, languages, organiser_ids AS organisers, livestream_url, external_id,
          interpretation_team_ids AS interpretation_teams, id,
       status, version, calendar_sequence
FROM sessions WHERE edition_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: list_sessions
-- Sessions by time; those without one come last, those with only a day at that day's start.
SELECT s.title, s.abstract, s.type, s.track_id AS track, s.parent_id AS parent, s.starts_at, s.ends_at, s.held_on,
       s.room_id AS room, s.mode, s.in_person_capacity, s.online_capacity, s.access, s.languages,
       s.organiser_ids AS organisers, s.livestream_url, s.external_id,
       s.interpretation_team_ids AS interpretation_teams, s.id, s.status, s.version, s.calendar_sequence
FROM sessions s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1
  AND ($2::text IS NULL OR s.status = $2)
  AND ($3::text IS NULL OR s.type = $3)
  AND ($4::uuid IS NULL OR s.room_id = $4)
  AND ($5::uuid IS NULL OR s.track_id = $5)
  AND ($6::uuid IS NULL OR s.parent_id = $6)
  AND ($7::date IS NULL OR s.held_on = $7
       OR $7 BETWEEN (s.starts_at AT TIME ZONE e.timezone)::date  -- what ends at midnight is over by then
                 AND (coalesce(s.ends_at - interval '1 us', s.starts_at) AT TIME ZONE e.timezone)::date)
  AND ($8::text IS NULL OR s.external_id = $8)
  AND ($10::uuid IS NULL OR (coalesce(s.starts_at, s.held_on::timestamp AT TIME ZONE 'UTC', 'infinity'), s.id)
                            > (coalesce($9::timestamptz, 'infinity'), $10))
ORDER BY coalesce(s.starts_at, s.held_on::timestamp AT TIME ZONE 'UTC', 'infinity'), s.id
LIMIT $11;

-- name: count_sessions
-- How many sessions the list has.
SELECT count(*)
FROM sessions s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1
  AND ($2::text IS NULL OR s.status = $2)
  AND ($3::text IS NULL OR s.type = $3)
  AND ($4::uuid IS NULL OR s.room_id = $4)
  AND ($5::uuid IS NULL OR s.track_id = $5)
  AND ($6::uuid IS NULL OR s.parent_id = $6)
  AND ($7::date IS NULL OR s.held_on = $7
       OR $7 BETWEEN (s.starts_at AT TIME ZONE e.timezone)::date  -- what ends at midnight is over by then
                 AND (coalesce(s.ends_at - interval '1 us', s.starts_at) AT TIME ZONE e.timezone)::date)
  AND ($8::text IS NULL OR s.external_id = $8);

-- name: update_session
-- Write every field that can change; the version rises, and the calendar sequence where a trigger says so.
UPDATE sessions SET title = $3, abstract = $4, type = $5, track_id = $6, parent_id = $7, starts_at = $8, ends_at = $9,
       held_on = $10, room_id = $11, mode = $12, in_person_capacity = $13, online_capacity = $14, access = $15,
       languages = $16, organiser_ids = $17, livestream_url = $18, external_id = $19, interpretation_team_ids = $20,
       status = $21, revised_at = $22, version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING title, abstract, type, track_id AS track, parent_id AS parent, starts_at, ends_at, held_on, room_id AS room, mode,
          in_person_capacity, online_capacity, access, languages, organiser_ids AS organisers, livestream_url, external_id,
          interpretation_team_ids AS interpretation_teams, id,
          status, version, calendar_sequence;
