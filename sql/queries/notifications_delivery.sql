-- name: pause_domain
-- Nobody at a domain is sent anything for a while, counted by the real clock; a longer pause stays as it is.
INSERT INTO mail_domains (domain, paused_until, reason, words, at) VALUES ($1, now() + $2::interval, $3, $4, now())
ON CONFLICT (domain) DO UPDATE
SET paused_until = greatest(mail_domains.paused_until, excluded.paused_until), reason = excluded.reason,
    words = excluded.words, at = excluded.at;
