-- name: find_previewed_edition
-- What mails say of an edition.
SELECT title, timezone, organizer_email, starts_on, venue, city FROM editions WHERE id = $1;

-- name: find_previewed_session
-- What mails say of a session, published or not.
SELECT s.title, s.starts_at, s.ends_at, s.mode, r.name AS room, r.venue
FROM sessions s LEFT JOIN rooms r ON r.edition_id = s.edition_id AND r.id = s.room_id
WHERE s.edition_id = $1 AND s.id = $2;
