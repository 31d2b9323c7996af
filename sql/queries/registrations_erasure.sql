-- name: list_erasable
-- The registrations of a person that are not erased yet, in the order in which places are locked.
SELECT edition_id, id FROM registrations WHERE person_id = $1 AND status <> 'erased' ORDER BY edition_id, id;

-- name: find_status
-- What a registration is.
SELECT status FROM registrations WHERE edition_id = $1 AND id = $2;

-- name: lock_erasable
-- Lock a registration until the transaction ends, and remember for the history who acts, unless that is its person. No row:
-- there is none.
SELECT r.person_id, r.status,
       set_config('forum.token_id', CASE WHEN EXISTS (SELECT FROM tokens t WHERE t.id::text = $3::text AND t.person_id = r.person_id)
                                         THEN '' ELSE $3 END, true) AS token_id,
       set_config('forum.reason', '', true) AS reason
FROM registrations r WHERE r.edition_id = $1 AND r.id = $2 FOR UPDATE OF r;

-- name: insert_nobody
-- Somebody whom nothing leads to, for an erased registration to belong to.
INSERT INTO persons (id, email, created_at) VALUES ($1, 'erased-' || $1::uuid::text || '@erased.invalid', $2);

-- name: erase_registration
-- Take out of a registration, and of its history, what tells whose it was ($5; from now on it is that of $3); how much that
-- was. Of the history, figures need category, country and delegation; reasons go, and which token of the person acted.
WITH theirs AS (SELECT t.id FROM tokens t WHERE t.person_id = $5::uuid),
history AS (
    UPDATE registration_transitions h
    SET reason = NULL, by_token = CASE WHEN h.by_token NOT IN (SELECT id FROM theirs) THEN h.by_token END
    WHERE h.edition_id = $1 AND h.registration_id = $2 AND (h.reason IS NOT NULL OR h.by_token IN (SELECT id FROM theirs))
    RETURNING 1
),
emptied AS (
    UPDATE registrations r
    SET person_id = $3, given_name = NULL, family_name = 'erased', language = 'en', timezone = 'UTC', entity_id = NULL,
        delegation_id = NULL, country = NULL, accessibility_needs = NULL, consents = '{}', external_id = NULL, counts_against_quota = true,
        online_while_waiting = false,
        made_by_token = CASE WHEN r.made_by_token NOT IN (SELECT id FROM theirs) THEN r.made_by_token END,
        status = 'erased', placed_at = $4, version = r.version + 1
    WHERE r.edition_id = $1 AND r.id = $2
    RETURNING 1
)
SELECT (SELECT count(*) FROM emptied) AS registrations, (SELECT count(*) FROM history) AS registration_transitions;

-- name: delete_personal_rows
-- Delete what belongs to a registration wherever the rule of the table says so; how many rows each table had.
SELECT delete_personal_rows($1, $2) AS counts;

-- name: count_kept_rows
-- How many rows of a registration stay in each table, and on what basis.
SELECT count_kept_rows($1, $2) AS counts;

-- name: delete_objections
-- Forget what a person who was erased had objected to.
DELETE FROM objections WHERE person_id = $1;

-- name: is_person_needed
-- Whether anything but tokens and objections still refers to a person.
SELECT is_person_needed($1) AS is_needed;
