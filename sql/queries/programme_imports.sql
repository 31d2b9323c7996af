-- name: lock_imports
-- Only one transaction at a time imports into an edition's programme: what a name stands for does not change meanwhile.
SELECT pg_advisory_xact_lock(hashtextextended('programme imports ' || $1::uuid::text, 0));

-- name: list_named_rooms
-- The rooms that have these external ids.
SELECT external_id, id FROM rooms WHERE edition_id = $1 AND external_id = ANY ($2::text[]);

-- name: list_named_tracks
-- The tracks that have these external ids.
SELECT external_id, id FROM tracks WHERE edition_id = $1 AND external_id = ANY ($2::text[]);

-- name: list_named_sessions
-- The sessions that have these external ids.
SELECT external_id, id FROM sessions WHERE edition_id = $1 AND external_id = ANY ($2::text[]);

-- name: lock_sessions
-- Lock sessions until the transaction ends, always in the same order; those that are there.
SELECT id FROM sessions WHERE edition_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: lock_all_rooms
-- Lock every room of an edition until the transaction ends, always in the same order.
SELECT id FROM rooms WHERE edition_id = $1 ORDER BY id FOR NO KEY UPDATE;

-- name: lock_tracks
-- Lock tracks until the transaction ends, always in the same order; those that are there.
SELECT id FROM tracks WHERE edition_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: lock_speakers_of_sessions
-- Lock all who are confirmed to speak in one of these sessions until the transaction ends, always in the same order.
SELECT id FROM speakers
WHERE edition_id = $1
  AND id IN (SELECT speaker_id FROM appearances WHERE edition_id = $1 AND session_id = ANY ($2::uuid[]) AND status = 'confirmed')
ORDER BY id FOR NO KEY UPDATE;
