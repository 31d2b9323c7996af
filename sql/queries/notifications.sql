-- name: lock_invitations
-- Only one transaction at a time plans an edition's invitations; held until it ends.
SELECT pg_advisory_xact_lock(hashtextextended('invitations ' || $1::uuid::text, 0));

-- name: list_invitable
-- Everybody who should hold an entry of an edition, or may hold one.
SELECT r.id FROM registrations r
WHERE r.edition_id = $1
  AND (r.status = 'approved'
       OR EXISTS (SELECT FROM messages m WHERE m.kind = 'invitation' AND m.edition_id = $1 AND m.registration_id = r.id))
ORDER BY r.id;

-- name: plan_invitations
-- Compare who should hold which entry (of what is for all who are registered, and of what they have a place in) with what was
-- last queued for them, and queue the difference: a REQUEST for a new or changed entry, a CANCEL for one that must go. What
-- was queued and not yet sent is superseded, so that moves collapse into the latest. A CANCEL is queued only when a REQUEST
-- is, or may be, on its way. Returns how many were queued.
WITH wanted AS (
    SELECT r.id AS registration_id, r.person_id, s.id AS session_id, s.number AS release, s.calendar_sequence AS sequence,
           r.mode, s.starts_at, s.ends_at, s.held_on, greatest(s.revised_at, r.placed_at, b.confirmed_at) AS stamp
    FROM registrations r
    JOIN release_sessions s ON s.edition_id = r.edition_id
     AND s.number = (SELECT max(number) FROM releases WHERE edition_id = $1)
    LEFT JOIN bookings b ON s.access = 'booking' AND b.edition_id = r.edition_id AND b.registration_id = r.id
     AND b.session_id = s.id AND b.status = 'confirmed'
    WHERE r.edition_id = $1 AND r.id = ANY ($2::uuid[]) AND r.status = 'approved'
      AND s.status = 'confirmed' AND (s.access = 'registered' OR b.id IS NOT NULL) AND s.mode IN ('hybrid', r.mode)
      AND (s.starts_at IS NOT NULL OR s.held_on IS NOT NULL)
),
latest AS (
    SELECT DISTINCT ON (registration_id, session_id) id, session_id, registration_id, person_id, status, payload,
           bool_or(status IN ('sent', 'sending')) OVER (PARTITION BY registration_id, session_id) AS may_be_held
    FROM messages
    WHERE kind = 'invitation' AND edition_id = $1 AND registration_id = ANY ($2::uuid[]) AND status <> 'superseded'
    ORDER BY registration_id, session_id, number DESC
),
changed AS (
    SELECT w.*, l.id AS latest_id
    FROM wanted w LEFT JOIN latest l USING (session_id, registration_id)
    WHERE l.id IS NULL OR l.payload ->> 'method' = 'CANCEL'
       OR (l.payload ->> 'sequence')::integer <> w.sequence OR l.payload ->> 'mode' <> w.mode
),
gone AS (
    SELECT l.* FROM latest l LEFT JOIN wanted w USING (session_id, registration_id)
    WHERE w.session_id IS NULL AND l.payload ->> 'method' = 'REQUEST'
),
superseded AS (
    UPDATE messages SET status = 'superseded'
    WHERE status = 'queued' AND id IN (SELECT latest_id FROM changed UNION ALL SELECT id FROM gone)
    RETURNING id
),
queued AS (
    SELECT registration_id, person_id, session_id,
           jsonb_build_object('method', 'REQUEST', 'sequence', sequence, 'release', release, 'mode', mode,
                              'starts_at', starts_at, 'ends_at', ends_at, 'held_on', held_on, 'stamp', stamp) AS payload
    FROM changed
    UNION ALL
    SELECT g.registration_id, g.person_id, g.session_id,
           g.payload || jsonb_build_object('method', 'CANCEL', 'stamp', greatest(s.revised_at, r.placed_at, b.cancelled_at),
                                           'sequence', coalesce(s.calendar_sequence, (g.payload ->> 'sequence')::integer),
                                           'release', coalesce(s.number, (g.payload ->> 'release')::integer))
    FROM gone g
    JOIN registrations r ON r.edition_id = $1 AND r.id = g.registration_id
    LEFT JOIN release_sessions s ON s.edition_id = $1 AND s.id = g.session_id
     AND s.number = (SELECT max(number) FROM releases WHERE edition_id = $1)
    LEFT JOIN LATERAL (
        SELECT max(cancelled_at) AS cancelled_at FROM bookings
        WHERE edition_id = $1 AND registration_id = g.registration_id AND session_id = g.session_id
    ) b ON true
    WHERE g.may_be_held OR (g.status = 'queued' AND g.id NOT IN (SELECT id FROM superseded))
),
inserted AS (
    INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload, created_at, next_try_at)
    SELECT $1, 'invitation', p.email, q.person_id, q.session_id, q.registration_id, q.payload, $3, now()
    FROM queued q JOIN persons p ON p.id = q.person_id
    ORDER BY q.registration_id, q.session_id
    RETURNING 1
)
SELECT count(*) FROM inserted;

