-- name: insert_jobs
-- Store jobs with the change that caused them.
INSERT INTO outbox (kind, payload) SELECT job ->> 'kind', job FROM jsonb_array_elements($1::jsonb) AS job;

-- name: insert_later_jobs
-- Store jobs that are to run after a pause, each after its own.
INSERT INTO outbox (kind, payload, next_try_at)
SELECT job ->> 'kind', job, now() + make_interval(secs => seconds)
FROM jsonb_to_recordset($1::jsonb) AS later (job jsonb, seconds float8);

-- name: insert_message
-- Store one mail that belongs to no programme item.
INSERT INTO messages (kind, recipient, payload, created_at, next_try_at, edition_id) VALUES ($1, $2, $3, $4, now(), $5);

-- name: claim_waiting
-- Take the jobs that are due, and put off the next try: 20 s, 40 s ... a quarter of an hour. People are planned in one portion
-- after the other, since only one transaction plans at a time: those that wait for it would keep mails from being sent.
UPDATE outbox SET tries = tries + 1, next_try_at = $1 + least($2::interval * power(2, least(tries, 10)), interval '15 minutes')
WHERE id IN (SELECT id FROM outbox
             WHERE done_at IS NULL AND next_try_at <= $1
               AND (kind <> 'invite_registration' OR NOT EXISTS (
                   SELECT FROM outbox p
                   WHERE p.kind = 'invite_registration' AND p.done_at IS NULL AND p.tries > 0 AND p.next_try_at > $1
                     AND p.next_try_at - least($2::interval * power(2, least(p.tries - 1, 10)), interval '15 minutes')
                         > $1 - interval '10 seconds'))
             ORDER BY next_try_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, tries, coalesce((payload ->> 'urgent')::boolean, false) AS urgent;

-- name: count_under_way
-- How many messages are in batches that are not sent yet; the entries of a digest go with it and do not count.
SELECT count(*) FROM messages WHERE status = 'sending' AND batch_id IS NOT NULL;

-- name: lock_pacing
-- Only one transaction at a time paces and batches messages; held until it ends.
SELECT pg_advisory_xact_lock(hashtextextended('pacing', 0));

-- name: pace_messages
-- Give each domain at most $2 messages a minute: what is due beyond that, counting what was batched in the last minute, is
-- put off to the minute that has room, codes first, then in the order in which they were queued.
WITH taken AS (
    SELECT domain, count(*) AS messages FROM messages WHERE batched_at > $1::timestamptz - interval '1 minute' GROUP BY domain
),
lines AS (
    SELECT m.id, row_number() OVER (PARTITION BY m.domain ORDER BY m.kind <> 'sign_in', m.number) + coalesce(t.messages, 0) AS place
    FROM messages m LEFT JOIN taken t ON t.domain = m.domain
    WHERE m.status = 'queued' AND m.next_try_at <= $1 AND m.digest_id IS NULL
      AND NOT EXISTS (SELECT FROM mail_domains d WHERE d.domain = m.domain AND d.paused_until > $1)
)
UPDATE messages m SET next_try_at = $1 + make_interval(mins => ((l.place - 1) / $2::bigint)::integer)
FROM lines l WHERE l.place > $2 AND m.id = l.id AND m.status = 'queued';

-- name: batch_messages
-- Put messages that are due into batches of $2: codes that somebody waits for, and up to $3 others. A message waits while its
-- domain is paused, and while an earlier one to the same address about the same entry, or about the same registration, is
-- queued or under way. What goes out in a digest is batched with it: one digest to an address after the other, and at most $5
-- mails while any wait; one without an entry is none. Whose address is suppressed gets nothing, but for codes after a complaint.
-- With $4 it is remembered when they were batched.
WITH urgent AS (
    SELECT m.id, m.number, lower(m.recipient) AS email FROM messages m
    WHERE m.status = 'queued' AND m.kind = 'sign_in' AND m.next_try_at <= $1
      AND NOT EXISTS (SELECT FROM mail_domains d WHERE d.domain = m.domain AND d.paused_until > $1)
    ORDER BY m.next_try_at, m.number LIMIT $2 FOR UPDATE OF m SKIP LOCKED
),
others AS (
    SELECT m.id, m.number, lower(m.recipient) AS email FROM messages m
    WHERE m.status = 'queued' AND m.kind <> 'sign_in' AND m.next_try_at <= $1 AND m.digest_id IS NULL
      AND NOT EXISTS (SELECT FROM mail_domains d WHERE d.domain = m.domain AND d.paused_until > $1)
      AND NOT EXISTS (SELECT FROM messages o
                      WHERE o.kind = 'invitation' AND m.kind = 'invitation' AND lower(o.recipient) = lower(m.recipient)
                        AND o.session_id IS NOT DISTINCT FROM m.session_id  -- as =, but led by no index through everybody there
                        AND o.number < m.number AND o.status IN ('queued', 'sending'))
      AND NOT EXISTS (SELECT FROM messages o
                      WHERE o.kind IN ('registration', 'revision') AND m.kind IN ('registration', 'revision')
                        AND o.edition_id = m.edition_id AND o.registration_id = m.registration_id
                        AND o.number < m.number AND o.status IN ('queued', 'sending'))
      AND NOT EXISTS (SELECT FROM messages o
                      WHERE o.kind IN ('revision', 'programme_change') AND m.kind IN ('revision', 'programme_change')
                        AND o.edition_id = m.edition_id AND lower(o.recipient) = lower(m.recipient)
                        AND (o.status = 'sending' OR (o.status = 'queued' AND o.number < m.number)))
    ORDER BY m.next_try_at, m.number
    LIMIT CASE WHEN EXISTS (SELECT FROM messages WHERE kind IN ('revision', 'programme_change') AND status = 'queued')
               THEN least($3::bigint, $5) ELSE $3 END
    FOR UPDATE OF m SKIP LOCKED
),
numbered AS (
    SELECT id, email, true AS urgent, (row_number() OVER (ORDER BY number) - 1) / $2::bigint AS batch FROM urgent
    UNION ALL
    SELECT id, email, false, (row_number() OVER (ORDER BY number) - 1) / $2::bigint FROM others
),
batches AS (SELECT urgent, batch, gen_random_uuid() AS batch_id FROM numbered GROUP BY urgent, batch),
jobs AS (
    INSERT INTO outbox (kind, payload, next_try_at)
    SELECT 'send_messages', jsonb_build_object('kind', 'send_messages', 'batch_id', batch_id, 'urgent', urgent), $1 FROM batches
)
UPDATE messages m
SET batch_id = b.batch_id, batched_at = CASE WHEN $4::boolean THEN $1 END,
    status = CASE WHEN m.kind = 'programme_change'
                       AND NOT EXISTS (SELECT FROM messages e WHERE e.digest_id = m.id AND e.status = 'queued') THEN 'superseded'
                  WHEN s.email IS NULL THEN 'sending' ELSE 'suppressed' END,
    last_error = CASE WHEN s.email IS NULL THEN m.last_error ELSE 'the address is suppressed: ' || s.reason END
FROM numbered n JOIN batches b USING (urgent, batch)
LEFT JOIN suppressions s ON s.email = n.email AND (s.reason = 'bounced' OR NOT n.urgent)
WHERE m.id = n.id;

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
