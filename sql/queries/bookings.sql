-- name: lock_booker
-- Lock the registration ($2) for which somebody books until the transaction ends, if it is the person's own ($4) or they may
-- book for anybody ($3).
SELECT id, status, mode FROM registrations
WHERE edition_id = $1 AND id = $2 AND ($3::boolean OR person_id = $4::uuid)
FOR NO KEY UPDATE;

-- name: lock_session_places
-- The places of a session in a mode, locked until the transaction ends. No row: it never was one to be booked. Who acts, and
-- why, is remembered for the history that a trigger writes.
SELECT mode, capacity, taken,
       set_config('forum.token_id', $4::text, true) AS token_id, set_config('forum.reason', $5::text, true) AS reason
FROM session_places
WHERE edition_id = $1 AND session_id = $2 AND mode = $3 FOR NO KEY UPDATE;

-- name: find_bookable_session
-- What decides whether a session can be booked, and the active booking of it that a registration ($3) has. To be read under
-- the lock on its places: who cancels or moves the session holds that lock, too.
SELECT s.access, s.status, s.mode, s.begins_at, s.edition_status,
       (SELECT b.id FROM bookings b WHERE b.edition_id = s.edition_id AND b.session_id = s.id AND b.registration_id = $3::uuid
          AND b.status <> 'cancelled') AS booking_id
FROM bookable_sessions s WHERE s.edition_id = $1 AND s.id = $2;

-- name: insert_booking
-- Book a session: with a place, which is counted, or with the last place in line. The caller holds the lock on its places.
WITH made AS (
    INSERT INTO bookings (edition_id, id, session_id, registration_id, mode, status, waitlist_ticket, created_at, confirmed_at,
                          placed_at)
    VALUES ($1, $2, $3, $4, $5, $6::text, CASE WHEN $6 = 'waitlisted' THEN nextval('booking_tickets') END, $7::timestamptz,
            CASE WHEN $6 = 'confirmed' THEN $7 END, $7)
    RETURNING edition_id, id, session_id, registration_id, mode, status, created_at, confirmed_at, cancelled_at, version
),
counted AS (
    UPDATE session_places p SET taken = p.taken + 1 FROM made m
    WHERE p.edition_id = $1 AND p.session_id = $3 AND p.mode = $5 AND m.status = 'confirmed'
)
SELECT m.id, m.edition_id, m.session_id AS session, m.registration_id AS registration, m.mode, m.status,
       CASE WHEN m.status = 'waitlisted' THEN
           1 + (SELECT count(*) FROM bookings w WHERE w.edition_id = $1 AND w.session_id = $3 AND w.mode = $5
                  AND w.status = 'waitlisted') END AS waitlist_position,
       NULL::timestamptz AS offer_expires_at, m.created_at, m.confirmed_at, m.cancelled_at, m.version
FROM made m;

-- name: list_overlaps
-- The other bookings of a registration ($3) in confirmed sessions at the time of session $2. The session inside which it is
-- held, and those held inside it, are the same place.
SELECT b.id, o.id AS session
FROM sessions s
JOIN bookings b ON b.edition_id = s.edition_id AND b.registration_id = $3 AND b.session_id <> s.id AND b.status <> 'cancelled'
JOIN sessions o ON o.edition_id = b.edition_id AND o.id = b.session_id
WHERE s.edition_id = $1 AND s.id = $2 AND s.starts_at IS NOT NULL AND o.status = 'confirmed' AND o.starts_at IS NOT NULL
  AND o.id IS DISTINCT FROM s.parent_id AND o.parent_id IS DISTINCT FROM s.id
  AND session_span(o.starts_at, o.ends_at) && session_span(s.starts_at, s.ends_at)
ORDER BY o.starts_at, o.id;

-- name: find_booking
-- A booking of a session, for the owner of its registration or for who may read all of the edition.
SELECT id, edition_id, session, registration, mode, status, waitlist_position, offer_expires_at, created_at, confirmed_at,
       cancelled_at, version
FROM booking_details
WHERE edition_id = $1 AND session = $2 AND id = $3 AND ($4 OR person_id = $5);

-- name: cancel_booking
-- Give a booking back; a place that becomes free goes to who has waited longest.
SELECT cancel_bookings($1, ARRAY[$2::uuid], $3);

-- name: accept_booking_offer
-- Take the place that is held, which is counted already. The caller holds the lock on its places.
UPDATE bookings SET status = 'confirmed', offer_expires_at = NULL, confirmed_at = $3, placed_at = $3, version = version + 1
WHERE edition_id = $1 AND id = $2;

