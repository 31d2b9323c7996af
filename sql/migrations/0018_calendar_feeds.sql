-- Personal calendars to subscribe to, each behind a secret address.

CREATE TABLE calendar_feeds (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    registration_id uuid NOT NULL,
    label text,
    sha256 bytea NOT NULL CONSTRAINT calendar_feeds_address_is_unique UNIQUE,
    created_at timestamptz NOT NULL,
    rotated_at timestamptz,
    previous_sha256 bytea CONSTRAINT calendar_feeds_previous_address_is_unique UNIQUE,
    previous_ends_at timestamptz,
    CONSTRAINT calendar_feeds_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT calendar_feeds_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT calendar_feeds_previous_address_has_an_end CHECK ((previous_sha256 IS NULL) = (previous_ends_at IS NULL))
);
COMMENT ON TABLE calendar_feeds IS 'The secret addresses at which calendar applications read what concerns one registration; only their SHA-256 is here.';
COMMENT ON COLUMN calendar_feeds.previous_sha256 IS 'The address before the last rotation, good until previous_ends_at.';
CREATE INDEX calendar_feeds_by_registration ON calendar_feeds (edition_id, registration_id, id);

INSERT INTO erasure_rules (table_name, rule) VALUES ('calendar_feeds', 'deleted');
