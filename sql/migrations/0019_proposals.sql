-- Proposals: what entities would like to hold at an edition, how it is scored, and what is decided of it.

CREATE TABLE proposal_calls (
    edition_id uuid CONSTRAINT proposal_calls_pkey PRIMARY KEY CONSTRAINT proposal_calls_edition_exists REFERENCES editions,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    decides_on date,
    session_types text[] NOT NULL,
    max_per_entity integer NOT NULL DEFAULT 1 CONSTRAINT proposal_calls_max_per_entity_is_positive CHECK (max_per_entity > 0),
    proposers text NOT NULL DEFAULT 'anyone'
        CONSTRAINT proposal_calls_proposers_are_known CHECK (proposers IN ('anyone', 'own_entity')),
    criteria jsonb NOT NULL DEFAULT '[]',
    instructions jsonb,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT proposal_calls_open_before_they_close CHECK (closes_at > opens_at)
);
COMMENT ON TABLE proposal_calls IS 'From when to when an edition takes proposals, of which types, and by which criteria they are scored.';
COMMENT ON COLUMN proposal_calls.max_per_entity IS 'How many submitted, shortlisted or accepted proposals an entity may lead.';
COMMENT ON COLUMN proposal_calls.proposers IS 'Whether anyone may propose for any entity, or only who is its focal point or registered for it.';

CREATE TABLE proposals (
    edition_id uuid NOT NULL CONSTRAINT proposals_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    owner_id uuid CONSTRAINT proposals_owner_exists REFERENCES persons,
    title jsonb NOT NULL,
    abstract jsonb,
    concept_note jsonb NOT NULL,
    type text NOT NULL,
    preferred_slots jsonb NOT NULL DEFAULT '[]',
    lead_entity_id uuid NOT NULL CONSTRAINT proposals_lead_entity_exists REFERENCES entities,
    organiser_ids uuid[] NOT NULL,
    mode text NOT NULL CONSTRAINT proposals_mode_is_known CHECK (mode IN ('in_person', 'hybrid', 'online')),
    expected_attendance integer CONSTRAINT proposals_expected_attendance_is_not_negative CHECK (expected_attendance >= 0),
    languages text[] NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'draft' CONSTRAINT proposals_status_is_known CHECK (status IN
        ('draft', 'submitted', 'shortlisted', 'accepted', 'rejected', 'merged', 'withdrawn')),
    reason text,
    session_id uuid,
    merged_into uuid,
    created_at timestamptz NOT NULL,
    submitted_at timestamptz,
    decided_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT proposals_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT proposals_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT proposals_merged_into_exists FOREIGN KEY (edition_id, merged_into) REFERENCES proposals,
    CONSTRAINT proposals_one_per_session UNIQUE (edition_id, session_id),
    CONSTRAINT proposals_are_led_by_an_organiser CHECK (lead_entity_id = ANY (organiser_ids)),
    CONSTRAINT proposals_are_not_merged_into_themselves CHECK (merged_into <> id),
    CONSTRAINT proposals_accepted_have_a_session CHECK ((status = 'accepted') = (session_id IS NOT NULL)),
    CONSTRAINT proposals_merged_have_a_pointer CHECK ((status = 'merged') = (merged_into IS NOT NULL)),
    CONSTRAINT proposals_rejected_have_a_reason CHECK ((status = 'rejected') = (reason IS NOT NULL)),
    CONSTRAINT proposals_submitted_have_a_time CHECK (status IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL),
    CONSTRAINT proposals_decided_have_a_time CHECK ((status IN ('accepted', 'rejected', 'merged')) = (decided_at IS NOT NULL))
);
COMMENT ON TABLE proposals IS 'A session that entities would like to hold: from a draft to what was decided of it.';
COMMENT ON COLUMN proposals.owner_id IS 'Who proposed it; null for what the staff entered. Its contact, and focal points of its lead, act for it too.';
COMMENT ON COLUMN proposals.organiser_ids IS 'The entities that organise it, the lead among them.';
COMMENT ON COLUMN proposals.reason IS 'Why it was rejected, as the proposer was told.';
CREATE INDEX proposals_by_lead ON proposals (edition_id, lead_entity_id) WHERE status IN ('submitted', 'shortlisted', 'accepted');
CREATE INDEX proposals_by_owner ON proposals (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE proposal_contacts (
    edition_id uuid NOT NULL,
    proposal_id uuid NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    language text NOT NULL,
    CONSTRAINT proposal_contacts_pkey PRIMARY KEY (edition_id, proposal_id),
    CONSTRAINT proposal_contacts_proposal_exists FOREIGN KEY (edition_id, proposal_id) REFERENCES proposals ON DELETE CASCADE
);
COMMENT ON TABLE proposal_contacts IS 'To whom the staff writes about a proposal: deleted 90 days after the edition, or when that person is erased.';
CREATE INDEX proposal_contacts_by_email ON proposal_contacts (lower(email));

CREATE TABLE proposal_speakers (
    edition_id uuid NOT NULL,
    proposal_id uuid NOT NULL,
    position integer NOT NULL,
    display_name text NOT NULL,
    function text,
    entity_id uuid CONSTRAINT proposal_speakers_entity_exists REFERENCES entities,
    country text CONSTRAINT proposal_speakers_country_is_two_letters CHECK (country ~ '^[A-Z]{2}$'),
    role text NOT NULL CONSTRAINT proposal_speakers_role_is_known CHECK (role IN
        ('chair', 'moderator', 'keynote', 'panellist', 'statement')),
    CONSTRAINT proposal_speakers_pkey PRIMARY KEY (edition_id, proposal_id, position),
    CONSTRAINT proposal_speakers_proposal_exists FOREIGN KEY (edition_id, proposal_id) REFERENCES proposals ON DELETE CASCADE
);
COMMENT ON TABLE proposal_speakers IS 'Who should speak if a proposal is accepted. They may not know of it: seen by its proposers and the staff alone, and deleted 90 days after the edition.';

CREATE TABLE proposal_scores (
    edition_id uuid NOT NULL,
    proposal_id uuid NOT NULL,
    person_id uuid NOT NULL CONSTRAINT proposal_scores_person_exists REFERENCES persons,
    points jsonb NOT NULL,
    comment text,
    scored_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT proposal_scores_one_per_reviewer PRIMARY KEY (edition_id, proposal_id, person_id),
    CONSTRAINT proposal_scores_proposal_exists FOREIGN KEY (edition_id, proposal_id) REFERENCES proposals ON DELETE CASCADE
);
COMMENT ON TABLE proposal_scores IS 'One sheet per reviewer and proposal: points for every criterion of the call.';

CREATE TABLE proposal_transitions (
    edition_id uuid NOT NULL,
    proposal_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    before text,
    status text NOT NULL,
    at timestamptz NOT NULL,
    by_token uuid,
    reason text,
    CONSTRAINT proposal_transitions_pkey PRIMARY KEY (edition_id, proposal_id, number),
    CONSTRAINT proposal_transitions_proposal_exists FOREIGN KEY (edition_id, proposal_id) REFERENCES proposals ON DELETE CASCADE
);
COMMENT ON TABLE proposal_transitions IS 'Every status that a proposal had: since when, by which token, and why.';

CREATE FUNCTION limit_proposals_of_a_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('proposals ' || NEW.edition_id::text || ' ' || NEW.lead_entity_id::text, 0));
    IF (SELECT count(*) FROM proposals p
        WHERE p.edition_id = NEW.edition_id AND p.lead_entity_id = NEW.lead_entity_id
          AND p.status IN ('submitted', 'shortlisted', 'accepted'))
       > (SELECT c.max_per_entity FROM proposal_calls c WHERE c.edition_id = NEW.edition_id) THEN
        RAISE EXCEPTION 'this entity leads as many proposals as it may'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'proposals_no_more_per_lead_than_the_call_allows';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION limit_proposals_of_a_lead IS
    'The limit of the call holds however a proposal becomes one that counts. The lock is taken before the count, so that two at once are counted one by one.';
