-- Pledges: who promises what, and where it was announced.

CREATE TABLE pledge_numbers (
    edition_id uuid CONSTRAINT pledge_numbers_pkey PRIMARY KEY CONSTRAINT pledge_numbers_edition_exists REFERENCES editions,
    last_pledge integer NOT NULL DEFAULT 0,
    last_announcement integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE pledge_numbers IS 'The last numbers given in an edition. The row stays locked until the one who drew commits: numbers have no gaps, become visible in their order, and are never used again.';

CREATE FUNCTION stand_once(terms text[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(terms) = (SELECT count(DISTINCT term) FROM unnest(terms) AS t (term));
COMMENT ON FUNCTION stand_once IS 'Whether no value stands twice, so that a pledge counts once in every total.';

CREATE TABLE pledges (
    edition_id uuid NOT NULL CONSTRAINT pledges_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    number integer NOT NULL,
    reference text NOT NULL CONSTRAINT pledges_reference_is_unique UNIQUE,
    title jsonb NOT NULL,
    description jsonb,
    original_language text NOT NULL,
    lead_entity_id uuid NOT NULL CONSTRAINT pledges_lead_entity_exists REFERENCES entities,
    contribution_kinds text[] NOT NULL DEFAULT '{}',
    objectives text[] NOT NULL DEFAULT '{}',
    focus_areas text[] NOT NULL DEFAULT '{}',
    multistakeholder_pledges text[] NOT NULL DEFAULT '{}',
    countries text[] NOT NULL DEFAULT '{}',
    amount numeric(17, 2) CONSTRAINT pledges_amount_is_positive CHECK (amount > 0),
    currency text CONSTRAINT pledges_currency_is_three_letters CHECK (currency ~ '^[A-Z]{3}$'),
    usd_rate numeric(18, 8) CONSTRAINT pledges_usd_rate_is_positive CHECK (usd_rate > 0),
    usd_rate_on date,
    usd_equivalent numeric(28, 2) GENERATED ALWAYS AS (CASE currency WHEN 'USD' THEN amount ELSE round(amount * usd_rate, 2) END) STORED,
    quantities jsonb NOT NULL DEFAULT '[]',
    starts_on date,
    ends_on date,
    need text NOT NULL CONSTRAINT pledges_need_is_known CHECK (need IN ('offers_support', 'needs_support', 'none')),
    source_url text,
    status text NOT NULL CONSTRAINT pledges_status_is_known CHECK (status IN
        ('draft', 'submitted', 'verified', 'announced', 'withdrawn')),
    stage text NOT NULL DEFAULT 'not_reported' CONSTRAINT pledges_stage_is_known CHECK (stage IN
        ('not_reported', 'planning', 'in_progress', 'fulfilled')),
    external_id text,
    owner_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    submitted_at timestamptz,
    verified_at timestamptz,
    withdrawn_at timestamptz,
    CONSTRAINT pledges_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT pledges_one_per_number UNIQUE (edition_id, number),
    CONSTRAINT pledges_one_per_external_id UNIQUE (edition_id, external_id),
    CONSTRAINT pledges_amount_has_a_currency CHECK ((amount IS NULL) = (currency IS NULL)),
    CONSTRAINT pledges_usd_rate_has_a_day CHECK ((usd_rate IS NULL) = (usd_rate_on IS NULL)),
    CONSTRAINT pledges_usd_rate_belongs_to_an_amount CHECK (usd_rate IS NULL OR amount IS NOT NULL),
    CONSTRAINT pledges_usd_rate_of_dollars_is_one CHECK (usd_rate = 1 OR currency <> 'USD'),
    CONSTRAINT pledges_end_after_they_start CHECK (ends_on >= starts_on),
    CONSTRAINT pledges_terms_stand_once CHECK (stand_once(contribution_kinds) AND stand_once(objectives)
        AND stand_once(focus_areas) AND stand_once(multistakeholder_pledges) AND stand_once(countries)),
    CONSTRAINT pledges_submitted_have_a_time CHECK (status IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL),
    CONSTRAINT pledges_verified_have_a_time CHECK (status NOT IN ('verified', 'announced') OR verified_at IS NOT NULL),
    CONSTRAINT pledges_withdrawn_have_a_time CHECK ((status = 'withdrawn') = (withdrawn_at IS NOT NULL))
);
COMMENT ON TABLE pledges IS 'What an entity promises at an edition. An unknown amount is null, never zero.';
COMMENT ON COLUMN pledges.usd_rate IS 'US dollars for one unit of the currency on usd_rate_on; without it no dollar equivalent is told.';
COMMENT ON COLUMN pledges.owner_id IS 'The person, or the client token, that submits it and may read and change it while it is a draft.';
COMMENT ON COLUMN pledges.verified_at IS 'Since when it is public; a pledge that was public stays addressable when it is withdrawn.';
CREATE INDEX pledges_by_lead_entity ON pledges (edition_id, lead_entity_id);

CREATE TABLE pledge_partners (
    edition_id uuid NOT NULL,
    pledge_id uuid NOT NULL,
    entity_id uuid NOT NULL CONSTRAINT pledge_partners_partners_exist REFERENCES entities,
    position integer NOT NULL,
    accepted_at timestamptz,
    CONSTRAINT pledge_partners_pkey PRIMARY KEY (edition_id, pledge_id, entity_id),
    CONSTRAINT pledge_partners_pledge_exists FOREIGN KEY (edition_id, pledge_id) REFERENCES pledges
);
COMMENT ON TABLE pledge_partners IS 'Entities that join a pledge; public only once they have accepted.';
CREATE INDEX pledge_partners_by_entity ON pledge_partners (edition_id, entity_id);

CREATE VIEW pledge_details AS
SELECT p.edition_id, p.owner_id, p.number, p.id, p.reference, p.title, p.description, p.original_language,
       p.lead_entity_id AS lead_entity, lead.name AS lead_entity_name,
       ARRAY(SELECT m.entity_id FROM pledge_partners m WHERE m.edition_id = p.edition_id AND m.pledge_id = p.id
             ORDER BY m.position) AS partners,
       ARRAY(SELECT m.entity_id FROM pledge_partners m WHERE m.edition_id = p.edition_id AND m.pledge_id = p.id
             AND m.accepted_at IS NULL ORDER BY m.position) AS pending_partners,
       ARRAY(SELECT m.entity_id FROM pledge_partners m WHERE m.edition_id = p.edition_id AND m.pledge_id = p.id
             AND m.accepted_at IS NOT NULL ORDER BY m.position) AS accepted_partners,
       p.contribution_kinds, p.objectives, p.focus_areas, p.multistakeholder_pledges, p.countries,
       CASE WHEN p.amount IS NOT NULL THEN jsonb_build_object('amount', p.amount::text, 'currency', p.currency) END AS amount,
       trim_scale(p.usd_rate)::text AS usd_rate, p.usd_rate_on, p.usd_equivalent::text AS usd_equivalent, p.quantities,
       p.starts_on, p.ends_on, p.need, p.source_url, p.external_id, p.stage, p.status, p.submitted_at, p.verified_at,
       p.withdrawn_at, p.version,
       p.verified_at IS NOT NULL AND e.status <> 'draft' AS is_public
FROM pledges p
JOIN editions e ON e.id = p.edition_id
JOIN entities lead ON lead.id = p.lead_entity_id;
COMMENT ON VIEW pledge_details IS 'A pledge as the contract shows it, and whether everybody may read it.';

CREATE TABLE announcements (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    number integer NOT NULL,
    session_id uuid NOT NULL,
    pledge_id uuid NOT NULL,
    speaker_id uuid,
    revision jsonb NOT NULL,
    announced_at timestamptz NOT NULL,
    CONSTRAINT announcements_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT announcements_one_per_number UNIQUE (edition_id, number),
    CONSTRAINT announcements_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT announcements_pledge_exists FOREIGN KEY (edition_id, pledge_id) REFERENCES pledges,
    CONSTRAINT announcements_speaker_exists FOREIGN KEY (edition_id, speaker_id) REFERENCES speakers,
    CONSTRAINT announcements_one_per_pledge UNIQUE (edition_id, pledge_id)
);
COMMENT ON TABLE announcements IS 'A pledge announced in a session, with the text of that moment.';
COMMENT ON COLUMN announcements.number IS 'Where it stands in the live feed: drawn under a lock, so that who has read up to a number has missed nothing.';
CREATE INDEX announcements_by_session ON announcements (edition_id, session_id, number);
CREATE TRIGGER announcements_are_immutable BEFORE UPDATE OR DELETE ON announcements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE VIEW announcement_details AS
SELECT a.edition_id, a.id, a.number, a.session_id AS session, a.pledge_id AS pledge, p.status AS pledge_status,
       a.speaker_id AS speaker, s.published AS is_speaker_public, a.announced_at, a.revision,
       e.status <> 'draft' AS is_public
FROM announcements a
JOIN editions e ON e.id = a.edition_id
JOIN pledges p ON p.edition_id = a.edition_id AND p.id = a.pledge_id
LEFT JOIN speakers s ON s.edition_id = a.edition_id AND s.id = a.speaker_id;
COMMENT ON VIEW announcement_details IS 'An announcement, with what has become of its pledge since.';

CREATE FUNCTION notify_announcement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('forum_announcements', NEW.edition_id::text);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_announcement IS 'Wakes the live feeds of every API process.';
CREATE TRIGGER announcements_notify AFTER INSERT ON announcements FOR EACH ROW EXECUTE FUNCTION notify_announcement();
