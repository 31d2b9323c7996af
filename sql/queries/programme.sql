-- name: lock_programme
-- Only one transaction at a time publishes an edition's programme or rearranges its parents; held until it ends.
SELECT pg_advisory_xact_lock(hashtextextended('programme ' || $1::uuid::text, 0));

-- name: insert_room
-- A new room.
INSERT INTO rooms (edition_id, id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, created_at,
                   revised_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
RETURNING id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, version;

-- name: find_room
-- One room.
SELECT id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, version
FROM rooms WHERE edition_id = $1 AND id = $2;

-- name: lock_room
-- Lock a room until the transaction ends: who gets it at which time is decided one by one.
SELECT id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, version
FROM rooms WHERE edition_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: list_rooms
-- The rooms of an edition in the order in which they were made.
SELECT id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, version
FROM rooms
WHERE edition_id = $1 AND ($2::text IS NULL OR external_id = $2) AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4;

-- name: count_rooms
-- How many rooms the list has.
SELECT count(*) FROM rooms WHERE edition_id = $1 AND ($2::text IS NULL OR external_id = $2);

-- name: update_room
-- Write every field that can change; the version rises.
UPDATE rooms SET name = $3, venue = $4, capacity = $5, wheelchair_accessible = $6, hearing_loop = $7, external_id = $8,
       revised_at = $9, version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, version;

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

-- name: get_session_references
-- Whether the type, track ($3), parent, room and organisers that a session names are there, and whether its time ($7, $8)
-- or day ($9) lies within the edition's dates in the edition's zone; the last day may run past midnight.
SELECT EXISTS (SELECT FROM terms t WHERE t.series_code = e.series_code AND t.vocabulary = 'session_type' AND t.value = $2)
           AS is_type_known,
       $3::uuid IS NULL OR EXISTS (SELECT FROM tracks t WHERE t.edition_id = e.id AND t.id = $3) AS is_track_known,
       $4::uuid IS NULL OR EXISTS (SELECT FROM sessions s WHERE s.edition_id = e.id AND s.id = $4) AS is_parent_known,
       $5::uuid IS NULL OR EXISTS (SELECT FROM rooms r WHERE r.edition_id = e.id AND r.id = $5) AS is_room_known,
       ARRAY(SELECT o.id FROM unnest($6::uuid[]) AS o (id) WHERE NOT EXISTS (SELECT FROM entities n WHERE n.id = o.id AND n.merged_into IS NULL))
           AS unknown_organisers,
       coalesce(coalesce($9::date, ($7::timestamptz AT TIME ZONE e.timezone)::date) BETWEEN e.starts_on AND e.ends_on, true)
           AND coalesce(($8::timestamptz AT TIME ZONE e.timezone)::date <= e.ends_on + 1, true) AS is_inside_edition
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
                      status, created_at, revised_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'draft', $20, $20)
RETURNING title, abstract, type, track_id AS track, parent_id AS parent, starts_at, ends_at, held_on, room_id AS room, mode,
          in_person_capacity, online_capacity, access, languages, organiser_ids AS organisers, livestream_url, external_id, id,
          status, version, calendar_sequence;

-- name: find_session
-- One session.
SELECT title, abstract, type, track_id AS track, parent_id AS parent, starts_at, ends_at, held_on, room_id AS room, mode,
       in_person_capacity, online_capacity, access, languages, organiser_ids AS organisers, livestream_url, external_id, id,
       status, version, calendar_sequence
FROM sessions WHERE edition_id = $1 AND id = $2;

-- name: lock_session
-- Lock a session until the transaction ends.
SELECT title, abstract, type, track_id AS track, parent_id AS parent, starts_at, ends_at, held_on, room_id AS room, mode,
       in_person_capacity, online_capacity, access, languages, organiser_ids AS organisers, livestream_url, external_id, id,
       status, version, calendar_sequence
FROM sessions WHERE edition_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: list_sessions
-- Sessions by time; those without one come last, those with only a day at that day's start.
SELECT s.title, s.abstract, s.type, s.track_id AS track, s.parent_id AS parent, s.starts_at, s.ends_at, s.held_on,
       s.room_id AS room, s.mode, s.in_person_capacity, s.online_capacity, s.access, s.languages,
       s.organiser_ids AS organisers, s.livestream_url, s.external_id, s.id, s.status, s.version, s.calendar_sequence
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
       languages = $16, organiser_ids = $17, livestream_url = $18, external_id = $19, status = $20, revised_at = $21,
       version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING title, abstract, type, track_id AS track, parent_id AS parent, starts_at, ends_at, held_on, room_id AS room, mode,
          in_person_capacity, online_capacity, access, languages, organiser_ids AS organisers, livestream_url, external_id, id,
          status, version, calendar_sequence;

-- name: find_room_occupant
-- The confirmed session, other than $2, that has the room at this time.
SELECT id FROM sessions
WHERE edition_id = $1 AND id <> $2 AND room_id = $3 AND status = 'confirmed' AND starts_at IS NOT NULL
  AND session_span(starts_at, ends_at) && session_span($4, $5)
ORDER BY starts_at, id LIMIT 1;

-- name: list_session_speakers
-- Who is confirmed to speak in a session.
SELECT DISTINCT speaker_id FROM appearances
WHERE edition_id = $1 AND session_id = $2 AND status = 'confirmed';

-- name: lock_speakers
-- Lock speakers until the transaction ends, always in the same order: where each is at which time is decided one by one.
SELECT id FROM speakers WHERE edition_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: find_speaker_engagement
-- The confirmed session, other than $2, in which one of the speakers appears at this time. The session inside which $2 is
-- held, and those held inside $2, are the same place.
SELECT o.id
FROM appearances a
JOIN sessions o ON o.edition_id = a.edition_id AND o.id = a.session_id
WHERE a.edition_id = $1 AND a.session_id <> $2 AND a.speaker_id = ANY ($6::uuid[]) AND a.status = 'confirmed'
  AND o.status = 'confirmed' AND o.starts_at IS NOT NULL
  AND o.id IS DISTINCT FROM $3::uuid AND o.parent_id IS DISTINCT FROM $2
  AND session_span(o.starts_at, o.ends_at) && session_span($4, $5)
ORDER BY o.starts_at, o.id LIMIT 1;
