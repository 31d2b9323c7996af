-- name: lock_invitations
-- Only one transaction at a time plans an edition's invitations; held until it ends.
SELECT pg_advisory_xact_lock(hashtextextended('invitations ' || $1::uuid::text, 0));

-- name: list_invitable
-- Everybody who should hold an entry of an edition, or may hold one, or is to be told of its revision.
SELECT r.id FROM registrations r
WHERE r.edition_id = $1
  AND (r.status = 'approved'
       OR (r.status IN ('submitted', 'waitlisted')
           AND EXISTS (SELECT FROM edition_revisions v WHERE v.edition_id = $1 AND v.revised_at >= r.created_at))
       OR EXISTS (SELECT FROM messages m WHERE m.kind = 'invitation' AND m.edition_id = $1 AND m.registration_id = r.id))
ORDER BY r.id;

-- name: plan_invitations
-- Compare who should hold which entry (of what is for all who are registered, and of what they have a place in) with what was
-- last queued for them, and queue the difference: a REQUEST for a new or changed entry, a CANCEL for one that must go. What
-- was queued and not yet sent is superseded, so that moves collapse into the latest. A CANCEL is queued only when a REQUEST
-- is, or may be, on its way. Returns how many were queued.
WITH changed AS MATERIALIZED (
    SELECT registration_id, person_id, session_id, method, waiting_ids, is_held, payload FROM changed_entries($1, $2)
),
waiting AS (SELECT unnest(waiting_ids) AS id FROM changed),
superseded AS (
    UPDATE messages SET status = 'superseded' WHERE status = 'queued' AND id IN (SELECT id FROM waiting)
    RETURNING id
),
inserted AS (
    INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload, created_at, next_try_at)
    SELECT $1, 'invitation', p.email, c.person_id, c.session_id, c.registration_id, c.payload, $3, now()
    FROM changed c JOIN persons p ON p.id = c.person_id
    WHERE c.method = 'REQUEST' OR c.is_held
       OR EXISTS (SELECT FROM unnest(c.waiting_ids) AS w (id) WHERE w.id NOT IN (SELECT id FROM superseded))
    ORDER BY c.registration_id, c.session_id
    RETURNING 1
)
SELECT count(*) FROM inserted;

-- name: list_untold
-- Of these registrations, the active ones that were made before a revision of their edition of which no mail tells them.
SELECT r.id FROM registrations r
WHERE r.edition_id = $1 AND r.id = ANY ($2::uuid[]) AND r.status IN ('submitted', 'approved', 'waitlisted')
  AND EXISTS (SELECT FROM edition_revisions v
              WHERE v.edition_id = $1 AND v.revised_at >= r.created_at
                AND v.number > coalesce((SELECT max((m.payload ->> 'revision')::integer) FROM messages m
                                         WHERE m.kind = 'revision' AND m.edition_id = $1 AND m.registration_id = r.id
                                           AND m.status <> 'superseded'), 0));