-- name: list_lapsing_bookings
-- The editions in which offers of places in sessions have expired.
SELECT DISTINCT edition_id FROM bookings WHERE status = 'offered' AND offer_expires_at <= $1 ORDER BY edition_id;

-- name: lapse_booking_offers
-- Pass on the places that were offered in sessions of an edition and not accepted in time.
SELECT lapse_booking_offers($1, $2);

-- name: list_booking_transitions
-- The history of a booking, oldest first.
SELECT number, status, mode, offer_expires_at, at, by_token, reason FROM booking_transitions
WHERE edition_id = $1 AND booking_id = $2 AND ($3::integer IS NULL OR number > $3)
ORDER BY number LIMIT $4;

-- name: list_session_bookings
-- The bookings of a session in the order in which they were made.
SELECT id, edition_id, session, registration, mode, status, waitlist_position, offer_expires_at, created_at, confirmed_at,
       cancelled_at, version
FROM booking_details
WHERE edition_id = $1 AND session = $2 AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR mode = $4)
  AND ($5::uuid IS NULL OR id > $5)
ORDER BY id LIMIT $6;

-- name: count_session_bookings
-- How many bookings the list has.
SELECT count(*) FROM bookings
WHERE edition_id = $1 AND session_id = $2 AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR mode = $4);

-- name: list_booking_rows
-- The same bookings as lines of a table. Who waits is numbered once for all rows.
WITH chosen AS (
    SELECT b.id, b.status, b.mode, b.registration_id, b.created_at, b.confirmed_at, b.cancelled_at
    FROM bookings b
    WHERE b.edition_id = $1 AND b.session_id = $2 AND ($3::text IS NULL OR b.status = $3) AND ($4::text IS NULL OR b.mode = $4)
      AND ($5::uuid IS NULL OR b.id > $5)
    ORDER BY b.id LIMIT $6
),
waiting AS (
    SELECT id, row_number() OVER (PARTITION BY mode ORDER BY waitlist_ticket) AS position
    FROM bookings WHERE edition_id = $1 AND session_id = $2 AND status = 'waitlisted'
)
SELECT c.id, c.status, c.mode, w.position AS waitlist_position, c.registration_id AS registration, r.given_name, r.family_name,
       p.email, r.language, r.country, r.category, coalesce(e.name, n.name) AS represents, c.created_at, c.confirmed_at,
       c.cancelled_at
FROM chosen c
JOIN registrations r ON r.edition_id = $1 AND r.id = c.registration_id
JOIN persons p ON p.id = r.person_id
LEFT JOIN waiting w ON w.id = c.id
LEFT JOIN entities e ON e.id = r.entity_id
LEFT JOIN delegations d ON d.edition_id = $1 AND d.id = r.delegation_id
LEFT JOIN entities n ON n.id = d.entity_id
ORDER BY c.id;

-- name: list_registration_bookings
-- The bookings of a registration, for its owner or for who may read all of the edition.
SELECT id, edition_id, session, registration, mode, status, waitlist_position, offer_expires_at, created_at, confirmed_at,
       cancelled_at, version
FROM booking_details
WHERE edition_id = $1 AND registration = $2 AND ($3 OR person_id = $4) AND ($5::text IS NULL OR status = $5)
  AND ($6::uuid IS NULL OR id > $6)
ORDER BY id LIMIT $7;

-- name: count_registration_bookings
-- How many bookings the list has.
SELECT count(*) FROM booking_details
WHERE edition_id = $1 AND registration = $2 AND ($3 OR person_id = $4) AND ($5::text IS NULL OR status = $5);

-- name: list_own_bookings
-- A person's bookings in every edition.
SELECT id, edition_id, session, registration, mode, status, waitlist_position, offer_expires_at, created_at, confirmed_at,
       cancelled_at, version
FROM booking_details
WHERE person_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4;

-- name: count_own_bookings
-- How many bookings the list has.
SELECT count(*) FROM booking_details WHERE person_id = $1 AND ($2::text IS NULL OR status = $2);

-- name: list_session_places
-- The places of a session in each mode in which it is held, as they are now.
SELECT p.mode, p.capacity, p.taken, p.kept_over_capacity,
       (SELECT count(*) FROM bookings b WHERE b.edition_id = p.edition_id AND b.session_id = p.session_id AND b.mode = p.mode
          AND b.status = 'waitlisted') AS waiting
FROM session_places p JOIN sessions s ON s.edition_id = p.edition_id AND s.id = p.session_id
WHERE p.edition_id = $1 AND p.session_id = $2 AND (s.mode IN ('hybrid', p.mode) OR p.taken > 0)
ORDER BY p.mode;
