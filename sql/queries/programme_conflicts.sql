-- name: get_conflict_rules
-- What an edition does about each kind of conflict.
SELECT speaker_double_booked, chair_double_booked, interpretation_double_booked, plenary_parallel, capacity_below_bookings,
       outside_opening_hours, outside_edition, setup_time, version
FROM conflict_levels WHERE edition_id = $1;

-- name: lock_conflict_rules
-- The same, locked until the transaction ends.
SELECT speaker_double_booked, chair_double_booked, interpretation_double_booked, plenary_parallel, capacity_below_bookings,
       outside_opening_hours, outside_edition, setup_time, version
FROM conflict_levels WHERE edition_id = $1 FOR NO KEY UPDATE;

-- name: update_conflict_rules
-- Write all levels; the version rises.
UPDATE conflict_levels
SET speaker_double_booked = $2, chair_double_booked = $3, interpretation_double_booked = $4, plenary_parallel = $5,
    capacity_below_bookings = $6, outside_opening_hours = $7, outside_edition = $8, setup_time = $9, version = version + 1
WHERE edition_id = $1
RETURNING speaker_double_booked, chair_double_booked, interpretation_double_booked, plenary_parallel, capacity_below_bookings,
          outside_opening_hours, outside_edition, setup_time, version;

-- name: list_conflicts
-- The open conflicts of an edition by rule and sessions.
SELECT c.rule, c.level, c.sessions, c.speaker, c.room, c.team, c.overridden
FROM open_conflicts($1) c
WHERE ($2::text IS NULL OR c.rule = $2) AND ($3::text IS NULL OR c.level = $3) AND ($4::uuid IS NULL OR $4 = ANY (c.sessions))
  AND ($5::text IS NULL OR c.rule >= $5)  -- known of a whole rule before anything is read, so what was answered is not found anew
  AND ($5::text IS NULL OR (c.rule, c.sessions, coalesce(c.speaker, c.team, '00000000-0000-0000-0000-000000000000'))
                           > ($5, $6::uuid[], $7::uuid))
ORDER BY c.rule, c.sessions, coalesce(c.speaker, c.team, '00000000-0000-0000-0000-000000000000')
LIMIT $8;

-- name: count_conflicts
-- How many open conflicts the list has.
SELECT count(*) FROM open_conflicts($1) c
WHERE ($2::text IS NULL OR c.rule = $2) AND ($3::text IS NULL OR c.level = $3) AND ($4::uuid IS NULL OR $4 = ANY (c.sessions));

-- name: lock_speakers
-- Lock speakers until the transaction ends, always in the same order: where each is at which time is decided one by one.
SELECT id FROM speakers WHERE edition_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: list_speaker_clashes
-- Where else speakers ($6) are confirmed while session $2 takes place.
SELECT p.rule, l.levels ->> p.rule AS level, ARRAY[$2, p.other] AS sessions, p.speaker, NULL::uuid AS room, NULL::uuid AS team,
       false AS overridden
FROM speaker_clashes($1, $2, $3, session_span($4, $5), $6) p
CROSS JOIN (SELECT to_jsonb(c) AS levels FROM conflict_levels c WHERE c.edition_id = $1) l
WHERE l.levels ->> p.rule <> 'ignore'
ORDER BY p.rule, p.other, p.speaker;

-- name: insert_overrides
-- That an organizer went on in spite of these conflicts.
INSERT INTO conflict_overrides (edition_id, id, session_id, rule, other_session_id, subject_id, reason, token_id, overridden_at)
SELECT $1, o.id, $2, o.rule, o.other, o.subject, $3, $4, $5
FROM jsonb_to_recordset($6) AS o (id uuid, rule text, other uuid, subject uuid);

-- name: list_overrides
-- When organizers went on in spite of a conflict, of one session ($2) or of all, in that order.
SELECT id, session_id AS session, rule, other_session_id AS other_session, subject_id AS subject, reason, token_id AS token,
       overridden_at
FROM conflict_overrides
WHERE edition_id = $1 AND ($2::uuid IS NULL OR $2 IN (session_id, other_session_id)) AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4;

-- name: count_overrides
-- How many of those the list has.
SELECT count(*) FROM conflict_overrides WHERE edition_id = $1 AND ($2::uuid IS NULL OR $2 IN (session_id, other_session_id));
