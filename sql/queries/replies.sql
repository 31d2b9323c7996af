-- name: find_mail
-- What became of a mail that came in before.
SELECT outcome, reason FROM inbox_messages WHERE sha256 = $1;

-- name: insert_mail
-- Keep what became of a mail; 0 when the same one was kept meanwhile.
INSERT INTO inbox_messages (sha256, received_at, came_by, outcome, reason) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT inbox_messages_pkey DO NOTHING;

-- name: forget_mails
-- Forget the mails that came in before an instant; DTSTAMP still tells whether one that comes again is new.
DELETE FROM inbox_messages WHERE received_at < $1;

-- name: lock_invited
-- The registration that was mailed an invitation to a session at an address, locked until the transaction ends; one that has a
-- place before all others. A mail that is being sent may have arrived.
SELECT r.edition_id, r.id AS registration_id FROM registrations r
WHERE (r.edition_id, r.id) IN (
    SELECT m.edition_id, m.registration_id FROM messages m
    WHERE m.kind = 'invitation' AND m.session_id = $1 AND lower(m.recipient) = lower($2) AND m.status IN ('sent', 'sending'))
ORDER BY r.status = 'approved' DESC, r.id DESC LIMIT 1 FOR NO KEY UPDATE;

-- name: get_standing
-- How things stand between a registration and a session: what was last sent, with the title that it had, whether there is
-- anything to answer, the place that may be freed, and the last answer.
SELECT last.method, last.sequence, r.status AS registration_status, s.status AS session_status, s.begins_at,
       rs.title, r.language, b.id AS booking_id,
       a.answer, a.sequence AS answer_sequence, a.stamped_at, a.offered_booking_id, a.offered_at
FROM registrations r
JOIN bookable_sessions s ON s.edition_id = r.edition_id AND s.id = $3
CROSS JOIN LATERAL (
    SELECT m.payload ->> 'method' AS method, (m.payload ->> 'sequence')::integer AS sequence,
           (m.payload ->> 'release')::integer AS release
    FROM messages m
    WHERE m.kind = 'invitation' AND m.edition_id = r.edition_id AND m.registration_id = r.id AND m.session_id = s.id
      AND m.status IN ('sent', 'sending')
    ORDER BY m.number DESC LIMIT 1
) last
JOIN release_sessions rs ON rs.edition_id = r.edition_id AND rs.number = last.release AND rs.id = s.id
LEFT JOIN bookings b ON b.edition_id = r.edition_id AND b.registration_id = r.id AND b.session_id = s.id AND b.status = 'confirmed'
LEFT JOIN calendar_answers a ON a.edition_id = r.edition_id AND a.registration_id = r.id AND a.session_id = s.id
WHERE r.edition_id = $1 AND r.id = $2;

-- name: lock_speaking
-- The edition of a session to which somebody was mailed an invitation at an address because they speak there, without a
-- registration; what they are confirmed for is locked until the transaction ends.
WITH invited AS (
    SELECT m.edition_id FROM messages m
    WHERE m.kind = 'invitation' AND m.session_id = $1 AND lower(m.recipient) = lower($2) AND m.speaker_id IS NOT NULL
      AND m.status IN ('sent', 'sending')
    LIMIT 1
),
confirmed AS (
    SELECT a.id FROM appearances a JOIN invited i ON i.edition_id = a.edition_id
    WHERE a.session_id = $1
      AND a.speaker_id IN (SELECT h.speaker_id FROM speaker_addresses h WHERE h.edition_id = i.edition_id AND h.address = lower($2))
    ORDER BY a.id FOR NO KEY UPDATE OF a
)
SELECT i.edition_id FROM invited i CROSS JOIN (SELECT count(*) AS appearances FROM confirmed) locked WHERE locked.appearances >= 0;

-- name: get_speaking_standing
-- How things stand between an address, at which somebody was invited because they speak, and a session: what was last sent,
-- whether anybody there is still confirmed, and their last answer.
SELECT last.method, last.sequence, s.status AS session_status, c.is_confirmed, b.answer, b.answer_sequence, b.stamped_at
FROM sessions s
CROSS JOIN LATERAL (
    SELECT m.payload ->> 'method' AS method, (m.payload ->> 'sequence')::integer AS sequence
    FROM messages m
    WHERE m.kind = 'invitation' AND m.edition_id = $1 AND m.session_id = $2 AND lower(m.recipient) = lower($3)
      AND m.speaker_id IS NOT NULL AND m.status IN ('sent', 'sending')
    ORDER BY m.number DESC LIMIT 1
) last
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM appearances a JOIN speaker_addresses h ON h.edition_id = a.edition_id AND h.speaker_id = a.speaker_id
                   WHERE a.edition_id = $1 AND a.session_id = $2 AND h.address = lower($3)
                     AND a.status IN ('confirmed', 'spoke')) AS is_confirmed
) c
LEFT JOIN LATERAL (
    SELECT a.calendar_answer AS answer, a.calendar_sequence AS answer_sequence, a.calendar_stamped_at AS stamped_at
    FROM appearances a JOIN speaker_addresses h ON h.edition_id = a.edition_id AND h.speaker_id = a.speaker_id
    WHERE a.edition_id = $1 AND a.session_id = $2 AND h.address = lower($3) AND a.calendar_answer IS NOT NULL
    ORDER BY a.calendar_sequence DESC, a.calendar_stamped_at DESC LIMIT 1
) b ON true
WHERE s.edition_id = $1 AND s.id = $2;