-- name: plan_notices
-- Compare what these people's registrations are with what they were last told of them, and queue the difference: another
-- status, another way of taking part, a place that is offered, another link. What was queued and not yet sent is superseded. Who was registered by
-- others is told so until a mail has said it. Returns how many were queued.
WITH latest AS (
    SELECT DISTINCT ON (registration_id) id, registration_id, status, payload,
           bool_or(status IN ('sent', 'sending')) OVER (PARTITION BY registration_id) AS may_be_told
    FROM messages
    WHERE kind = 'registration' AND edition_id = $1 AND registration_id = ANY ($2::uuid[]) AND status <> 'superseded'
    ORDER BY registration_id, number DESC
),
changed AS (
    SELECT r.id, r.person_id, l.id AS latest_id,
           jsonb_build_object(
               'news', CASE WHEN r.offer_expires_at IS DISTINCT FROM (l.payload ->> 'offered_until')::timestamptz
                                 AND r.offer_expires_at IS NOT NULL THEN 'offered'
                            WHEN l.payload ->> 'status' = r.status AND l.payload ->> 'mode' <> r.mode THEN 'switched'
                            WHEN l.payload ->> 'status' = r.status THEN 'link'
                            WHEN l.payload ->> 'status' = 'waitlisted' AND r.status = 'approved' THEN 'promoted'
                            ELSE r.status END,
               'status', r.status, 'mode', r.mode, 'linked_at', k.created_at, 'offered_until', r.offer_expires_at,
               'by_others', r.source <> 'self' AND NOT coalesce(l.may_be_told, false)) AS payload
    FROM registrations r
    JOIN registration_links k ON k.edition_id = r.edition_id AND k.registration_id = r.id
    LEFT JOIN latest l ON l.registration_id = r.id
    WHERE r.edition_id = $1 AND r.id = ANY ($2::uuid[]) AND r.status <> 'erased'
      AND (l.id IS NULL OR (l.payload ->> 'status', l.payload ->> 'mode', (l.payload ->> 'linked_at')::timestamptz)
                           IS DISTINCT FROM (r.status, r.mode, k.created_at)
           OR r.offer_expires_at <> coalesce((l.payload ->> 'offered_until')::timestamptz, '-infinity'))
),
superseded AS (
    UPDATE messages SET status = 'superseded' WHERE status = 'queued' AND id IN (SELECT latest_id FROM changed)
),
inserted AS (
    INSERT INTO messages (edition_id, kind, recipient, person_id, registration_id, payload, created_at, next_try_at)
    SELECT $1, 'registration', p.email, c.person_id, c.id, c.payload, $3, now()
    FROM changed c JOIN persons p ON p.id = c.person_id
    ORDER BY c.id
    RETURNING 1
)
SELECT count(*) FROM inserted;

-- name: forget_messages
-- Drop the mails to somebody that are still to be sent, and take out of the others whom they were for: those about one
-- registration ($1, $2), or all to a person ($3) at their address.
WITH theirs AS (
    SELECT m.id, m.status FROM messages m
    WHERE (m.edition_id = $1 AND m.registration_id = $2) OR m.person_id = $3
       OR ($3 IS NOT NULL AND lower(m.recipient) = (SELECT lower(p.email) FROM persons p WHERE p.id = $3))
    FOR UPDATE
),
dropped AS (
    DELETE FROM messages WHERE id IN (SELECT id FROM theirs WHERE status IN ('queued', 'sending')) RETURNING 1
),
emptied AS (
    UPDATE messages SET recipient = 'erased@erased.invalid', person_id = NULL, registration_id = NULL, last_error = NULL
    WHERE id IN (SELECT id FROM theirs WHERE status NOT IN ('queued', 'sending')) RETURNING 1
)
SELECT (SELECT count(*) FROM dropped) AS dropped, (SELECT count(*) FROM emptied) AS emptied;

-- name: queue_report
-- Queue the attendance report of a day for every organizer of an edition, once for each job.
INSERT INTO messages (edition_id, kind, recipient, person_id, payload, created_at, next_try_at)
SELECT $1, 'attendance_report', p.email, p.id,
       jsonb_build_object('on', $2::date, 'as_of', $3::timestamptz, 'job', $4::bigint, 'language', p.language), $3, now()
FROM grants g JOIN persons p ON p.id = g.person_id
WHERE g.edition_id = $1 AND g.role = 'organizer'
  AND NOT EXISTS (SELECT FROM messages m WHERE m.kind = 'attendance_report' AND m.edition_id = $1
                    AND m.person_id = p.id AND m.payload ->> 'job' = $4::text);

