-- name: try_lock_request
-- Whether no other transaction is working on the request of that name; held until this transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0));

-- name: find_answer
-- The answer that was stored for a request.
SELECT request_sha256, status, headers, body
FROM idempotency_keys WHERE principal = $1 AND route = $2 AND key_sha256 = $3;

-- name: insert_answer
-- Remember what was answered, in the transaction that did the work.
INSERT INTO idempotency_keys (principal, route, key_sha256, request_sha256, status, headers, body)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: delete_old_answers
-- Answers are kept for 24 hours.
DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours';
