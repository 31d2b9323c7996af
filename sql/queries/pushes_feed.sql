-- name: list_notifications
-- What a person ($1), or by a link one registration of theirs ($2), was told, latest first: of a kind, of an edition (its slug
-- or id), unread or read, since an instant.
SELECT t.kind, t.payload, coalesce(t.language, p.language) AS language, t.edition_title, t.timezone, t.session_title, t.is_update,
       t.created_at, t.id, t.number, t.edition_id, t.edition, t.session_id, t.registration_id, n.read_at
FROM persons p
JOIN told_messages t ON t.person_id = p.id OR (t.person_id IS NULL AND lower(t.recipient) = lower(p.email))
LEFT JOIN notification_reads n ON n.message_id = t.id
WHERE p.id = $1 AND ($2::uuid IS NULL OR t.registration_id = $2)
  AND ($3::text IS NULL OR t.kind = $3) AND ($4::text IS NULL OR $4 IN (t.edition, t.edition_id::text))
  AND ($5::boolean IS NULL OR (n.message_id IS NULL) = $5) AND ($6::timestamptz IS NULL OR t.created_at >= $6)
  AND ($7::bigint IS NULL OR t.number < $7)
ORDER BY t.number DESC LIMIT $8;

-- name: count_notifications
-- How many notifications the list has.
SELECT count(*)
FROM persons p
JOIN told_messages t ON t.person_id = p.id OR (t.person_id IS NULL AND lower(t.recipient) = lower(p.email))
LEFT JOIN notification_reads n ON n.message_id = t.id
WHERE p.id = $1 AND ($2::uuid IS NULL OR t.registration_id = $2)
  AND ($3::text IS NULL OR t.kind = $3) AND ($4::text IS NULL OR $4 IN (t.edition, t.edition_id::text))
  AND ($5::boolean IS NULL OR (n.message_id IS NULL) = $5) AND ($6::timestamptz IS NULL OR t.created_at >= $6);

-- name: find_notification
-- One thing ($3) that a person ($1), or by a link one registration of theirs ($2), was told.
SELECT t.kind, t.payload, coalesce(t.language, p.language) AS language, t.edition_title, t.timezone, t.session_title, t.is_update,
       t.created_at, t.id, t.number, t.edition_id, t.edition, t.session_id, t.registration_id, n.read_at
FROM persons p
JOIN told_messages t ON t.person_id = p.id OR (t.person_id IS NULL AND lower(t.recipient) = lower(p.email))
LEFT JOIN notification_reads n ON n.message_id = t.id
WHERE p.id = $1 AND ($2::uuid IS NULL OR t.registration_id = $2) AND t.id = $3;

-- name: mark_read
-- Remember when somebody read what they were told first: one thing ($3), or (null) all up to an instant ($4).
INSERT INTO notification_reads (message_id, person_id, edition_id, registration_id, read_at)
SELECT t.id, p.id, t.edition_id, t.registration_id, $5
FROM persons p
JOIN told_messages t ON t.person_id = p.id OR (t.person_id IS NULL AND lower(t.recipient) = lower(p.email))
WHERE p.id = $1 AND ($2::uuid IS NULL OR t.registration_id = $2)
  AND ($3::uuid IS NULL OR t.id = $3) AND ($4::timestamptz IS NULL OR t.created_at <= $4)
ORDER BY t.id
ON CONFLICT DO NOTHING;