-- name: lock_reports
-- Only one transaction at a time asks for reports; held until it ends.
SELECT pg_advisory_xact_lock(hashtextextended('reports', 0));

-- name: list_due_reports
-- The editions whose day is over (after 19:00 where they are held) and whose evening report is not there yet.
SELECT e.id AS edition_id, ($1 AT TIME ZONE e.timezone)::date AS on
FROM editions e
WHERE e.status = 'live' AND ($1 AT TIME ZONE e.timezone)::time >= '19:00'
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.kind = 'report_attendance' AND o.payload ->> 'edition_id' = e.id::text
                    AND o.payload ->> 'on' = ($1 AT TIME ZONE e.timezone)::date::text
                    AND NOT (o.payload ->> 'is_requested')::boolean);

-- name: list_batch
-- The messages of these batches that are still to be sent, in the order in which they were queued.
SELECT m.id, m.edition_id, m.kind, m.recipient, m.session_id, m.registration_id, m.payload, m.attempts, m.created_at,
       m.domain
FROM messages m
WHERE m.batch_id = ANY ($1::uuid[]) AND m.status = 'sending'
ORDER BY m.number;

-- name: list_attendees
-- Who the invitations among these messages are for, and which entry of theirs was sent last.
SELECT m.id AS message_id, r.given_name, r.family_name, r.language, r.timezone, p.payload AS previous
FROM messages m
JOIN registrations r ON r.edition_id = m.edition_id AND r.id = m.registration_id
LEFT JOIN LATERAL (
    SELECT o.payload FROM messages o
    WHERE o.kind = 'invitation' AND o.edition_id = m.edition_id AND o.session_id = m.session_id
      AND o.registration_id = m.registration_id AND o.status = 'sent' AND o.number < m.number
    ORDER BY o.number DESC LIMIT 1
) p ON true
WHERE m.id = ANY ($1::uuid[]);

-- name: list_noticed
-- What the mails about registrations among these messages say, and to whom.
SELECT m.id AS message_id, r.given_name, r.family_name, r.language, r.source, r.mode, r.waits_for, r.offer_expires_at,
       e.title, e.timezone, e.organizer_email, n.name AS delegation, k.id AS link_id
FROM messages m
JOIN registrations r ON r.edition_id = m.edition_id AND r.id = m.registration_id
JOIN editions e ON e.id = m.edition_id
LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities n ON n.id = d.entity_id
LEFT JOIN registration_links k ON k.edition_id = r.edition_id AND k.registration_id = r.id
WHERE m.id = ANY ($1::uuid[]) AND m.kind = 'registration';

-- name: mark_sent
-- A message was taken by the mail server. What was secret in it is forgotten. The mark does not wait for the disk: it
-- outlives the worker, and the loss of the whole server repeats a mail, under the same Message-ID, at worst.
UPDATE messages SET status = 'sent', sent_at = $2, attempts = attempts + 1, last_error = NULL, payload = payload - 'code'
WHERE id = ANY ($1::uuid[]) AND status = 'sending' AND set_config('synchronous_commit', 'off', true) = 'off';

-- name: defer_message
-- A message is tried again after a pause. Queues run by the real clock, never by a rehearsal's.
UPDATE messages SET status = 'queued', batch_id = NULL, attempts = attempts + 1, next_try_at = now() + $2::interval, last_error = $3
WHERE id = $1 AND status = 'sending';

-- name: release_messages
-- These messages were not tried: they are queued again, after a pause.
UPDATE messages SET status = 'queued', batch_id = NULL, batched_at = NULL, next_try_at = now() + $2::interval, last_error = coalesce($3, last_error)
WHERE id = ANY ($1::uuid[]) AND status = 'sending';

-- name: fail_message
-- A message is given up.
UPDATE messages SET status = 'failed', attempts = attempts + 1, last_error = $2, payload = payload - 'code'
WHERE id = $1 AND status = 'sending';

-- name: list_messages
-- What became of an edition's mails, newest last.
SELECT m.id, m.number, m.kind, m.recipient, m.session_id, m.registration_id, m.payload ->> 'method' AS method,
       m.status, m.attempts, m.created_at, m.next_try_at, m.sent_at, m.last_error
FROM messages m
WHERE m.edition_id = $1 AND ($2::text IS NULL OR m.status = $2) AND ($3::text IS NULL OR m.kind = $3)
  AND ($4::uuid IS NULL OR m.registration_id = $4) AND ($5::uuid IS NULL OR m.session_id = $5)
  AND ($6::bigint IS NULL OR m.number > $6)
ORDER BY m.number LIMIT $7;

-- name: count_messages
-- How many mails the list has.
SELECT count(*) FROM messages m
WHERE m.edition_id = $1 AND ($2::text IS NULL OR m.status = $2) AND ($3::text IS NULL OR m.kind = $3)
  AND ($4::uuid IS NULL OR m.registration_id = $4) AND ($5::uuid IS NULL OR m.session_id = $5);
