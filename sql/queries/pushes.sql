-- name: lock_push_keys
-- Several processes may start at once: only one makes the first key.
SELECT pg_advisory_xact_lock(hashtextextended('push keys', 0));

-- name: insert_push_key
-- One more key, which is for new subscriptions from now on.
INSERT INTO push_keys (private_key, public_key, created_at) VALUES ($1, $2, $3) RETURNING id;

-- name: list_push_keys
-- Every key, with its private part, oldest first.
SELECT id, private_key, public_key FROM push_keys ORDER BY id;

-- name: lock_subscriptions
-- Only one transaction at a time subscribes for a person; held until it ends.
SELECT pg_advisory_xact_lock(hashtextextended('push subscriptions ' || $1::uuid::text, 0));

-- name: count_other_subscriptions
-- How many subscriptions a person has beside that of an endpoint.
SELECT count(*) FROM push_subscriptions WHERE person_id = $1 AND endpoint <> $2;

-- name: put_subscription
-- Subscribe, or renew the subscription of the same browser. It has another id where somebody else had it: what is still under
-- way for them must not go to this person.
INSERT INTO push_subscriptions AS s (id, person_id, edition_id, registration_id, endpoint, p256dh, auth, key_id, language, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (endpoint) DO UPDATE SET
    id = CASE WHEN s.person_id = EXCLUDED.person_id THEN s.id ELSE EXCLUDED.id END,
    created_at = CASE WHEN s.person_id = EXCLUDED.person_id THEN s.created_at ELSE EXCLUDED.created_at END,
    person_id = EXCLUDED.person_id, edition_id = EXCLUDED.edition_id, registration_id = EXCLUDED.registration_id,
    p256dh = EXCLUDED.p256dh, auth = EXCLUDED.auth, key_id = EXCLUDED.key_id, language = EXCLUDED.language,
    last_failed_at = NULL, last_error = NULL
RETURNING id, endpoint, key_id AS key, language, registration_id AS registration, created_at, last_failed_at, last_error;

-- name: list_subscriptions
-- Where a person ($1) takes pushes; by a link, those of that registration ($2).
SELECT id, endpoint, key_id AS key, language, registration_id AS registration, created_at, last_failed_at, last_error
FROM push_subscriptions
WHERE person_id = $1 AND ($2::uuid IS NULL OR registration_id = $2) AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4;

-- name: count_subscriptions
-- How many subscriptions the list has.
SELECT count(*) FROM push_subscriptions WHERE person_id = $1 AND ($2::uuid IS NULL OR registration_id = $2);

-- name: delete_subscription
-- Push nothing there any more. No row: it is not theirs, or there is none.
DELETE FROM push_subscriptions WHERE id = $1 AND person_id = $2 AND ($3::uuid IS NULL OR registration_id = $3) RETURNING id;

-- name: list_pushes
-- What is to be pushed where, of these pairs of a subscription and a message: what still stands and was not read meanwhile, and
-- goes out by itself.
SELECT t.kind, t.payload, coalesce(s.language, t.language, p.language) AS language, t.edition_title, t.timezone, t.session_title,
       t.is_update, t.created_at, t.id AS message_id, t.number, t.edition_id, t.edition, t.session_id, t.registration_id,
       s.id AS subscription_id, s.endpoint, s.p256dh, s.auth, s.key_id
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (subscription_id, message_id)
JOIN push_subscriptions s ON s.id = wanted.subscription_id
JOIN persons p ON p.id = s.person_id
JOIN told_messages t ON t.id = wanted.message_id AND t.digest_id IS NULL
 AND (t.person_id = s.person_id OR (t.person_id IS NULL AND lower(t.recipient) = lower(p.email)))
WHERE NOT EXISTS (SELECT FROM notification_reads n WHERE n.message_id = t.id)
ORDER BY t.number, s.id;

-- name: delete_gone_subscriptions
-- The push services know these subscriptions no more, as they were ($2: the endpoint that was asked).
DELETE FROM push_subscriptions WHERE id IN (
    SELECT s.id FROM push_subscriptions s JOIN unnest($1::uuid[], $2::text[]) AS gone (id, endpoint) USING (id, endpoint)
    ORDER BY s.id FOR UPDATE OF s);

-- name: record_failures
-- Keep what push services said last when they did not take a push.
UPDATE push_subscriptions s SET last_failed_at = $3, last_error = f.error
FROM unnest($1::uuid[], $2::text[]) AS f (id, error) WHERE s.id = f.id;

-- name: forget_person
-- Delete where a person took pushes, and what they have read.
WITH read AS (DELETE FROM notification_reads WHERE person_id = $1 RETURNING 1),
subscribed AS (DELETE FROM push_subscriptions WHERE person_id = $1 RETURNING 1)
SELECT (SELECT count(*) FROM subscribed) AS push_subscriptions, (SELECT count(*) FROM read) AS notification_reads;