-- name: plan_notices
-- Compare what these people's registrations are with what they were last told of them, and queue the difference: another
-- status, another way of taking part, a place that is offered, another link, a revision of their edition. One mail tells all
-- of it, and revisions that were not told yet are told as one. What was queued and not yet sent is superseded. Who was
-- registered by others is told so until a mail has said it. Who waits is told their place in the line as it is now, so that
-- the mail says the same however often it is rendered. Returns how many were queued.
WITH latest AS (
    SELECT DISTINCT ON (registration_id) id, registration_id, status, payload,
           bool_or(status IN ('sent', 'sending')) OVER (PARTITION BY registration_id) AS may_be_told,
           max((payload ->> 'revision')::integer) FILTER (WHERE status <> 'queued') OVER (PARTITION BY registration_id)
               AS told_revision
    FROM messages
    WHERE kind IN ('registration', 'revision') AND edition_id = $1 AND registration_id = ANY ($2::uuid[])
      AND status <> 'superseded'
    ORDER BY registration_id, number DESC
),
changed AS (
    SELECT r.id, r.person_id, l.id AS latest_id, CASE WHEN v.last IS NULL THEN 'registration' ELSE 'revision' END AS kind,
           jsonb_build_object(
               'news', CASE WHEN r.offer_expires_at IS DISTINCT FROM (l.payload ->> 'offered_until')::timestamptz
                                 AND r.offer_expires_at IS NOT NULL THEN 'offered'
                            WHEN l.payload ->> 'status' = r.status AND l.payload ->> 'mode' <> r.mode THEN 'switched'
                            WHEN l.payload ->> 'status' = r.status THEN CASE WHEN v.last IS NULL THEN 'link' END
                            WHEN l.payload ->> 'status' = 'waitlisted' AND r.status = 'approved' THEN 'promoted'
                            ELSE r.status END,
               'status', r.status, 'mode', r.mode, 'linked_at', k.created_at, 'offered_until', r.offer_expires_at,
               'by_others', r.source <> 'self' AND NOT coalesce(l.may_be_told, false))
           || CASE WHEN v.last IS NULL THEN '{}'
                   ELSE jsonb_build_object('first_revision', v.first, 'revision', v.last) END
           || CASE WHEN r.status = 'waitlisted' AND r.offer_expires_at IS NULL
                   THEN jsonb_build_object('position', position_in_line($1, r.waits_for, r.waitlist_priority, r.waitlist_ticket))
                   ELSE '{}' END AS payload
    FROM registrations r
    JOIN registration_links k ON k.edition_id = r.edition_id AND k.registration_id = r.id
    LEFT JOIN latest l ON l.registration_id = r.id
    CROSS JOIN LATERAL (
        SELECT min(v.number) AS first, max(v.number) AS last FROM edition_revisions v
        WHERE v.edition_id = $1 AND v.number > coalesce(l.told_revision, 0) AND v.revised_at >= r.created_at
          AND r.status IN ('submitted', 'approved', 'waitlisted')
    ) v
    WHERE r.edition_id = $1 AND r.id = ANY ($2::uuid[]) AND r.status <> 'erased'
      AND (l.id IS NULL OR (l.payload ->> 'status', l.payload ->> 'mode', (l.payload ->> 'linked_at')::timestamptz)
                           IS DISTINCT FROM (r.status, r.mode, k.created_at)
           OR r.offer_expires_at <> coalesce((l.payload ->> 'offered_until')::timestamptz, '-infinity')
           OR v.last > coalesce((l.payload ->> 'revision')::integer, 0))
),
superseded AS (
    UPDATE messages SET status = 'superseded' WHERE status = 'queued' AND id IN (SELECT latest_id FROM changed)
),
inserted AS (
    INSERT INTO messages (edition_id, kind, recipient, person_id, registration_id, payload, created_at, next_try_at)
    SELECT $1, c.kind, p.email, c.person_id, c.id, c.payload, $3, now()
    FROM changed c JOIN persons p ON p.id = c.person_id
    ORDER BY c.id
    RETURNING 1
)
SELECT count(*) FROM inserted;

-- name: queue_change_news
-- Tell a person what was decided about the change of their registration that they asked for.
INSERT INTO messages (edition_id, kind, recipient, person_id, registration_id, payload, created_at, next_try_at)
SELECT r.edition_id, 'change_request', p.email, p.id, r.id, jsonb_build_object('news', $3::text, 'by_others', false), $4, now()
FROM registrations r JOIN persons p ON p.id = r.person_id
WHERE r.edition_id = $1 AND r.id = $2;

