-- name: list_speaking
-- The speakers of an edition who should hold an entry of it, or may hold one.
SELECT a.speaker_id FROM appearances a
JOIN speaker_addresses h ON h.edition_id = a.edition_id AND h.speaker_id = a.speaker_id
WHERE a.edition_id = $1 AND a.status IN ('confirmed', 'spoke')
UNION
SELECT m.speaker_id FROM messages m WHERE m.kind = 'invitation' AND m.edition_id = $1 AND m.speaker_id IS NOT NULL
ORDER BY speaker_id;

-- name: list_speaking_addresses
-- Where these speakers ($2), and those whose entries may come to or from these registrations ($3), are or were written to; and
-- where these registrations are, if a speaker was.
WITH near AS (
    SELECT id FROM unnest($2::uuid[]) AS given (id)
    UNION
    SELECT s.id FROM speakers s WHERE s.edition_id = $1 AND s.registration_id = ANY ($3::uuid[])
    UNION
    SELECT s.id
    FROM registrations r
    JOIN persons p ON p.id = r.person_id
    JOIN speakers s ON s.edition_id = $1 AND lower(s.email) = lower(p.email)
    WHERE r.edition_id = $1 AND r.id = ANY ($3)
)
SELECT h.address FROM near JOIN speaker_addresses h ON h.edition_id = $1 AND h.speaker_id = near.id
UNION
SELECT lower(p.email) FROM registrations r JOIN persons p ON p.id = r.person_id
WHERE r.edition_id = $1 AND r.id = ANY ($3)
  AND EXISTS (SELECT FROM messages m WHERE m.kind = 'invitation' AND m.edition_id = $1 AND m.speaker_id IS NOT NULL
                AND lower(m.recipient) = lower(p.email))
UNION
SELECT lower(m.recipient) FROM near JOIN messages m ON m.kind = 'invitation' AND m.edition_id = $1 AND m.speaker_id = near.id
ORDER BY address;

-- name: list_read_there
-- The registrations of an edition of those who are written to at these addresses.
SELECT r.id FROM persons p JOIN registrations r ON r.person_id = p.id
WHERE r.edition_id = $1 AND lower(p.email) = ANY ($2::text[]) ORDER BY r.id;

-- name: settle_entries
-- Have what was mailed to these addresses belong to who should hold it there now: a registration, or else a speaker.
SELECT settle_entries($1, $2);

-- name: plan_speaking
-- Compare which entries should be held at these addresses by who speaks with what was last queued for them, and queue the
-- difference, as for registrations. Returns how many were queued.
WITH changed AS MATERIALIZED (
    SELECT speaker_id, recipient, session_id, method, waiting_ids, is_held, payload FROM changed_speaking_entries($1, $2)
),
waiting AS (SELECT unnest(waiting_ids) AS id FROM changed),
superseded AS (
    UPDATE messages SET status = 'superseded' WHERE status = 'queued' AND id IN (SELECT id FROM waiting)
    RETURNING id
),
inserted AS (
    INSERT INTO messages (edition_id, kind, recipient, session_id, payload, created_at, next_try_at)
    SELECT $1, 'invitation', c.recipient, c.session_id, c.payload, $3, now()
    FROM changed c
    WHERE c.method = 'REQUEST' OR c.is_held
       OR EXISTS (SELECT FROM unnest(c.waiting_ids) AS w (id) WHERE w.id NOT IN (SELECT id FROM superseded))
    ORDER BY c.speaker_id, c.session_id
    RETURNING 1
)
SELECT count(*) FROM inserted;

-- name: list_speaking_attendees
-- Which speakers the invitations among these messages are for, and which entry of theirs was sent last.
SELECT m.id AS message_id, NULL::text AS given_name, s.display_name AS family_name, s.language,
       coalesce(g.timezone, p.timezone, e.timezone) AS timezone, l.payload AS previous
FROM messages m
JOIN editions e ON e.id = m.edition_id
JOIN speakers s ON s.edition_id = m.edition_id AND s.id = m.speaker_id
LEFT JOIN registrations g ON g.edition_id = s.edition_id AND g.id = s.registration_id
LEFT JOIN persons p ON g.id IS NULL AND lower(p.email) = lower(m.recipient)
LEFT JOIN LATERAL (
    SELECT o.payload FROM messages o
    WHERE o.kind = 'invitation' AND o.edition_id = m.edition_id AND o.speaker_id IS NOT NULL
      AND lower(o.recipient) = lower(m.recipient) AND o.session_id = m.session_id AND o.status = 'sent' AND o.number < m.number
    ORDER BY o.number DESC LIMIT 1
) l ON true
WHERE m.id = ANY ($1::uuid[]) AND m.kind = 'invitation';
