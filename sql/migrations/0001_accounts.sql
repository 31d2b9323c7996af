-- People, their roles, the tokens by which principals are known, and the answers kept for retries.

CREATE TABLE series (
    code text CONSTRAINT series_pkey PRIMARY KEY CONSTRAINT series_code_is_a_slug CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    title jsonb NOT NULL
);
COMMENT ON TABLE series IS 'A forum that is held again and again (GRF, IMRF). It owns vocabularies.';

CREATE TABLE terms (
    series_code text NOT NULL CONSTRAINT terms_series_exists REFERENCES series,
    vocabulary text NOT NULL CONSTRAINT terms_vocabulary_is_known CHECK (vocabulary IN
        ('session_type', 'stakeholder_category', 'objective', 'focus_area', 'contribution_kind', 'multistakeholder_pledge')),
    value text NOT NULL CONSTRAINT terms_value_is_a_name CHECK (value ~ '^[a-z0-9_]{1,60}$'),
    label jsonb NOT NULL,
    position integer NOT NULL,
    CONSTRAINT terms_one_value_per_vocabulary PRIMARY KEY (series_code, vocabulary, value)
);
COMMENT ON TABLE terms IS 'The values that a series allows in one of its vocabularies, with their labels.';

CREATE TABLE persons (
    id uuid CONSTRAINT persons_pkey PRIMARY KEY,
    email text NOT NULL,
    language text NOT NULL DEFAULT 'en',
    timezone text NOT NULL DEFAULT 'UTC',
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE persons IS 'Somebody who can be reached at one address. Names belong to registrations.';
CREATE UNIQUE INDEX persons_one_per_email ON persons (lower(email));

CREATE TABLE sign_in_codes (
    id uuid CONSTRAINT sign_in_codes_pkey PRIMARY KEY,
    email text NOT NULL,
    code_sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    CONSTRAINT sign_in_codes_expire_after_creation CHECK (expires_at > created_at)
);
COMMENT ON TABLE sign_in_codes IS 'One-time codes sent by mail: single use, fifteen minutes, five attempts.';
CREATE INDEX sign_in_codes_by_email ON sign_in_codes (lower(email), created_at);

CREATE TABLE idempotency_keys (
    principal text NOT NULL,
    route text NOT NULL,
    key_sha256 text NOT NULL,
    request_sha256 bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_one_answer_per_request PRIMARY KEY (principal, route, key_sha256)
);
COMMENT ON TABLE idempotency_keys IS 'What was answered to a POST with an Idempotency-Key; kept for 24 hours. Bodies can be opened only with the key and the token.';
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
