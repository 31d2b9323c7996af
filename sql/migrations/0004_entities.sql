-- States, cities, organizations: who takes part. Global, because they come back edition after edition.

CREATE FUNCTION fold_text(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- Compatibility forms taken apart, then without: marks on Latin, Greek and Cyrillic letters, points of Hebrew, vowels of
    -- Arabic with its hamza above and below and its stretching, and characters that cannot be seen. What has no parts (dotless
    -- i, crossed l, d, o, h, t, eth, final sigma, alef maqsura, Persian yeh and kaf, teh marbuta, alef wasla, and typographic
    -- apostrophes and hyphens) becomes what people type for it.
    -- Text of ASCII alone has none of these.
    SELECT CASE WHEN octet_length(given) = length(given) THEN lower(given) ELSE replace(replace(replace(replace(translate(
        lower(regexp_replace(normalize(given, NFKD),
            '[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u2060\ufeff]',
            '', 'g')),
        U&'\0131\0142\0111\00f8\0127\0167\00f0\03c2\0649\06cc\06a9\0629\0671\2018\2019\02bb\02bc\2010\2013',
        U&'ildohtd\03c3\064a\064a\0643\0647\0627''''''''--'),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th') END
$$;
COMMENT ON FUNCTION fold_text IS 'Text as it is searched: without case, accents and the like, in any script, with no extension.';

CREATE FUNCTION word_patterns(given text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg('%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%')
    FROM regexp_split_to_table(fold_text(given), '\s+') word WHERE word <> ''
$$;
COMMENT ON FUNCTION word_patterns IS 'A LIKE pattern for each word of what somebody looks for; null when there is none.';

CREATE TABLE entities (
    id uuid CONSTRAINT entities_pkey PRIMARY KEY,
    name text NOT NULL,
    alternative_names text[] NOT NULL DEFAULT '{}',
    category text NOT NULL,
    country text CONSTRAINT entities_country_is_two_letters CHECK (country ~ '^[A-Z]{2}$'),
    parent_id uuid CONSTRAINT entities_parent_exists REFERENCES entities,
    external_id text CONSTRAINT entities_one_per_external_id UNIQUE,
    merged_into uuid CONSTRAINT entities_merged_into_exists REFERENCES entities,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT entities_are_not_their_own_parent CHECK (parent_id <> id),
    CONSTRAINT entities_are_not_merged_into_themselves CHECK (merged_into <> id)
);
COMMENT ON TABLE entities IS 'A State, UN body, city, NGO, refugee-led organization, company, faith group ...';
COMMENT ON COLUMN entities.merged_into IS 'The entity that this one turned out to be: it is read instead, and nothing new may name this one.';
CREATE INDEX entities_by_parent ON entities (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX entities_by_merge ON entities (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE entity_names (
    folded_name text NOT NULL,
    category text NOT NULL,
    entity_id uuid NOT NULL CONSTRAINT entity_names_entity_exists REFERENCES entities,
    CONSTRAINT entity_names_one_per_category PRIMARY KEY (folded_name, category)
);
COMMENT ON TABLE entity_names IS
    'Every name that an entity goes by, folded: in its category it is nobody else''s. Kept in step by a trigger.';
CREATE INDEX entity_names_by_entity ON entity_names (entity_id);

CREATE FUNCTION keep_entity_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entity_names WHERE entity_id = NEW.id;
    INSERT INTO entity_names (folded_name, category, entity_id)
    SELECT DISTINCT fold_text(given.name), NEW.category, NEW.id FROM unnest(NEW.name || NEW.alternative_names) AS given (name)
    WHERE NEW.merged_into IS NULL ORDER BY 1;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_entity_names IS 'Whatever writes a name, it is found by it, and no other of the category can have it.';
CREATE TRIGGER entities_keep_names AFTER INSERT OR UPDATE OF name, alternative_names, category, merged_into ON entities
    FOR EACH ROW EXECUTE FUNCTION keep_entity_names();

CREATE TABLE delegations (
    edition_id uuid NOT NULL CONSTRAINT delegations_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    entity_id uuid NOT NULL CONSTRAINT delegations_entity_exists REFERENCES entities,
    head_id uuid,
    merged_into uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT delegations_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT delegations_one_per_entity UNIQUE (edition_id, entity_id),
    CONSTRAINT delegations_merged_into_exists FOREIGN KEY (edition_id, merged_into) REFERENCES delegations
);
COMMENT ON TABLE delegations IS 'An entity taking part in an edition. Its people may belong to other entities.';
COMMENT ON COLUMN delegations.head_id IS 'The registration, of this delegation and active, of who leads it.';
COMMENT ON COLUMN delegations.merged_into IS
    'The delegation that its people are in since its entity was merged; the row stays, so that figures of the past keep its name.';

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

CREATE VIEW delegation_details AS
SELECT d.edition_id, d.id, d.entity_id AS entity, e.name AS entity_name, e.category AS entity_category,
       e.country AS entity_country, d.head_id AS head, hall.quota AS in_person_quota, line.quota AS online_quota, d.version,
       d.merged_into
FROM delegations d
JOIN entities e ON e.id = d.entity_id
JOIN quotas hall ON (hall.edition_id, hall.delegation_id, hall.mode) = (d.edition_id, d.id, 'in_person')
JOIN quotas line ON (line.edition_id, line.delegation_id, line.mode) = (d.edition_id, d.id, 'online');
COMMENT ON VIEW delegation_details IS 'A delegation with its quotas, as the contract shows it.';
