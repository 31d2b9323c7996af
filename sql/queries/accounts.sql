-- name: ensure_person
-- The person of an address, made when there is none; an existing person is left as they are.
WITH made AS (
    INSERT INTO persons (id, email, language, timezone, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (lower(email)) DO NOTHING
    RETURNING id
)
SELECT id FROM made UNION ALL SELECT id FROM persons WHERE lower(email) = lower($2) LIMIT 1;

-- name: find_person_email
-- The address of a person.
SELECT email FROM persons WHERE id = $1;

-- name: count_recent_codes
-- How many codes were asked for an address since an instant.
SELECT count(*) FROM sign_in_codes WHERE lower(email) = lower($1) AND created_at > $2;

-- name: insert_code
-- Keep the hash of a code that is about to be mailed.
INSERT INTO sign_in_codes (id, email, code_sha256, created_at, expires_at) VALUES ($1, $2, $3, $4, $5);

-- name: use_code
-- Spend the newest live code of an address when it is the right one, else count the attempt; the address that it was mailed to, when right.
UPDATE sign_in_codes SET attempts = attempts + 1, used_at = CASE WHEN code_sha256 = $2 THEN $3::timestamptz END
WHERE id = (SELECT id FROM sign_in_codes
            WHERE lower(email) = lower($1) AND used_at IS NULL AND expires_at > $3 AND attempts < 5
            ORDER BY created_at DESC LIMIT 1 FOR UPDATE)
RETURNING CASE WHEN used_at IS NOT NULL THEN email END AS email;

-- name: insert_token
-- Keep the hash of a new token.
INSERT INTO tokens (id, sha256, kind, person_id, edition_id, registration_id, speaker_id, label, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id, kind, edition_id, label, scopes, created_at, expires_at, revoked_at;

-- name: list_tokens
-- The client and device tokens of an edition, newest key last.
SELECT id, kind, edition_id, label, scopes, created_at, expires_at, revoked_at
FROM tokens
WHERE edition_id = $1 AND kind IN ('client', 'device') AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3;

-- name: revoke_token
-- Revoke a token of an edition; one that was revoked stays as it was.
UPDATE tokens SET revoked_at = coalesce(revoked_at, $3) WHERE edition_id = $1 AND id = $2 AND kind IN ('client', 'device')
RETURNING id, kind, edition_id, label, scopes, created_at, expires_at, revoked_at;

-- name: revoke_own_token
-- Sign out: the token that was used is good no more.
UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL;

-- name: insert_grant
-- Give a person a role; giving it again changes nothing and answers the grant that there is.
WITH made AS (
    INSERT INTO grants (id, person_id, role, edition_id, delegation_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT ON CONSTRAINT grants_one_per_person_role_edition_and_delegation DO NOTHING
    RETURNING id, person_id, role, edition_id, delegation_id, created_at
), there AS (
    SELECT * FROM made
    UNION ALL
    SELECT id, person_id, role, edition_id, delegation_id, created_at FROM grants
    WHERE person_id = $2 AND role = $3 AND edition_id IS NOT DISTINCT FROM $4 AND delegation_id IS NOT DISTINCT FROM $5
    LIMIT 1
)
SELECT t.id, p.email, t.role, t.edition_id, t.delegation_id, t.created_at FROM there t JOIN persons p ON p.id = t.person_id;

-- name: list_grants
-- The roles given on an edition and on its delegations, of one role ($2) or all.
SELECT g.id, p.email, g.role, g.edition_id, g.delegation_id, g.created_at
FROM grants g JOIN persons p ON p.id = g.person_id
WHERE g.edition_id = $1 AND ($2::text IS NULL OR g.role = $2) AND ($3::uuid IS NULL OR g.delegation_id = $3)
  AND ($4::uuid IS NULL OR g.id > $4)
ORDER BY g.id LIMIT $5;

-- name: count_grants
-- How many roles the list has.
SELECT count(*) FROM grants
WHERE edition_id = $1 AND ($2::text IS NULL OR role = $2) AND ($3::uuid IS NULL OR delegation_id = $3);

-- name: delete_grant
-- Take a role back.
DELETE FROM grants WHERE edition_id = $1 AND id = $2;

-- name: pseudonymise_person
-- Take out of a person what tells who it was. Their roles go, their tokens end, and so do the codes that were mailed.
WITH given AS (DELETE FROM grants WHERE person_id = $1 RETURNING 1),
codes AS (
    DELETE FROM sign_in_codes WHERE lower(email) = (SELECT lower(email) FROM persons WHERE id = $1) RETURNING 1
),
ended AS (
    UPDATE tokens SET revoked_at = coalesce(revoked_at, $2) WHERE person_id = $1 RETURNING id
),
answers AS (
    DELETE FROM idempotency_keys WHERE principal IN (SELECT id::text FROM tokens WHERE person_id = $1) RETURNING 1
),
emptied AS (
    UPDATE persons SET email = 'erased-' || id::text || '@erased.invalid', language = 'en', timezone = 'UTC' WHERE id = $1 RETURNING 1
)
SELECT (SELECT count(*) FROM emptied) AS persons, (SELECT count(*) FROM given) AS grants,
       (SELECT count(*) FROM codes) AS sign_in_codes, (SELECT count(*) FROM ended) AS tokens,
       (SELECT count(*) FROM answers) AS idempotency_keys;
