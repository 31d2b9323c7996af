-- name: insert_jobs
-- Store jobs with the change that caused them.
INSERT INTO outbox (kind, payload) SELECT job ->> 'kind', job FROM jsonb_array_elements($1::jsonb) AS job;

-- name: insert_message
-- Store one mail that belongs to no programme item.
INSERT INTO messages (kind, recipient, payload, created_at, next_try_at, edition_id) VALUES ($1, $2, $3, $4, now(), $5);

-- name: claim_waiting
-- Take the jobs that are due, and put off the next try: 20 s, 40 s ... a quarter of an hour.
UPDATE outbox SET tries = tries + 1, next_try_at = $1 + least($2::interval * power(2, least(tries, 10)), interval '15 minutes')
WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL AND next_try_at <= $1
             ORDER BY next_try_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, tries, coalesce((payload ->> 'urgent')::boolean, false) AS urgent;

-- name: count_under_way
-- How many messages are in batches that are not sent yet.
SELECT count(*) FROM messages WHERE status = 'sending';

-- name: batch_messages
-- Put messages that are due into batches of $2: codes that somebody waits for, and up to $3 others. A message waits while an
-- earlier one of the same invitation is under way; what goes out in a digest is batched with it.
WITH urgent AS (
    SELECT id, number FROM messages
    WHERE status = 'queued' AND kind = 'sign_in' AND next_try_at <= $1
    ORDER BY next_try_at, number LIMIT $2 FOR UPDATE SKIP LOCKED
),
others AS (
    SELECT m.id, m.number FROM messages m
    WHERE m.status = 'queued' AND m.kind <> 'sign_in' AND m.next_try_at <= $1 AND m.digest_id IS NULL
      AND NOT EXISTS (SELECT FROM messages o
                      WHERE o.kind = 'invitation' AND m.kind = 'invitation' AND o.edition_id = m.edition_id
                        AND o.session_id = m.session_id AND o.registration_id = m.registration_id
                        AND o.number < m.number AND o.status IN ('queued', 'sending'))
    ORDER BY m.next_try_at, m.number LIMIT $3 FOR UPDATE OF m SKIP LOCKED
),
numbered AS (
    SELECT id, true AS urgent, (row_number() OVER (ORDER BY number) - 1) / $2::bigint AS batch FROM urgent
    UNION ALL
    SELECT id, false, (row_number() OVER (ORDER BY number) - 1) / $2::bigint FROM others
),
batches AS (SELECT urgent, batch, gen_random_uuid() AS batch_id FROM numbered GROUP BY urgent, batch),
jobs AS (
    INSERT INTO outbox (kind, payload, next_try_at)
    SELECT 'send_messages', jsonb_build_object('kind', 'send_messages', 'batch_id', batch_id, 'urgent', urgent), $1 FROM batches
)
UPDATE messages m SET status = 'sending', batch_id = b.batch_id
FROM numbered n JOIN batches b USING (urgent, batch) WHERE m.id = n.id;

-- name: claim_jobs
-- Those of these jobs that are not done and that nobody else is running.
SELECT id, payload FROM outbox WHERE id = ANY ($1::bigint[]) AND done_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED;

-- name: finish_jobs
-- These jobs are done.
UPDATE outbox SET done_at = $2, last_error = NULL WHERE id = ANY ($1::bigint[]);

-- name: record_failure
-- Keep why these jobs failed.
UPDATE outbox SET last_error = $2 WHERE id = ANY ($1::bigint[]) AND done_at IS NULL;

-- name: count_waiting
-- What is unfinished, for the operator.
SELECT (SELECT count(*) FROM outbox WHERE done_at IS NULL) AS jobs_waiting,
       (SELECT count(*) FROM outbox WHERE done_at IS NULL AND last_error IS NOT NULL) AS jobs_failing,
       (SELECT count(*) FROM outbox WHERE done_at IS NULL AND created_at < $1::timestamptz - interval '5 minutes') AS jobs_behind,
       (SELECT count(*) FROM messages WHERE status IN ('queued', 'sending')) AS messages_waiting,
       (SELECT count(*) FROM messages WHERE status = 'failed') AS messages_failed;

-- name: delete_done_jobs
-- Forget the jobs that were done before an instant.
DELETE FROM outbox WHERE done_at < $1;
