-- name: list_messages
-- What became of an edition's mails, newest last.
SELECT m.id, m.number, m.kind, m.recipient, m.session_id, m.registration_id, m.speaker_id,
       m.payload ->> 'method' AS method, m.status, m.attempts, m.created_at, m.next_try_at, m.sent_at, m.last_error, m.bounced_at, m.complained_at, m.resend_of
FROM messages m
WHERE m.edition_id = $1 AND ($2::text IS NULL OR m.status = $2) AND ($3::text IS NULL OR m.kind = $3)
  AND ($4::uuid IS NULL OR m.registration_id = $4) AND ($5::uuid IS NULL OR m.session_id = $5)
  AND ($6::boolean IS NULL OR (m.status = 'queued' AND m.last_error IS NOT NULL) = $6)
  AND ($7::timestamptz IS NULL OR m.created_at >= $7) AND ($8::timestamptz IS NULL OR m.created_at < $8)
  AND ($9::uuid IS NULL OR m.speaker_id = $9) AND ($10::bigint IS NULL OR m.number > $10)
ORDER BY m.number LIMIT $11;

-- name: count_messages
-- How many mails the list has.
SELECT count(*) FROM messages m
WHERE m.edition_id = $1 AND ($2::text IS NULL OR m.status = $2) AND ($3::text IS NULL OR m.kind = $3)
  AND ($4::uuid IS NULL OR m.registration_id = $4) AND ($5::uuid IS NULL OR m.session_id = $5)
  AND ($6::boolean IS NULL OR (m.status = 'queued' AND m.last_error IS NOT NULL) = $6)
  AND ($7::timestamptz IS NULL OR m.created_at >= $7) AND ($8::timestamptz IS NULL OR m.created_at < $8)
  AND ($9::uuid IS NULL OR m.speaker_id = $9);

-- name: find_message
-- One mail of an edition.
SELECT m.id, m.number, m.kind, m.recipient, m.session_id, m.registration_id, m.speaker_id,
       m.payload ->> 'method' AS method, m.status, m.attempts, m.created_at, m.next_try_at, m.sent_at, m.last_error, m.bounced_at, m.complained_at, m.resend_of
FROM messages m WHERE m.edition_id = $1 AND m.id = $2;

-- name: cancel_message
-- Take back a mail that is not under way. No row: it is, or was, or there is none.
UPDATE messages m SET status = 'cancelled' WHERE m.edition_id = $1 AND m.id = $2 AND m.status = 'queued'
RETURNING m.id, m.number, m.kind, m.recipient, m.session_id, m.registration_id, m.speaker_id,
       m.payload ->> 'method' AS method, m.status, m.attempts, m.created_at, m.next_try_at, m.sent_at, m.last_error, m.bounced_at, m.complained_at, m.resend_of;

-- name: lock_fate
-- Lock a mail that somebody wants sent once more: what became of it, whether a later one says something else (of each of its
-- entries, when it is a digest), and why nothing is sent to the address that its recipient has now.
SELECT m.kind, m.status, m.recipient = 'erased@erased.invalid' AS is_erased, m.registration_id, m.speaker_id,
       EXISTS (SELECT FROM messages o
               WHERE o.edition_id = m.edition_id AND o.registration_id = m.registration_id AND o.number > m.number
                 AND o.status NOT IN ('superseded', 'cancelled')
                 AND (o.kind = 'invitation' AND m.kind = 'invitation' AND o.session_id = m.session_id
                      OR o.kind IN ('registration', 'revision') AND m.kind IN ('registration', 'revision')))
       OR EXISTS (SELECT FROM messages o
                  WHERE o.kind = 'invitation' AND m.kind = 'invitation' AND o.edition_id = m.edition_id
                    AND lower(o.recipient) = lower(m.recipient) AND o.session_id = m.session_id AND o.number > m.number
                    AND o.status NOT IN ('superseded', 'cancelled'))
       OR (m.kind = 'programme_change' AND NOT EXISTS (
               SELECT FROM messages e
               WHERE e.digest_id = m.id AND e.status <> 'superseded' AND is_last_word(e))) AS is_outdated,
       (SELECT s.reason FROM suppressions s
        WHERE s.email = lower(coalesce((SELECT p.email FROM persons p WHERE p.id = m.person_id), m.recipient))) AS suppressed_for
FROM messages m WHERE m.edition_id = $1 AND m.id = $2 FOR UPDATE OF m;

-- name: resend_message
-- Queue a mail once more, as a new one, to the address that its person has now.
WITH made AS (
    INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload, created_at, next_try_at, resend_of)
    SELECT m.edition_id, m.kind, coalesce(p.email, m.recipient), m.person_id, m.session_id, m.registration_id, later_payload(m, $3), $3, now(), m.id
    FROM messages m LEFT JOIN persons p ON p.id = m.person_id
    WHERE m.edition_id = $1 AND m.id = $2
    RETURNING *
)
SELECT m.id, m.number, m.kind, m.recipient, m.session_id, m.registration_id, m.speaker_id,
       m.payload ->> 'method' AS method, m.status, m.attempts, m.created_at, m.next_try_at, m.sent_at, m.last_error, m.bounced_at, m.complained_at, m.resend_of
FROM made m;
