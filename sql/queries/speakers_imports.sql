-- name: lock_speaker_imports
-- Only one transaction at a time imports speakers or appearances of an edition: what a name stands for does not change
-- meanwhile.
SELECT pg_advisory_xact_lock(hashtextextended('speaker imports ' || $1::uuid::text, 0));

-- name: list_named_speakers
-- The speakers that have these external ids.
SELECT external_id, id FROM speakers WHERE edition_id = $1 AND external_id = ANY ($2::text[]);

-- name: lock_named_speakers
-- Lock speakers until the transaction ends, always in the same order; those that are there.
SELECT id FROM speakers WHERE edition_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: list_appearances_of_sessions
-- Who appears in some sessions, in which role.
SELECT id, session_id AS session, speaker_id AS speaker, role FROM appearances
WHERE edition_id = $1 AND session_id = ANY ($2::uuid[]);
