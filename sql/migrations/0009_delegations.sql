-- Who leads a delegation and who looks after it, and what becomes of two entities that turn out to be one.

ALTER TABLE delegations ADD CONSTRAINT delegations_head_exists FOREIGN KEY (edition_id, head_id) REFERENCES registrations;
ALTER TABLE grants ADD CONSTRAINT grants_delegation_exists
    FOREIGN KEY (edition_id, delegation_id) REFERENCES delegations ON DELETE CASCADE;
CREATE INDEX grants_by_delegation ON grants (edition_id, delegation_id) WHERE delegation_id IS NOT NULL;
CREATE INDEX registrations_by_delegation ON registrations (edition_id, delegation_id, id) WHERE delegation_id IS NOT NULL;

CREATE FUNCTION dismiss_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE delegations SET head_id = NULL, version = version + 1
    WHERE edition_id = OLD.edition_id AND id = OLD.delegation_id AND head_id = OLD.id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION dismiss_head IS 'Who leaves a delegation, or takes part no more, leads it no more.';
CREATE TRIGGER registrations_dismiss_head AFTER UPDATE OF delegation_id, status ON registrations FOR EACH ROW
    WHEN (OLD.delegation_id IS NOT NULL AND (NEW.delegation_id IS DISTINCT FROM OLD.delegation_id
                                             OR NEW.status NOT IN ('submitted', 'approved', 'waitlisted')))
    EXECUTE FUNCTION dismiss_head();

CREATE FUNCTION refuse_merged_entities(named uuid[], broken text, in_table text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT bool_or(locked.merged_into IS NOT NULL)
        FROM (SELECT e.merged_into FROM entities e WHERE e.id = ANY (named) ORDER BY e.id FOR KEY SHARE) locked) THEN
        RAISE foreign_key_violation USING MESSAGE = 'that entity was merged', CONSTRAINT = broken, TABLE = in_table;
    END IF;
END $$;
COMMENT ON FUNCTION refuse_merged_entities IS
    'Nothing new may name an entity that was merged away. The rows are locked, so that a merge under way is awaited.';

CREATE FUNCTION refuse_merged_names() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named uuid;
BEGIN
    IF TG_ARGV[0] = 'entity_id' THEN
        named := NEW.entity_id;
    ELSIF TG_ARGV[0] = 'lead_entity_id' THEN
        named := NEW.lead_entity_id;
    ELSE
        named := NEW.parent_id;
    END IF;
    PERFORM refuse_merged_entities(ARRAY[named], TG_ARGV[1], TG_TABLE_NAME);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION refuse_merged_names IS 'The same for a row whose column (first argument) names an entity; the second is what the refusal is called.';

CREATE TRIGGER entities_refuse_merged BEFORE INSERT OR UPDATE OF parent_id ON entities FOR EACH ROW
    WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_names('parent_id', 'entities_parent_exists');
CREATE TRIGGER delegations_refuse_merged BEFORE INSERT OR UPDATE OF entity_id ON delegations FOR EACH ROW
    EXECUTE FUNCTION refuse_merged_names('entity_id', 'delegations_entity_exists');