-- name: put_answer
-- The answer of a registration to the invitation to a session, in the place of the one before.
INSERT INTO calendar_answers (edition_id, registration_id, session_id, answer, sequence, stamped_at, answered_at,
                              offered_booking_id, offered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT ON CONSTRAINT calendar_answers_pkey DO UPDATE
    SET answer = excluded.answer, sequence = excluded.sequence, stamped_at = excluded.stamped_at,
        answered_at = excluded.answered_at, offered_booking_id = excluded.offered_booking_id, offered_at = excluded.offered_at;

-- name: list_answers
-- The last answers to the invitations to a session, with the place that each person has in it; by registration.
SELECT a.registration_id AS registration, a.answer, a.answered_at, a.sequence, b.id AS booking, a.offered_at
FROM calendar_answers a
LEFT JOIN bookings b ON b.edition_id = a.edition_id AND b.registration_id = a.registration_id AND b.session_id = a.session_id
 AND b.status = 'confirmed'
WHERE a.edition_id = $1 AND a.session_id = $2 AND ($3::text IS NULL OR a.answer = $3)
  AND ($4::boolean IS NULL OR (b.id IS NOT NULL) = $4) AND ($5::uuid IS NULL OR a.registration_id > $5)
ORDER BY a.registration_id LIMIT $6;

-- name: count_listed_answers
-- How many answers the list has.
SELECT count(*)
FROM calendar_answers a
LEFT JOIN bookings b ON b.edition_id = a.edition_id AND b.registration_id = a.registration_id AND b.session_id = a.session_id
 AND b.status = 'confirmed'
WHERE a.edition_id = $1 AND a.session_id = $2 AND ($3::text IS NULL OR a.answer = $3)
  AND ($4::boolean IS NULL OR (b.id IS NOT NULL) = $4);

-- name: count_answers
-- How often each answer was given to the invitations to a session, and how many places are held by who has declined.
SELECT count(*) FILTER (WHERE a.answer = 'accepted') AS accepted, count(*) FILTER (WHERE a.answer = 'declined') AS declined,
       count(*) FILTER (WHERE a.answer = 'tentative') AS tentative,
       count(*) FILTER (WHERE a.answer = 'declined' AND b.id IS NOT NULL) AS declined_and_booked
FROM sessions s
LEFT JOIN calendar_answers a ON a.edition_id = s.edition_id AND a.session_id = s.id
LEFT JOIN bookings b ON b.edition_id = a.edition_id AND b.registration_id = a.registration_id AND b.session_id = a.session_id
 AND b.status = 'confirmed'
WHERE s.edition_id = $1 AND s.id = $2
GROUP BY s.id;

-- name: list_declined_places
-- The places that the person of a registration has declined in their calendar, and holds all the same; by session.
SELECT a.session_id AS session, s.title, b.id AS booking, a.answered_at
FROM calendar_answers a
JOIN registrations r ON r.edition_id = a.edition_id AND r.id = a.registration_id
JOIN sessions s ON s.edition_id = a.edition_id AND s.id = a.session_id
JOIN bookings b ON b.edition_id = a.edition_id AND b.registration_id = a.registration_id AND b.session_id = a.session_id
 AND b.status = 'confirmed'
WHERE a.edition_id = $1 AND a.registration_id = $2 AND r.person_id = $3 AND a.answer = 'declined'
  AND ($4::uuid IS NULL OR a.session_id > $4)
ORDER BY a.session_id LIMIT $5;

-- name: count_declined_places
-- How many places the list has.
SELECT count(*)
FROM calendar_answers a
JOIN registrations r ON r.edition_id = a.edition_id AND r.id = a.registration_id
JOIN bookings b ON b.edition_id = a.edition_id AND b.registration_id = a.registration_id AND b.session_id = a.session_id
 AND b.status = 'confirmed'
WHERE a.edition_id = $1 AND a.registration_id = $2 AND r.person_id = $3 AND a.answer = 'declined';

-- name: find_declined_place
-- The booking of a place that the person of a registration has declined in their calendar.
SELECT b.id
FROM calendar_answers a
JOIN registrations r ON r.edition_id = a.edition_id AND r.id = a.registration_id
JOIN bookings b ON b.edition_id = a.edition_id AND b.registration_id = a.registration_id AND b.session_id = a.session_id
 AND b.status = 'confirmed'
WHERE a.edition_id = $1 AND a.registration_id = $2 AND r.person_id = $3 AND a.session_id = $4 AND a.answer = 'declined';
