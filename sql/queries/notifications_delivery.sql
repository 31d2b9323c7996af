-- name: pause_domain
-- Nobody at a domain is sent anything for a while, counted by the real clock; a longer pause stays as it is.
INSERT INTO mail_domains (domain, paused_until, reason, words, at) VALUES ($1, now() + $2::interval, $3, $4, now())
ON CONFLICT (domain) DO UPDATE
SET paused_until = greatest(mail_domains.paused_until, excluded.paused_until), reason = excluded.reason,
    words = excluded.words, at = excluded.at;

-- name: lock_reported
-- The mail that a report is about.
SELECT edition_id, status, recipient FROM messages WHERE id = $1 FOR UPDATE;

-- name: mark_bounced
-- A mail did not reach its recipient after all. What was secret in it is forgotten.
UPDATE messages SET status = 'bounced', bounced_at = $2, sent_at = coalesce(sent_at, $2), last_error = $3, payload = payload - 'code'
WHERE id = $1 AND status IN ('sending', 'sent');

-- name: mark_complained
-- The recipient of a mail called it unwanted.
UPDATE messages SET complained_at = coalesce(complained_at, $2), last_error = coalesce($3, last_error) WHERE id = $1;

-- name: suppress_address
-- Nothing is sent to an address any more. What came back weighs more than a complaint.
INSERT INTO suppressions (id, email, reason, detail, suppressed_at, edition_id) VALUES ($1, lower($2), $3, $4, $5, $6)
ON CONFLICT ON CONSTRAINT suppressions_one_per_address DO UPDATE
SET reason = excluded.reason, detail = excluded.detail, suppressed_at = excluded.suppressed_at, edition_id = excluded.edition_id
WHERE suppressions.reason = 'complained' AND excluded.reason = 'bounced';

-- name: is_suppressed
-- Whether nothing is sent to an address.
SELECT EXISTS (SELECT FROM suppressions WHERE email = lower($1));

-- name: list_suppressions
-- The addresses that nothing is sent to, of an edition's own mails and people, oldest first.
SELECT s.id, s.email, s.reason, s.detail, s.suppressed_at FROM suppressions s
WHERE (s.edition_id = $1
       OR EXISTS (SELECT FROM persons p JOIN registrations r ON r.person_id = p.id
                  WHERE lower(p.email) = s.email AND r.edition_id = $1))
  AND ($2::text IS NULL OR s.reason = $2) AND ($3::text IS NULL OR s.email = lower($3)) AND ($4::uuid IS NULL OR s.id > $4)
ORDER BY s.id LIMIT $5;

-- name: count_suppressions
-- How many addresses the list has.
SELECT count(*) FROM suppressions s
WHERE (s.edition_id = $1
       OR EXISTS (SELECT FROM persons p JOIN registrations r ON r.person_id = p.id
                  WHERE lower(p.email) = s.email AND r.edition_id = $1))
  AND ($2::text IS NULL OR s.reason = $2) AND ($3::text IS NULL OR s.email = lower($3));

-- name: lift_suppression
-- Write to an address again.
DELETE FROM suppressions s
WHERE s.id = $2
  AND (s.edition_id = $1
       OR EXISTS (SELECT FROM persons p JOIN registrations r ON r.person_id = p.id
                  WHERE lower(p.email) = s.email AND r.edition_id = $1))
RETURNING s.id, s.email, s.reason, s.detail, s.suppressed_at;

-- name: find_quiet_hours
-- When mails of an edition that can wait do.
SELECT coalesce(to_char(q.begins, 'HH24:MI'), '21:00') AS begins, coalesce(to_char(q.ends, 'HH24:MI'), '07:00') AS ends
FROM editions e LEFT JOIN quiet_hours q ON q.edition_id = e.id WHERE e.id = $1;

-- name: set_quiet_hours
-- Have mails of an edition that can wait do so at other hours; what is queued already stays as it is.
INSERT INTO quiet_hours (edition_id, begins, ends) VALUES ($1, $2::text::time, $3::text::time)
ON CONFLICT (edition_id) DO UPDATE SET begins = excluded.begins, ends = excluded.ends;
