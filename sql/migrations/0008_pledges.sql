-- Pledges: who promises what, and where it was announced.

CREATE TABLE pledge_numbers (
    edition_id uuid CONSTRAINT pledge_numbers_pkey PRIMARY KEY CONSTRAINT pledge_numbers_edition_exists REFERENCES editions,
    last_number integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE pledge_numbers IS 'The last number given to a pledge of an edition; a reference is never used again.';

CREATE TABLE pledges (
    edition_id uuid NOT NULL CONSTRAINT pledges_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    reference text NOT NULL CONSTRAINT pledges_reference_is_unique UNIQUE,
    title jsonb NOT NULL,
    description jsonb,
    original_language text NOT NULL,
    lead_entity_id uuid NOT NULL CONSTRAINT pledges_lead_entity_id_exists REFERENCES entities,
    contribution_kinds text[] NOT NULL DEFAULT '{}',
    objectives text[] NOT NULL DEFAULT '{}',
    focus_areas text[] NOT NULL DEFAULT '{}',
    multistakeholder_pledges text[] NOT NULL DEFAULT '{}',
    countries text[] NOT NULL DEFAULT '{}',
    amount numeric(17, 2) CONSTRAINT pledges_amount_is_positive CHECK (amount > 0),
    currency text,
    usd_rate numeric(18, 8) CONSTRAINT pledges_usd_rate_is_positive CHECK (usd_rate > 0),
    usd_rate_on date,
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
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT pledges_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT pledges_one_per_external_id UNIQUE (edition_id, external_id),
    CONSTRAINT pledges_amount_has_a_currency CHECK ((amount IS NULL) = (currency IS NULL)),
    CONSTRAINT pledges_usd_rate_has_a_day CHECK ((usd_rate IS NULL) = (usd_rate_on IS NULL)),
    CONSTRAINT pledges_end_after_they_start CHECK (ends_on >= starts_on)
);
COMMENT ON TABLE pledges IS 'What an entity promises at an edition. An unknown amount is null, never zero.';
COMMENT ON COLUMN pledges.usd_rate IS 'US dollars for one unit of the currency on usd_rate_on; without it no dollar equivalent is told.';

CREATE TABLE pledge_partners (
    edition_id uuid NOT NULL,
    pledge_id uuid NOT NULL,
    entity_id uuid NOT NULL CONSTRAINT pledge_partners_entity_id_exists REFERENCES entities,
    accepted_at timestamptz,
    CONSTRAINT pledge_partners_pkey PRIMARY KEY (edition_id, pledge_id, entity_id),
    CONSTRAINT pledge_partners_pledge_exists FOREIGN KEY (edition_id, pledge_id) REFERENCES pledges
);
COMMENT ON TABLE pledge_partners IS 'Entities that join a pledge; public only once they have accepted.';

CREATE TABLE announcements (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    pledge_id uuid NOT NULL,
    speaker_id uuid,
    pledge_version integer NOT NULL,
    revision jsonb NOT NULL,
    announced_at timestamptz NOT NULL,
    CONSTRAINT announcements_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT announcements_session_id_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT announcements_pledge_id_exists FOREIGN KEY (edition_id, pledge_id) REFERENCES pledges,
    CONSTRAINT announcements_speaker_id_exists FOREIGN KEY (edition_id, speaker_id) REFERENCES speakers,
    CONSTRAINT announcements_one_per_pledge UNIQUE (edition_id, pledge_id)
);
COMMENT ON TABLE announcements IS 'A pledge announced in a session, with the text of that moment.';
CREATE TRIGGER announcements_are_immutable BEFORE UPDATE OR DELETE ON announcements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
