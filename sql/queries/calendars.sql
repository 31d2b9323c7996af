-- name: is_programme_published
-- Whether an edition has a release.
SELECT EXISTS (SELECT FROM releases WHERE edition_id = $1);

-- name: count_feeds
-- How many addresses a registration has.
SELECT count(*) FROM calendar_feeds WHERE edition_id = $1 AND registration_id = $2;

-- name: insert_feed
-- A new secret address, of which the hash is kept.
INSERT INTO calendar_feeds (edition_id, id, registration_id, label, sha256, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: find_own_feed
-- An address of a person ($2), or (by a link) of one registration ($3).
SELECT f.id, e.slug AS edition, f.registration_id AS registration, f.label, f.created_at, f.rotated_at, f.previous_ends_at
FROM calendar_feeds f
JOIN editions e ON e.id = f.edition_id
JOIN registrations r ON r.edition_id = f.edition_id AND r.id = f.registration_id
WHERE f.id = $1 AND r.person_id = $2 AND ($3::uuid IS NULL OR r.id = $3);

-- name: list_own_feeds
-- The addresses of a person, in the order in which they were made.
SELECT f.id, e.slug AS edition, f.registration_id AS registration, f.label, f.created_at, f.rotated_at, f.previous_ends_at
FROM calendar_feeds f
JOIN editions e ON e.id = f.edition_id
JOIN registrations r ON r.edition_id = f.edition_id AND r.id = f.registration_id
WHERE r.person_id = $1 AND ($2::uuid IS NULL OR r.id = $2) AND ($3::text IS NULL OR e.slug = $3)
  AND ($4::uuid IS NULL OR f.id > $4)
ORDER BY f.id LIMIT $5;

-- name: count_own_feeds
-- How many addresses the list has.
SELECT count(*)
FROM calendar_feeds f
JOIN editions e ON e.id = f.edition_id
JOIN registrations r ON r.edition_id = f.edition_id AND r.id = f.registration_id
WHERE r.person_id = $1 AND ($2::uuid IS NULL OR r.id = $2) AND ($3::text IS NULL OR e.slug = $3);

-- name: rotate_feed
-- Another address for a feed; the one before is good for a while, the one before that no more.
UPDATE calendar_feeds SET previous_sha256 = sha256, previous_ends_at = $4, sha256 = $2, rotated_at = $3 WHERE id = $1;

-- name: delete_feed
-- The addresses of a feed are good no more.
DELETE FROM calendar_feeds WHERE id = $1;

-- name: find_subscription
-- What a secret address shows: for the person of which registration, and which sessions are theirs. It ends 90 days after the
-- edition, by its clocks.
SELECT f.edition_id, r.language, r.mode, r.status = 'approved' AS has_place,
       ARRAY(SELECT o.session_id FROM personal_sessions o
             WHERE o.edition_id = f.edition_id AND o.registration_id = f.registration_id AND NOT o.is_booked
             ORDER BY o.session_id) AS sessions,
       ARRAY(SELECT o.session_id FROM personal_sessions o
             WHERE o.edition_id = f.edition_id AND o.registration_id = f.registration_id AND o.is_booked
             ORDER BY o.session_id) AS booked
FROM calendar_feeds f
JOIN registrations r ON r.edition_id = f.edition_id AND r.id = f.registration_id
JOIN editions e ON e.id = f.edition_id
WHERE (f.sha256 = $1 OR (f.previous_sha256 = $1 AND f.previous_ends_at > $2))
  AND coalesce($2 < (e.ends_on + 91)::timestamp AT TIME ZONE e.timezone, true);

-- name: get_personal_sessions
-- The sessions that a registration has starred or speaks in, and those in which it has a place of its own.
SELECT ARRAY(SELECT o.session_id FROM personal_sessions o WHERE o.edition_id = $1 AND o.registration_id = $2 AND NOT o.is_booked
             ORDER BY o.session_id) AS sessions,
       ARRAY(SELECT o.session_id FROM personal_sessions o WHERE o.edition_id = $1 AND o.registration_id = $2 AND o.is_booked
             ORDER BY o.session_id) AS booked;
