-- States, cities, organizations: who takes part. Global, because they come back edition after edition.

CREATE TABLE entities (
    id uuid CONSTRAINT entities_pkey PRIMARY KEY,
    name text NOT NULL,
    category text NOT NULL,
    country text CONSTRAINT entities_country_is_two_letters CHECK (country ~ '^[A-Z]{2}$'),
    parent_id uuid CONSTRAINT entities_parent_exists REFERENCES entities,
    external_id text CONSTRAINT entities_one_per_external_id UNIQUE,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT entities_are_not_their_own_parent CHECK (parent_id <> id)
);
COMMENT ON TABLE entities IS 'A State, UN body, city, NGO, refugee-led organization, company, faith group ...';
CREATE UNIQUE INDEX entities_one_per_name_and_category ON entities (lower(name), category);

CREATE TABLE delegations (
    edition_id uuid NOT NULL CONSTRAINT delegations_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    entity_id uuid NOT NULL CONSTRAINT delegations_entity_exists REFERENCES entities,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT delegations_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT delegations_one_per_entity UNIQUE (edition_id, entity_id)
);
COMMENT ON TABLE delegations IS 'An entity taking part in an edition. Its people may belong to other entities.';

CREATE TABLE quotas (
    edition_id uuid NOT NULL,
    delegation_id uuid NOT NULL,
    mode text NOT NULL CONSTRAINT quotas_mode_is_known CHECK (mode IN ('in_person', 'online')),
    quota integer CONSTRAINT quotas_are_not_negative CHECK (quota >= 0),
    taken integer NOT NULL DEFAULT 0 CONSTRAINT quotas_taken_is_not_negative CHECK (taken >= 0),
    kept_over_quota integer NOT NULL DEFAULT 0 CONSTRAINT quotas_kept_over_quota_is_not_negative CHECK (kept_over_quota >= 0),
    CONSTRAINT quotas_pkey PRIMARY KEY (edition_id, delegation_id, mode),
    CONSTRAINT quotas_delegation_exists FOREIGN KEY (edition_id, delegation_id) REFERENCES delegations ON DELETE CASCADE,
    CONSTRAINT quotas_taken_never_exceed_quota CHECK (taken <= quota + kept_over_quota)
);
COMMENT ON TABLE quotas IS 'How many people a delegation may have per mode (null: no limit) and how many that count it has.';
COMMENT ON COLUMN quotas.kept_over_quota IS 'People who keep their place after the quota was lowered below use; it only shrinks.';

CREATE FUNCTION make_quotas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO quotas (edition_id, delegation_id, mode)
    VALUES (NEW.edition_id, NEW.id, 'in_person'), (NEW.edition_id, NEW.id, 'online');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION make_quotas IS 'Every delegation is counted from the beginning, with or without a limit.';
CREATE TRIGGER delegations_make_quotas AFTER INSERT ON delegations FOR EACH ROW EXECUTE FUNCTION make_quotas();
