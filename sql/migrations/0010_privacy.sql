-- The links by which people reach their own registration, their objections, and what becomes of what is held of them.

ALTER TABLE tokens ADD CONSTRAINT tokens_registration_exists
    FOREIGN KEY (edition_id, registration_id) REFERENCES registrations;
CREATE INDEX tokens_by_registration ON tokens (edition_id, registration_id) WHERE kind = 'registration';
CREATE INDEX tokens_by_person ON tokens (person_id) WHERE person_id IS NOT NULL;

CREATE TABLE registration_links (
    edition_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    id uuid NOT NULL CONSTRAINT registration_links_id_is_unique UNIQUE,
    created_at timestamptz NOT NULL,
    CONSTRAINT registration_links_pkey PRIMARY KEY (edition_id, registration_id),
    CONSTRAINT registration_links_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
COMMENT ON TABLE registration_links IS 'The one link of a registration that is good; a new one takes the place of the one before.';
COMMENT ON COLUMN registration_links.id IS
    'Random, signed in the link and shown nowhere else: neither this table nor the signing key opens a registration alone.';

CREATE FUNCTION end_links(of_person uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM registration_links l USING registrations r
    WHERE r.person_id = of_person AND l.edition_id = r.edition_id AND l.registration_id = r.id;
    UPDATE tokens SET expires_at = created_at WHERE kind = 'registration' AND person_id = of_person;
$$;
COMMENT ON FUNCTION end_links IS 'The links of a person, and the tokens that were had for them, are good no more. They end when they began, so that this needs no clock.';

CREATE FUNCTION end_links_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM end_links(OLD.id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION end_links_of_person IS 'What was mailed to an address is worth nothing once the person has another one.';
CREATE TRIGGER persons_end_links AFTER UPDATE OF email ON persons
    FOR EACH ROW WHEN (lower(NEW.email) <> lower(OLD.email)) EXECUTE FUNCTION end_links_of_person();

CREATE FUNCTION end_links_of_registration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM registration_links WHERE edition_id = OLD.edition_id AND registration_id = OLD.id;
    UPDATE tokens SET expires_at = created_at
    WHERE kind = 'registration' AND edition_id = OLD.edition_id AND registration_id = OLD.id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION end_links_of_registration IS 'Nor is it once the registration is somebody else''s.';
CREATE TRIGGER registrations_end_links AFTER UPDATE OF person_id ON registrations
    FOR EACH ROW WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION end_links_of_registration();

CREATE TABLE objections (
    edition_id uuid NOT NULL CONSTRAINT objections_edition_exists REFERENCES editions,
    person_id uuid NOT NULL CONSTRAINT objections_person_exists REFERENCES persons,
    objected_at timestamptz NOT NULL,
    CONSTRAINT objections_pkey PRIMARY KEY (edition_id, person_id)
);
COMMENT ON TABLE objections IS 'Who does not want to be registered by others for an edition, until they say otherwise.';

CREATE FUNCTION respect_objection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM objections WHERE edition_id = NEW.edition_id AND person_id = NEW.person_id) THEN
        RAISE EXCEPTION 'this person registers themselves'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registrations_by_others_respect_objections';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION respect_objection IS 'Nobody is registered by others against their will, whichever way it is tried.';
CREATE TRIGGER registrations_respect_objections AFTER INSERT ON registrations
    FOR EACH ROW WHEN (NEW.source <> 'self') EXECUTE FUNCTION respect_objection();

CREATE TABLE erasures (
    id uuid CONSTRAINT erasures_pkey PRIMARY KEY,
    edition_id uuid CONSTRAINT erasures_edition_exists REFERENCES editions,
    registration_id uuid,
    reason text NOT NULL CONSTRAINT erasures_reason_is_known CHECK (reason IN
        ('asked_by_the_person', 'registered_without_consent', 'registered_in_error', 'retention_is_over')),
    erased_at timestamptz NOT NULL,
    by_token uuid NOT NULL,
    removed jsonb NOT NULL,
    kept jsonb NOT NULL,
    CONSTRAINT erasures_of_a_registration_name_it CHECK ((edition_id IS NULL) = (registration_id IS NULL))
);
COMMENT ON TABLE erasures IS 'Evidence that somebody was erased: when, by which token, and how much of what was removed or kept. It names nobody.';
COMMENT ON COLUMN erasures.edition_id IS 'Null when the account was erased; each of its registrations has a row of its own.';
CREATE INDEX erasures_by_edition ON erasures (edition_id, id) WHERE edition_id IS NOT NULL;
CREATE TRIGGER erasures_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON erasures
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE erasure_rules (
    table_name text CONSTRAINT erasure_rules_pkey PRIMARY KEY,
    rule text NOT NULL CONSTRAINT erasure_rules_rule_is_known CHECK (rule IN ('deleted', 'emptied', 'kept')),
    basis text CONSTRAINT erasure_rules_basis_is_known CHECK (basis IN ('statistics', 'official_record', 'accountability')),
    CONSTRAINT erasure_rules_keep_for_a_reason CHECK ((rule = 'kept') = (basis IS NOT NULL))
);
COMMENT ON TABLE erasure_rules IS 'What becomes of the rows that belong to a person or a registration when it is erased. Every such table has a line.';
COMMENT ON COLUMN erasure_rules.rule IS
    'deleted: its rows go, wherever it has a registration_id; emptied: a statement of its slice takes out what tells who it was; kept: it tells nothing of the person but an id, which leads to nobody.';
COMMENT ON COLUMN erasure_rules.basis IS 'Why it may be kept.';
INSERT INTO erasure_rules (table_name, rule, basis) VALUES
    ('persons', 'emptied', NULL),
    ('registrations', 'emptied', NULL),
    ('registration_transitions', 'emptied', NULL),
    ('registration_links', 'deleted', NULL),
    ('objections', 'emptied', NULL),
    ('messages', 'emptied', NULL),
    ('sign_in_codes', 'emptied', NULL),
    ('grants', 'emptied', NULL),
    ('tokens', 'emptied', NULL),
    ('badges', 'kept', 'accountability'),
    ('erasures', 'kept', 'accountability'),
    ('scans', 'kept', 'statistics'),
    ('trails', 'kept', 'statistics'),
    ('presences', 'kept', 'statistics'),
    ('attendances', 'kept', 'statistics'),
    ('pledges', 'kept', 'official_record');

CREATE VIEW personal_columns AS
SELECT c.table_name::text AS table_name, c.column_name::text AS column_name
FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
WHERE c.table_schema = 'public' AND c.column_name IN ('person_id', 'owner_id', 'registration_id', 'email', 'recipient')
UNION
SELECT 'registrations', 'id';
COMMENT ON VIEW personal_columns IS 'By which column a row belongs to a person, read from the catalogue: a table that is added is found by what its columns are called.';

CREATE FUNCTION delete_personal_rows(of_edition uuid, of_registration uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    named text;
    touched bigint;
    counts jsonb := '{}';
BEGIN
    FOR named IN
        SELECT r.table_name FROM erasure_rules r
        JOIN personal_columns c ON c.table_name = r.table_name AND c.column_name = 'registration_id'
        WHERE r.rule = 'deleted' ORDER BY r.table_name
    LOOP
        EXECUTE format('DELETE FROM %I WHERE edition_id = $1 AND registration_id = $2', named) USING of_edition, of_registration;
        GET DIAGNOSTICS touched = ROW_COUNT;
        counts := counts || jsonb_build_object(named, touched);
    END LOOP;
    RETURN counts;
END $$;
COMMENT ON FUNCTION delete_personal_rows IS 'Delete what belongs to a registration in every table whose rule says so; how many rows each had.';

CREATE FUNCTION count_kept_rows(of_edition uuid, of_registration uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    kept record;
    there bigint;
    counts jsonb := '{}';
BEGIN
    FOR kept IN
        SELECT r.table_name, r.basis FROM erasure_rules r
        JOIN personal_columns c ON c.table_name = r.table_name AND c.column_name = 'registration_id'
        WHERE r.rule = 'kept' AND r.table_name <> 'erasures' ORDER BY r.table_name
    LOOP
        EXECUTE format('SELECT count(*) FROM %I WHERE edition_id = $1 AND registration_id = $2', kept.table_name)
            INTO there USING of_edition, of_registration;
        counts := counts || jsonb_build_object(kept.table_name, jsonb_build_object('rows', there, 'basis', kept.basis));
    END LOOP;
    RETURN counts;
END $$;
COMMENT ON FUNCTION count_kept_rows IS 'How many rows of a registration stay in each table, and on what basis.';

CREATE FUNCTION is_person_needed(of_person uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    reference record;
    found boolean := EXISTS (SELECT FROM pledges WHERE owner_id = of_person);
BEGIN
    FOR reference IN
        SELECT c.conrelid::regclass AS table_name, a.attname AS column_name
        FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.confrelid = 'persons'::regclass
          AND c.conrelid NOT IN ('tokens'::regclass, 'objections'::regclass)
    LOOP
        EXIT WHEN found;
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I = $1)', reference.table_name, reference.column_name)
            INTO found USING of_person;
    END LOOP;
    RETURN found;
END $$;
COMMENT ON FUNCTION is_person_needed IS 'Whether anything but tokens and objections still refers to a person, by the foreign keys that there are.';

CREATE FUNCTION personal_data(of_person uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    held record;
    found jsonb;
    rows_of jsonb := '{}';
    address text := (SELECT lower(email) FROM persons WHERE id = of_person);
BEGIN
    FOR held IN
        SELECT table_name, string_agg(CASE
                   WHEN column_name IN ('email', 'recipient') THEN format('lower(t.%I) = $2', column_name)
                   WHEN column_name = 'registration_id' THEN
                       't.registration_id IN (SELECT r.id FROM registrations r WHERE r.person_id = $1)'
                   WHEN column_name = 'id' THEN 't.person_id = $1'
                   ELSE format('t.%I = $1', column_name) END, ' OR ') AS is_theirs
        FROM personal_columns
        WHERE table_name NOT IN ('registration_links', 'erasures')
        GROUP BY table_name ORDER BY table_name
    LOOP
        EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(t) - $3), ''[]'') FROM %I t WHERE %s', held.table_name, held.is_theirs)
            INTO found USING of_person, address, ARRAY(
                SELECT c.column_name::text FROM information_schema.columns c
                WHERE c.table_schema = 'public' AND c.table_name = held.table_name
                  AND (c.data_type = 'bytea' OR (c.table_name, c.column_name) = ('messages', 'payload')));
        rows_of := rows_of || jsonb_build_object(held.table_name, found);
    END LOOP;
    RETURN rows_of;
END $$;
COMMENT ON FUNCTION personal_data IS 'Every row of every table that belongs to a person, without secrets: no hashes, and no payload of a mail, which can hold a code.';
