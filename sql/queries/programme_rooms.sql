-- name: lock_rooms
-- Lock all rooms of an edition until the transaction ends: what rooms are made of changes for one at a time, and for nobody
-- who is about to use one.
SELECT id FROM rooms WHERE edition_id = $1 ORDER BY id FOR NO KEY UPDATE;

-- name: insert_room
-- A new room.
INSERT INTO rooms (edition_id, id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, equipment, part_ids,
                   opening_hours, setup_minutes, teardown_minutes, created_at, revised_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
RETURNING id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, equipment, part_ids AS parts, opening_hours,
          setup_minutes, teardown_minutes, version;

-- name: find_room
-- One room.
SELECT id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, equipment, part_ids AS parts, opening_hours,
       setup_minutes, teardown_minutes, version
FROM rooms WHERE edition_id = $1 AND id = $2;

-- name: lock_room
-- Lock a room until the transaction ends: who gets it at which time is decided one by one.
SELECT id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, equipment, part_ids AS parts, opening_hours,
       setup_minutes, teardown_minutes, version
FROM rooms WHERE edition_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: list_rooms
-- The rooms of an edition in the order in which they were made.
SELECT id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, equipment, part_ids AS parts, opening_hours,
       setup_minutes, teardown_minutes, version
FROM rooms
WHERE edition_id = $1 AND ($2::text IS NULL OR external_id = $2) AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4;

-- name: count_rooms
-- How many rooms the list has.
SELECT count(*) FROM rooms WHERE edition_id = $1 AND ($2::text IS NULL OR external_id = $2);

-- name: lock_sessions_in_room
-- Lock the sessions of a room in a fixed order, before the room itself: whoever moves one locks them in this order too.
SELECT id FROM sessions WHERE edition_id = $1 AND room_id = $2 ORDER BY id FOR NO KEY UPDATE;

-- name: update_room
-- Write every field that can change; the version rises.
UPDATE rooms SET name = $3, venue = $4, capacity = $5, wheelchair_accessible = $6, hearing_loop = $7, external_id = $8,
       equipment = $9, part_ids = $10, opening_hours = $11, setup_minutes = $12, teardown_minutes = $13, revised_at = $14,
       version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING id, name, venue, capacity, wheelchair_accessible, hearing_loop, external_id, equipment, part_ids AS parts, opening_hours,
          setup_minutes, teardown_minutes, version;

-- name: list_part_facts
-- What is wrong with each of these rooms ($3) as a part of room $2, in their order.
WITH RECURSIVE inside AS (
    SELECT p.position, p.id FROM unnest($3::uuid[]) WITH ORDINALITY AS p (id, position)
    UNION
    SELECT i.position, q.id
    FROM inside i JOIN rooms r ON r.edition_id = $1 AND r.id = i.id CROSS JOIN unnest(r.part_ids) AS q (id)
)
SELECT EXISTS (SELECT FROM rooms r WHERE r.edition_id = $1 AND r.id = p.id) OR p.id = $2 AS is_known,
       EXISTS (SELECT FROM inside i WHERE i.position = p.position AND i.id = $2) AS is_around
FROM unnest($3::uuid[]) WITH ORDINALITY AS p (id, position)
ORDER BY p.position;

-- name: list_part_clashes
-- The confirmed sessions, two by two, that would be in each other's way if room $2 were joined from these rooms ($3).
WITH RECURSIVE made AS (
    SELECT r.id, CASE WHEN r.id = $2 THEN $3::uuid[] ELSE r.part_ids END AS part_ids FROM rooms r WHERE r.edition_id = $1
),
inside AS (
    SELECT m.id AS room_id, m.id FROM made m
    UNION
    SELECT i.room_id, p.id FROM inside i JOIN made m ON m.id = i.id CROSS JOIN unnest(m.part_ids) AS p (id)
),
claims AS (
    SELECT s.id, s.room_id, session_span(s.starts_at, s.ends_at) AS span, i.id AS element_id
    FROM sessions s JOIN inside i ON i.room_id = s.room_id JOIN made m ON m.id = i.id AND m.part_ids = '{}'
    WHERE s.edition_id = $1 AND s.status = 'confirmed' AND s.starts_at IS NOT NULL
)
SELECT DISTINCT 'room_occupied' AS rule, 'refuse' AS level, ARRAY[x.id, y.id] AS sessions, NULL::uuid AS speaker,
       $2 AS room, NULL::uuid AS team, false AS overridden
FROM claims x JOIN claims y ON y.element_id = x.element_id AND y.id > x.id AND y.span && x.span
ORDER BY sessions;
