-- name: insert_change_request
-- Somebody wants their registration changed.
INSERT INTO change_requests (edition_id, id, registration_id, changes, before, reason, requested_at, requested_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id, registration_id AS registration, changes, before, reason, status, requested_at, requested_by, decided_at,
          decided_by, decision_reason, version;

-- name: find_open_change_request
-- The open request for a registration.
SELECT id FROM change_requests WHERE edition_id = $1 AND registration_id = $2 AND status = 'open';

-- name: find_change_request
-- One request, for the owner of the registration or for who may read all of the edition.
SELECT c.id, c.registration_id AS registration, c.changes, c.before, c.reason, c.status, c.requested_at, c.requested_by,
       c.decided_at, c.decided_by, c.decision_reason, c.version
FROM change_requests c JOIN registrations r ON r.edition_id = c.edition_id AND r.id = c.registration_id
WHERE c.edition_id = $1 AND c.registration_id = $2 AND c.id = $3 AND ($4 OR r.person_id = $5);

-- name: lock_change_request
-- Lock a request until the transaction ends, for the owner of the registration or for who may change all of the edition.
SELECT c.id, c.registration_id AS registration, c.changes, c.before, c.reason, c.status, c.requested_at, c.requested_by,
       c.decided_at, c.decided_by, c.decision_reason, c.version
FROM change_requests c JOIN registrations r ON r.edition_id = c.edition_id AND r.id = c.registration_id
WHERE c.edition_id = $1 AND c.registration_id = $2 AND c.id = $3 AND ($4 OR r.person_id = $5)
FOR NO KEY UPDATE OF c;

-- name: list_change_requests
-- Requests in the order in which they came.
SELECT c.id, c.registration_id AS registration, c.changes, c.before, c.reason, c.status, c.requested_at, c.requested_by,
       c.decided_at, c.decided_by, c.decision_reason, c.version
FROM change_requests c JOIN registrations r ON r.edition_id = c.edition_id AND r.id = c.registration_id
WHERE c.edition_id = $1 AND ($2::uuid IS NULL OR c.registration_id = $2) AND ($3::text IS NULL OR c.status = $3)
  AND ($4::text IS NULL OR c.changes ? $4) AND ($5::text IS NULL OR r.category = $5)
  AND ($6::uuid IS NULL OR r.delegation_id = $6) AND ($7::uuid IS NULL OR c.id > $7)
ORDER BY c.id LIMIT $8;

-- name: count_change_requests
-- How many requests the list has.
SELECT count(*)
FROM change_requests c JOIN registrations r ON r.edition_id = c.edition_id AND r.id = c.registration_id
WHERE c.edition_id = $1 AND ($2::uuid IS NULL OR c.registration_id = $2) AND ($3::text IS NULL OR c.status = $3)
  AND ($4::text IS NULL OR c.changes ? $4) AND ($5::text IS NULL OR r.category = $5)
  AND ($6::uuid IS NULL OR r.delegation_id = $6);

-- name: decide_change_request
-- Approve, decline or cancel a request.
UPDATE change_requests SET status = $3, decided_at = $4, decided_by = $5, decision_reason = $6, version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING id, registration_id AS registration, changes, before, reason, status, requested_at, requested_by, decided_at,
          decided_by, decision_reason, version;

-- name: get_change_policy
-- What the organizers of an edition approve beyond what is always approved.
SELECT coalesce(p.needs_approval, '{}') AS needs_approval, coalesce(p.version, 0) AS version
FROM editions e LEFT JOIN change_policies p ON p.edition_id = e.id WHERE e.id = $1;

-- name: lock_change_policy
-- One at a time changes what is approved, until the transaction ends: there may be no row to lock.
SELECT pg_advisory_xact_lock(hashtextextended('change policy ' || $1::uuid::text, 0));

-- name: upsert_change_policy
-- What the organizers of an edition approve from now on; the version rises.
INSERT INTO change_policies (edition_id, needs_approval, version) VALUES ($1, $2, 1)
ON CONFLICT (edition_id) DO UPDATE
    SET needs_approval = excluded.needs_approval, version = change_policies.version + 1
RETURNING needs_approval, version;

-- name: forget_due_changes
-- Take answers whose retention is over by $1 out of the requests that asked to change them.
WITH due AS (
    SELECT q.edition_id, array_agg(q.key) AS keys FROM questions q JOIN editions e ON e.id = q.edition_id
    WHERE answers_due_at(q.retention, e.ends_on, e.timezone) <= $1 GROUP BY q.edition_id
)
UPDATE change_requests c
SET changes = jsonb_set(c.changes, '{answers}', (c.changes -> 'answers') - due.keys),
    before = jsonb_set(c.before, '{answers}', (c.before -> 'answers') - due.keys)
FROM due
WHERE c.edition_id = due.edition_id AND c.changes -> 'answers' ?| due.keys;