-- name: forget_messages
-- Drop the mails to somebody that are still to be sent, and take out of the others whom they were for: those about one
-- registration ($1, $2), or all to a person ($3) at their address, who then is neither suppressed nor unsubscribed.
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
    UPDATE messages
    SET recipient = 'erased@erased.invalid', person_id = NULL, registration_id = NULL, last_error = NULL, payload = payload - 'speaker'
    WHERE id IN (SELECT id FROM theirs WHERE status NOT IN ('queued', 'sending')) RETURNING 1
),
freed AS (
    UPDATE messages SET digest_id = NULL
    WHERE digest_id IN (SELECT id FROM theirs WHERE status = 'queued') AND status = 'queued' AND id NOT IN (SELECT id FROM theirs)
),
lifted AS (DELETE FROM suppressions WHERE email = (SELECT lower(p.email) FROM persons p WHERE p.id = $3)),
subscribed AS (DELETE FROM unsubscriptions WHERE person_id = $3)
SELECT (SELECT count(*) FROM dropped) AS dropped, (SELECT count(*) FROM emptied) AS emptied;

-- name: queue_seat_question
-- Queue the mail that asks somebody whether their place in a session may be freed.
INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload, created_at, next_try_at)
SELECT r.edition_id, 'answer', p.email, r.person_id, $3, r.id, jsonb_build_object('title', $4::text), $5, now()
FROM registrations r JOIN persons p ON p.id = r.person_id
WHERE r.edition_id = $1 AND r.id = $2;

-- name: supersede_seat_question
-- The person comes after all: that mail is not sent, if it was not yet.
UPDATE messages SET status = 'superseded'
WHERE kind = 'answer' AND edition_id = $1 AND registration_id = $2 AND session_id = $3 AND status = 'queued';

-- name: queue_report
-- Queue the attendance report of a day for every organizer of an edition who has not unsubscribed, once for each job.
INSERT INTO messages (edition_id, kind, recipient, person_id, payload, created_at, next_try_at)
SELECT $1, 'attendance_report', p.email, p.id,
       jsonb_build_object('on', $2::date, 'as_of', $3::timestamptz, 'job', $4::bigint, 'language', p.language), $3, now()
FROM grants g JOIN persons p ON p.id = g.person_id
WHERE g.edition_id = $1 AND g.role = 'organizer'
  AND NOT EXISTS (SELECT FROM unsubscriptions u
                  WHERE u.edition_id = $1 AND u.person_id = p.id AND u.kind = 'attendance_report')
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

-- name: list_revised
-- What editions were before, and are after, the revisions of which these messages tell, and why.
SELECT m.id AS message_id, f.before, l.after,
       (SELECT jsonb_agg(v.reason ORDER BY v.number) FROM edition_revisions v
        WHERE v.edition_id = m.edition_id AND v.number BETWEEN f.number AND l.number) AS reasons
FROM messages m
JOIN edition_revisions f ON f.edition_id = m.edition_id AND f.number = (m.payload ->> 'first_revision')::integer
JOIN edition_revisions l ON l.edition_id = m.edition_id AND l.number = (m.payload ->> 'revision')::integer
WHERE m.id = ANY ($1::uuid[]) AND m.kind = 'revision';

-- name: list_noticed
-- What the mails about registrations among these messages say, and to whom.
SELECT m.id AS message_id, r.given_name, r.family_name, r.language, r.source, r.mode, r.waits_for,
       coalesce((m.payload ->> 'until')::timestamptz, r.offer_expires_at) AS offer_expires_at, e.title, e.timezone,
       r.timezone AS own_timezone, e.organizer_email, n.name AS delegation, k.id AS link_id, s.title AS session_title
FROM messages m
JOIN registrations r ON r.edition_id = m.edition_id AND r.id = m.registration_id
JOIN editions e ON e.id = m.edition_id
LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities n ON n.id = d.entity_id
LEFT JOIN registration_links k ON k.edition_id = r.edition_id AND k.registration_id = r.id
LEFT JOIN sessions s ON s.edition_id = m.edition_id AND s.id = m.session_id
WHERE m.id = ANY ($1::uuid[]) AND m.kind IN ('registration', 'change_request', 'booking', 'revision', 'answer', 'programme_change');