CREATE TRIGGER speakers_refuse_merged BEFORE INSERT OR UPDATE OF entity_id ON speakers FOR EACH ROW
    WHEN (NEW.entity_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_names('entity_id', 'speakers_entity_exists');
CREATE TRIGGER pledges_refuse_merged BEFORE INSERT OR UPDATE OF lead_entity_id ON pledges FOR EACH ROW
    EXECUTE FUNCTION refuse_merged_names('lead_entity_id', 'pledges_lead_entity_exists');
CREATE TRIGGER pledge_partners_refuse_merged BEFORE INSERT OR UPDATE OF entity_id ON pledge_partners FOR EACH ROW
    EXECUTE FUNCTION refuse_merged_names('entity_id', 'pledge_partners_partners_exist');
CREATE TRIGGER registrations_refuse_merged BEFORE INSERT OR UPDATE OF entity_id ON registrations FOR EACH ROW
    WHEN (NEW.entity_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_names('entity_id', 'registrations_entity_exists');

CREATE FUNCTION refuse_merged_organisers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_merged_entities(NEW.organiser_ids, 'sessions_organisers_exists', 'sessions');
    RETURN NEW;
END $$;
COMMENT ON FUNCTION refuse_merged_organisers IS 'The same for the organisers of a session.';
CREATE TRIGGER sessions_refuse_merged BEFORE INSERT OR UPDATE OF organiser_ids ON sessions FOR EACH ROW
    WHEN (NEW.organiser_ids <> '{}') EXECUTE FUNCTION refuse_merged_organisers();

CREATE FUNCTION refuse_merged_delegation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT locked.merged_into IS NOT NULL
        FROM (SELECT d.merged_into FROM delegations d WHERE d.edition_id = NEW.edition_id AND d.id = NEW.delegation_id
              FOR KEY SHARE) locked) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'that delegation was merged', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION refuse_merged_delegation IS 'The same for a delegation that was merged away.';
CREATE TRIGGER registrations_refuse_merged_delegation BEFORE INSERT OR UPDATE OF delegation_id ON registrations FOR EACH ROW
    WHEN (NEW.delegation_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_delegation('registrations_delegation_exists');
CREATE TRIGGER grants_refuse_merged_delegation BEFORE INSERT OR UPDATE OF delegation_id ON grants FOR EACH ROW
    WHEN (NEW.delegation_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_delegation('grants_delegation_exists');

CREATE TABLE entity_merges (
    id uuid CONSTRAINT entity_merges_pkey PRIMARY KEY,
    entity_id uuid NOT NULL CONSTRAINT entity_merges_entity_exists REFERENCES entities
        CONSTRAINT entity_merges_one_per_entity UNIQUE,
    name text NOT NULL,
    into_id uuid NOT NULL CONSTRAINT entity_merges_into_exists REFERENCES entities,
    merged_at timestamptz NOT NULL,
    by_token uuid NOT NULL,
    reason text
);
COMMENT ON TABLE entity_merges IS 'Which entity was merged into which, when, by which token and why; never changed.';
COMMENT ON COLUMN entity_merges.name IS 'What the entity that is gone was called.';
CREATE INDEX entity_merges_by_into ON entity_merges (into_id);
CREATE TRIGGER entity_merges_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON entity_merges
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION unite_delegations(gone uuid, kept uuid, united_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    pair record;
    united uuid[] := '{}';
BEGIN
    FOR pair IN
        SELECT g.edition_id, g.id AS gone_id, g.head_id, k.id AS kept_id
        FROM delegations g JOIN delegations k ON k.edition_id = g.edition_id AND k.entity_id = kept
        WHERE g.entity_id = gone ORDER BY g.edition_id FOR UPDATE
    LOOP
        united := united || pair.edition_id;
        UPDATE quotas k SET kept_over_quota = greatest(k.kept_over_quota, k.taken + g.taken - k.quota)
        FROM quotas g
        WHERE (g.edition_id, g.delegation_id, g.mode) = (k.edition_id, pair.gone_id, k.mode)
          AND (k.edition_id, k.delegation_id) = (pair.edition_id, pair.kept_id) AND k.quota IS NOT NULL;
        UPDATE registrations SET delegation_id = pair.kept_id, edited_at = united_at, version = version + 1
        WHERE edition_id = pair.edition_id AND delegation_id = pair.gone_id;
        DELETE FROM grants g WHERE g.edition_id = pair.edition_id AND g.delegation_id = pair.gone_id
           AND EXISTS (SELECT FROM grants k WHERE k.edition_id = pair.edition_id AND k.delegation_id = pair.kept_id
                         AND k.person_id = g.person_id AND k.role = g.role);
        UPDATE grants SET delegation_id = pair.kept_id WHERE edition_id = pair.edition_id AND delegation_id = pair.gone_id;
        UPDATE delegations SET head_id = coalesce(head_id, pair.head_id), version = version + 1
        WHERE edition_id = pair.edition_id AND id = pair.kept_id;
        UPDATE delegations SET merged_into = pair.kept_id, version = version + 1
        WHERE edition_id = pair.edition_id AND (id = pair.gone_id OR merged_into = pair.gone_id);
    END LOOP;
    UPDATE delegations SET entity_id = kept, version = version + 1 WHERE entity_id = gone AND merged_into IS NULL;
    PERFORM promote_waiting(edition, united_at) FROM unnest(united) AS u (edition);
END $$;
COMMENT ON FUNCTION unite_delegations IS
    'Where both entities have a delegation, people and focal points of one move to the other, whose quotas hold from then on: nobody loses a place, and who waited for the other quota may have one. Elsewhere it changes its entity.';

CREATE FUNCTION merge_entity(gone uuid, kept uuid, united_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM unite_delegations(gone, kept, united_at);
    UPDATE registrations SET entity_id = kept, edited_at = united_at, version = version + 1 WHERE entity_id = gone;
    UPDATE speakers SET entity_id = kept, version = version + 1 WHERE entity_id = gone;
    UPDATE sessions s SET revised_at = united_at, version = version + 1,
           organiser_ids = (SELECT array_agg(named.id ORDER BY named.position)
                            FROM (SELECT CASE o.id WHEN gone THEN kept ELSE o.id END AS id, min(o.position) AS position
                                  FROM unnest(s.organiser_ids) WITH ORDINALITY AS o (id, position) GROUP BY 1) named)
    WHERE gone = ANY (organiser_ids);
    UPDATE pledges p SET lead_entity_id = CASE lead_entity_id WHEN gone THEN kept ELSE lead_entity_id END, version = version + 1
    WHERE lead_entity_id = gone OR EXISTS (SELECT FROM pledge_partners m
                                           WHERE m.edition_id = p.edition_id AND m.pledge_id = p.id AND m.entity_id = gone);
    UPDATE pledge_partners k SET accepted_at = least(k.accepted_at, g.accepted_at)
    FROM pledge_partners g
    WHERE g.entity_id = gone AND k.entity_id = kept AND k.edition_id = g.edition_id AND k.pledge_id = g.pledge_id;
    DELETE FROM pledge_partners g USING pledge_partners k
    WHERE g.entity_id = gone AND k.entity_id = kept AND k.edition_id = g.edition_id AND k.pledge_id = g.pledge_id;
    UPDATE pledge_partners SET entity_id = kept WHERE entity_id = gone;
    DELETE FROM pledge_partners m USING pledges p
    WHERE m.entity_id = kept AND p.edition_id = m.edition_id AND p.id = m.pledge_id AND p.lead_entity_id = kept;
    UPDATE entities SET parent_id = kept, version = version + 1 WHERE parent_id = gone;
    UPDATE entities SET merged_into = kept, version = version + 1 WHERE id = gone OR merged_into = gone;
    UPDATE entities k SET alternative_names = k.alternative_names || g.name || g.alternative_names, version = k.version + 1
    FROM entities g WHERE k.id = kept AND g.id = gone;
END $$;
COMMENT ON FUNCTION merge_entity IS
    'Everything that names one entity names the other from now on. The caller has locked both, and knows that neither is inside the one that goes.';
