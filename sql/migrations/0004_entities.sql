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
