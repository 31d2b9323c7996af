-- name: find_unsubscribing
-- What the link of a mail is about. No row: there is no such mail, or its person was erased.
SELECT m.edition_id, m.person_id, m.kind, e.title, p.language,
       EXISTS (SELECT FROM unsubscriptions u
               WHERE u.edition_id = m.edition_id AND u.person_id = m.person_id AND u.kind = m.kind) AS is_unsubscribed
FROM messages m JOIN editions e ON e.id = m.edition_id JOIN persons p ON p.id = m.person_id
WHERE m.id = $1;

-- name: insert_unsubscription
-- Somebody wants no more mails of a kind about an edition; who said so before has said so.
INSERT INTO unsubscriptions (edition_id, person_id, kind, unsubscribed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: delete_unsubscription
-- Somebody wants mails of a kind again.
DELETE FROM unsubscriptions WHERE edition_id = $1 AND person_id = $2 AND kind = $3;