-- name: list_asked_speakers
-- What the mails to speakers among these messages say, and to whom: the session as it is now, published or not.
SELECT m.id AS message_id, s.display_name, s.language, a.role, a.on_behalf_of, a.allotted_seconds, n.title AS session_title,
       n.starts_at, n.ends_at, n.held_on, nullif(concat_ws(', ', r.name, coalesce(r.venue, e.venue), e.city), '') AS place,
       n.mode = 'online' AS is_online, e.title, e.timezone, coalesce(g.timezone, p.timezone) AS own_timezone, e.organizer_email,
       k.id AS link_id
FROM messages m
JOIN editions e ON e.id = m.edition_id
JOIN appearances a ON a.edition_id = m.edition_id AND a.id = (m.payload ->> 'appearance')::uuid
JOIN sessions n ON n.edition_id = a.edition_id AND n.id = a.session_id
JOIN speakers s ON s.edition_id = a.edition_id AND s.id = a.speaker_id
LEFT JOIN rooms r ON r.edition_id = n.edition_id AND r.id = n.room_id
LEFT JOIN speaker_links k ON k.edition_id = s.edition_id AND k.speaker_id = s.id
LEFT JOIN registrations g ON g.edition_id = s.edition_id AND g.id = s.registration_id
LEFT JOIN persons p ON g.id IS NULL AND lower(p.email) = lower(m.recipient)
WHERE m.id = ANY ($1::uuid[]) AND m.kind = 'speaker';

-- name: forget_speaker
-- Drop the mails to a speaker that are still to be sent, and take out of the others whom they were for. Their address is
-- suppressed no more, unless an account has it.
WITH lifted AS (
    DELETE FROM suppressions s
    WHERE s.email IN (SELECT lower(m.recipient) FROM messages m WHERE m.edition_id = $1 AND m.speaker_id = $2)
      AND NOT EXISTS (SELECT FROM persons p WHERE lower(p.email) = s.email)
),
dropped AS (
    DELETE FROM messages WHERE edition_id = $1 AND speaker_id = $2 AND status IN ('queued', 'sending') RETURNING 1
),
emptied AS (
    UPDATE messages SET recipient = 'erased@erased.invalid', last_error = NULL, payload = payload - 'speaker'
    WHERE edition_id = $1 AND speaker_id = $2 AND status NOT IN ('queued', 'sending')
    RETURNING 1
)
SELECT (SELECT count(*) FROM dropped) AS dropped, (SELECT count(*) FROM emptied) AS emptied;

-- name: mark_sent
-- The mail server has taken these messages. What was secret in them is forgotten. The mark does not wait for the disk: it
-- outlives the worker, and the loss of the whole server repeats mails, under the same Message-IDs, at worst.
UPDATE messages SET status = 'sent', sent_at = $2, attempts = attempts + 1, last_error = NULL, payload = payload - 'code'
WHERE id = ANY ($1::uuid[]) AND status = 'sending' AND set_config('synchronous_commit', 'off', true) = 'off';

-- name: defer_message
-- A message is tried again after a pause. Queues run by the real clock, never by a rehearsal's. Where the server was lost when it
-- had been given the mail, it may have it: `forum.notifications.transport` says so in these words.
UPDATE messages SET status = 'queued', batch_id = NULL, attempts = attempts + 1, next_try_at = now() + $2::interval, last_error = $3,
       may_be_there = may_be_there OR $3 LIKE 'the mail server was lost%'
WHERE id = $1 AND status = 'sending';

-- name: release_messages
-- These messages were not tried: they are queued again, after a pause.
UPDATE messages SET status = 'queued', batch_id = NULL, batched_at = NULL, next_try_at = now() + $2::interval, last_error = coalesce($3, last_error)
WHERE id = ANY ($1::uuid[]) AND status = 'sending';

-- name: fail_message
-- A message is given up.
UPDATE messages SET status = 'failed', attempts = attempts + 1, last_error = $2, payload = payload - 'code',
       may_be_there = may_be_there OR $2 LIKE 'the mail server was lost%'
WHERE id = $1 AND status = 'sending';