CREATE TRIGGER proposals_limit_per_lead AFTER UPDATE OF status ON proposals FOR EACH ROW
    WHEN (NEW.status IN ('submitted', 'shortlisted', 'accepted') AND OLD.status NOT IN ('submitted', 'shortlisted', 'accepted'))
    EXECUTE FUNCTION limit_proposals_of_a_lead();

CREATE FUNCTION refuse_merged_proposal_organisers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_merged_entities(NEW.organiser_ids, 'proposals_organisers_exists', 'proposals');
    RETURN NEW;
END $$;
COMMENT ON FUNCTION refuse_merged_proposal_organisers IS 'Nothing new may name an entity that was merged away; the lead is among the organisers.';
CREATE TRIGGER proposals_refuse_merged BEFORE INSERT OR UPDATE OF organiser_ids ON proposals FOR EACH ROW
    EXECUTE FUNCTION refuse_merged_proposal_organisers();
CREATE TRIGGER proposal_speakers_refuse_merged BEFORE INSERT OR UPDATE OF entity_id ON proposal_speakers FOR EACH ROW
    WHEN (NEW.entity_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_names('entity_id', 'proposal_speakers_entity_exists');

CREATE FUNCTION unite_ids(given uuid[]) RETURNS uuid[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT array_agg(named.id ORDER BY named.position)
        FROM (SELECT g.id, min(g.position) AS position FROM unnest(given) WITH ORDINALITY AS g (id, position) GROUP BY g.id) named);
COMMENT ON FUNCTION unite_ids IS 'Each id once, in the order in which it first stands.';

CREATE FUNCTION follow_merged_entity_in_proposals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE proposals SET lead_entity_id = CASE lead_entity_id WHEN NEW.id THEN NEW.merged_into ELSE lead_entity_id END,
           organiser_ids = unite_ids(array_replace(organiser_ids, NEW.id, NEW.merged_into)), version = version + 1
    WHERE NEW.id = ANY (organiser_ids);
    UPDATE proposal_speakers SET entity_id = NEW.merged_into WHERE entity_id = NEW.id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_merged_entity_in_proposals IS
    'What named an entity that was merged names the other from now on. An entity that leads more proposals by this than it may keeps them.';
CREATE TRIGGER entities_followed_by_proposals AFTER UPDATE OF merged_into ON entities FOR EACH ROW
    WHEN (OLD.merged_into IS NULL AND NEW.merged_into IS NOT NULL) EXECUTE FUNCTION follow_merged_entity_in_proposals();

CREATE FUNCTION is_proposer(p proposals, of_person uuid, of_delegations uuid[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(p.owner_id = of_person, false)
        OR EXISTS (SELECT FROM proposal_contacts c JOIN persons m ON lower(m.email) = lower(c.email)
                   WHERE c.edition_id = p.edition_id AND c.proposal_id = p.id AND m.id = of_person)
        OR EXISTS (SELECT FROM delegations d
                   WHERE d.edition_id = p.edition_id AND d.entity_id = p.lead_entity_id AND d.id = ANY (of_delegations))
$$;
COMMENT ON FUNCTION is_proposer IS 'Whether somebody acts for a proposal: who proposed it, its contact, or a focal point of its lead.';

CREATE FUNCTION entities_of(of_edition uuid, of_person uuid, of_delegations uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT d.entity_id FROM delegations d WHERE d.edition_id = of_edition AND d.id = ANY (of_delegations)
    UNION
    SELECT named.id FROM registrations r
    LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
    CROSS JOIN LATERAL unnest(ARRAY[r.entity_id, d.entity_id]) AS named (id)
    WHERE r.edition_id = of_edition AND r.person_id = of_person AND r.status IN ('submitted', 'approved', 'waitlisted')
      AND named.id IS NOT NULL
$$;
COMMENT ON FUNCTION entities_of IS 'The entities that somebody belongs to at an edition: as the focal point of their delegations, or registered for them.';

CREATE FUNCTION sheet_score(criteria jsonb, points jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT 100 * sum((c ->> 'weight')::numeric * (points ->> (c ->> 'id'))::numeric / (c ->> 'max_score')::numeric)
               / sum((c ->> 'weight')::numeric)
        FROM jsonb_array_elements(criteria) AS of_call (c) WHERE points ? (c ->> 'id'));
COMMENT ON FUNCTION sheet_score IS 'The weighted mean of what a sheet gives of the most that each criterion allows, of 100.';

CREATE VIEW proposal_details AS
SELECT p.edition_id, p.id, p.title, p.abstract, p.concept_note, p.type, p.preferred_slots, p.lead_entity_id AS lead_entity,
       p.organiser_ids AS organisers,
       coalesce((SELECT jsonb_agg(jsonb_build_object('display_name', s.display_name, 'function', s.function, 'entity', s.entity_id,
                                                     'country', s.country, 'role', s.role) ORDER BY s.position)
                 FROM proposal_speakers s WHERE s.edition_id = p.edition_id AND s.proposal_id = p.id), '[]') AS speakers,
       p.mode, p.expected_attendance, p.languages,
       (SELECT jsonb_build_object('name', c.name, 'email', c.email, 'language', c.language)
        FROM proposal_contacts c WHERE c.edition_id = p.edition_id AND c.proposal_id = p.id) AS contact,
       p.status, p.reason, p.session_id AS session, p.merged_into, p.created_at, p.submitted_at, p.decided_at,
       given.average_score, given.score_count, p.version
FROM proposals p
LEFT JOIN LATERAL (
    SELECT round(avg(sheet_score(l.criteria, s.points)), 2)::double precision AS average_score, count(*)::integer AS score_count
    FROM proposal_scores s JOIN proposal_calls l ON l.edition_id = s.edition_id
    WHERE s.edition_id = p.edition_id AND s.proposal_id = p.id
) given ON true;
COMMENT ON VIEW proposal_details IS 'A proposal with its speakers, contact and average score; what of it may be seen is for the statement.';

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal'));

INSERT INTO erasure_rules (table_name, rule) VALUES
    ('proposals', 'emptied'),
    ('proposal_contacts', 'emptied'),
    ('proposal_scores', 'emptied');
