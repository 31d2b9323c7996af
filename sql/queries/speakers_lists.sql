-- name: lock_sessions_of_list
-- Lock sessions in the order of their ids until the transaction ends.
SELECT id FROM sessions WHERE edition_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: list_sessions_of_list
-- Sessions with the list that each has. To be read under the lock on them.
SELECT s.id, (SELECT m.list_id FROM speakers_list_sessions m WHERE m.edition_id = s.edition_id AND m.session_id = s.id) AS list_id,
       s.starts_at
FROM sessions s WHERE s.edition_id = $1 AND s.id = ANY ($2::uuid[]) ORDER BY s.id;

-- name: note_change
-- Who changes a list, or what stands on it, from here on, when and why: triggers write it into the histories.
SELECT set_config('forum.token_id', $1::uuid::text, true) AS token_id,
       set_config('forum.changed_at', $2::timestamptz::text, true) AS changed_at,
       set_config('forum.reason', coalesce($3::text, ''), true) AS reason;

-- name: lock_list
-- Lock the list that a session has until the transaction ends.
SELECT l.id FROM speakers_lists l JOIN speakers_list_sessions m ON m.edition_id = l.edition_id AND m.list_id = l.id
WHERE m.edition_id = $1 AND m.session_id = $2 FOR NO KEY UPDATE OF l;

-- name: find_list
-- The list that a session has, for the staff ($3); once it is no draft, for everybody when it is published, else for those who
-- may ask for the floor: who looks after a delegation ($4), and whose registration is approved ($5).
SELECT l.id, l.session, l.continued_in, l.opens_at, l.closes_at, l.delegation_seconds, l.group_seconds, l.extra_seconds,
       l.changeover_seconds, l.published, l.allotted_seconds, l.available_seconds, l.version
FROM speakers_lists l0
JOIN speakers_list_sessions m ON m.edition_id = l0.edition_id AND m.list_id = l0.id
JOIN speakers_list_details l ON l.edition_id = l0.edition_id AND l.id = l0.id
WHERE m.edition_id = $1 AND m.session_id = $2
  AND ($3 OR (l.is_visible AND (l.published OR $4 OR EXISTS (
        SELECT FROM registrations r WHERE r.edition_id = $1 AND r.person_id = $5::uuid AND r.status = 'approved'))));

-- name: insert_list
-- A new list; without seconds for a delegation it has those of the edition.
INSERT INTO speakers_lists (edition_id, id, opens_at, closes_at, delegation_seconds, group_seconds, extra_seconds,
                            changeover_seconds, published, created_at)
SELECT e.id, $2, $3, $4, coalesce($5, e.statement_seconds), $6, $7, $8, $9, $10 FROM editions e WHERE e.id = $1;

-- name: update_list
-- Write every rule of a list; without seconds for a delegation it has those of the edition. The version rises.
UPDATE speakers_lists l SET opens_at = $3, closes_at = $4, delegation_seconds = coalesce($5, e.statement_seconds),
       group_seconds = $6, extra_seconds = $7, changeover_seconds = $8, published = $9, version = l.version + 1
FROM editions e WHERE l.edition_id = $1 AND l.id = $2 AND e.id = l.edition_id;

-- name: delete_list_sessions
-- A list has no sessions, until it is given some in the same transaction.
DELETE FROM speakers_list_sessions WHERE edition_id = $1 AND list_id = $2;

-- name: insert_list_sessions
-- The sessions of a list, in order.
INSERT INTO speakers_list_sessions (edition_id, list_id, position, session_id)
SELECT $1, $2, o.position, o.id FROM unnest($3::uuid[]) WITH ORDINALITY AS o (id, position);

-- name: list_windows
-- The sessions of a list in which statements can be made, in order: those that are not cancelled and have a beginning.
SELECT s.id AS session, s.starts_at, s.ends_at
FROM speakers_list_sessions m JOIN sessions s ON s.edition_id = m.edition_id AND s.id = m.session_id
WHERE m.edition_id = $1 AND m.list_id = $2 AND s.status <> 'cancelled' AND s.starts_at IS NOT NULL
ORDER BY m.position;
