-- name: lock_waiting
-- Hold back the digests, and the entries outside of them, that wait to be sent to these people until the transaction ends: none
-- is taken up while others are planned. Not the entries in digests: who changes those has locked their digest.
SELECT m.id FROM messages m
WHERE m.edition_id = $1
  AND m.registration_id = ANY (ARRAY(SELECT r.id FROM registrations r WHERE r.edition_id = $1
                                       AND r.person_id = ANY (ARRAY(SELECT o.person_id FROM registrations o
                                                                    WHERE o.edition_id = $1 AND o.id = ANY ($2::uuid[])))))
  AND m.kind IN ('invitation', 'revision', 'programme_change')
  AND m.status = 'queued' AND m.digest_id IS NULL
FOR UPDATE;

-- name: gather_entries
-- Have the calendar entries that are queued for these people go out together where they change $4 entries or more, or bring more
-- than $5, at most $6 in one mail; how many went from one mail to another.
SELECT gather_entries($1, $2, $3, $4, $5, $6);

-- name: list_entries
-- The calendar entries that go out in these digests, by the time to which they ask.
SELECT m.id, m.edition_id, m.kind, m.recipient, m.session_id, m.registration_id, m.payload, m.attempts, m.created_at,
       m.domain, m.digest_id
FROM messages m
WHERE m.digest_id = ANY ($1::uuid[]) AND m.status = 'sending'
ORDER BY coalesce(m.payload ->> 'starts_at', m.payload ->> 'held_on'), m.number;

-- name: lock_digest_of
-- Lock the digest in which an entry waits, before the entry itself, as all do.
SELECT d.id FROM messages m JOIN messages d ON d.id = m.digest_id
WHERE m.edition_id = $1 AND m.id = $2 AND d.kind = 'programme_change' AND d.status = 'queued'
FOR UPDATE OF d;

-- name: drop_empty_digest
-- A digest whose last entry was taken back is not sent.
UPDATE messages d SET status = 'superseded'
WHERE d.id = $1 AND d.status = 'queued' AND NOT EXISTS (SELECT FROM messages e WHERE e.digest_id = d.id AND e.status = 'queued');

-- name: resend_entries
-- Queue the calendar entries of a digest ($2) once more with the one that repeats it ($3): those of which nothing later is said.
INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload, created_at, next_try_at,
                      resend_of, digest_id)
SELECT m.edition_id, m.kind, d.recipient, m.person_id, m.session_id, m.registration_id, later_payload(m, $4), $4, now(), m.id, d.id
FROM messages m JOIN messages d ON d.id = $3
WHERE m.digest_id = $2 AND m.edition_id = $1 AND m.status NOT IN ('queued', 'sending', 'superseded')
  AND is_last_word(m);
