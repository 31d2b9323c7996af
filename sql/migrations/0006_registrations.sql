-- Who takes part, who waits, and the badges of those who come in person.

CREATE SEQUENCE waitlist_tickets;
COMMENT ON SEQUENCE waitlist_tickets IS 'Arrival order in waiting lists: drawn while the lock on the places is held.';

CREATE TABLE registrations (
    edition_id uuid NOT NULL CONSTRAINT registrations_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    person_id uuid NOT NULL CONSTRAINT registrations_person_exists REFERENCES persons,
    given_name text,
    family_name text NOT NULL,
    language text NOT NULL,
    timezone text NOT NULL,
    entity_id uuid CONSTRAINT registrations_entity_exists REFERENCES entities,
    delegation_id uuid,
    country text CONSTRAINT registrations_country_is_two_letters CHECK (country ~ '^[A-Z]{2}$'),
    category text NOT NULL,
    mode text NOT NULL CONSTRAINT registrations_mode_is_known CHECK (mode IN ('in_person', 'online')),
    status text NOT NULL CONSTRAINT registrations_status_is_known CHECK (status IN
        ('submitted', 'approved', 'declined', 'waitlisted', 'withdrawn', 'revoked')),
    accessibility_needs text,
    consents text[] NOT NULL DEFAULT '{}',
    source text NOT NULL CONSTRAINT registrations_source_is_known CHECK (source IN ('self', 'registrar', 'client')),
    waitlist_ticket bigint,
    external_id text,
    version integer NOT NULL DEFAULT 1,
    made_by_token uuid DEFAULT nullif(current_setting('forum.token_id', true), '')::uuid,
    created_at timestamptz NOT NULL,
    placed_at timestamptz NOT NULL,
    edited_at timestamptz,
    CONSTRAINT registrations_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT registrations_delegation_exists FOREIGN KEY (edition_id, delegation_id) REFERENCES delegations,
    CONSTRAINT registrations_one_per_external_id UNIQUE (edition_id, external_id),
    CONSTRAINT registrations_waiting_have_a_ticket CHECK ((status = 'waitlisted') = (waitlist_ticket IS NOT NULL))
);
COMMENT ON TABLE registrations IS 'A person at an edition: as whom, how, and whether they have a place.';
COMMENT ON COLUMN registrations.made_by_token IS
    'Who registered the person, for the first row of the history: many people can be registered in one statement.';
COMMENT ON COLUMN registrations.placed_at IS 'When status or mode last changed; part of the DTSTAMP of the person''s invitations.';
COMMENT ON COLUMN registrations.edited_at IS 'When details were last edited.';
CREATE UNIQUE INDEX registrations_one_active_per_person ON registrations (edition_id, person_id)
    WHERE status IN ('submitted', 'approved', 'waitlisted');
CREATE INDEX registrations_waiting ON registrations (edition_id, mode, waitlist_ticket) WHERE status = 'waitlisted';
CREATE INDEX registrations_by_person ON registrations (person_id);

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

CREATE VIEW registration_details AS
SELECT r.edition_id, r.id, r.person_id,
       jsonb_build_object('given_name', r.given_name, 'family_name', r.family_name, 'email', p.email,
                          'language', r.language, 'timezone', r.timezone) AS person,
       r.entity_id AS entity, r.delegation_id AS delegation, r.country, r.category, r.mode, r.status,
       r.accessibility_needs, r.consents, r.source,
       CASE WHEN r.status = 'waitlisted' THEN
           (SELECT count(*) FROM registrations w WHERE w.edition_id = r.edition_id AND w.mode = r.mode
             AND w.status = 'waitlisted' AND w.waitlist_ticket <= r.waitlist_ticket) END AS waitlist_position,
       r.external_id, r.created_at, r.version, lower(p.email) AS address, r.language,
       fold_text(concat_ws(' ', r.given_name, r.family_name, p.email)) AS searched_text
FROM registrations r JOIN persons p ON p.id = r.person_id;
COMMENT ON VIEW registration_details IS 'A registration as the contract shows it.';

CREATE TABLE registration_transitions (
    edition_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    number integer NOT NULL,
    status text NOT NULL,
    mode text NOT NULL,
    category text NOT NULL,
    country text,
    delegation_id uuid,
    is_move boolean NOT NULL,
    at timestamptz NOT NULL,
    by_token uuid,
    reason text,
    CONSTRAINT registration_transitions_pkey PRIMARY KEY (edition_id, registration_id, number),
    CONSTRAINT registration_transitions_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
COMMENT ON TABLE registration_transitions IS
    'Every change of status or mode, with who did it and why, and of what registrations are counted by; written by a trigger.';
COMMENT ON COLUMN registration_transitions.is_move IS 'Whether status or mode changed, rather than category, country or delegation.';

CREATE TABLE badge_keys (
    id smallint GENERATED ALWAYS AS IDENTITY CONSTRAINT badge_keys_pkey PRIMARY KEY,
    private_key bytea NOT NULL,
    public_key bytea NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE badge_keys IS 'The Ed25519 keys that badges are signed with; the newest signs.';

CREATE TABLE badges (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    registration_id uuid NOT NULL,
    serial bigint GENERATED ALWAYS AS IDENTITY,
    key_id smallint NOT NULL CONSTRAINT badges_key_exists REFERENCES badge_keys,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT badges_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT badges_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
CREATE UNIQUE INDEX badges_id_is_unique ON badges (id);
COMMENT ON TABLE badges IS 'One live badge for each approved registration in person; made and revoked by a trigger.';
CREATE INDEX badges_by_serial ON badges (edition_id, serial) WHERE revoked_at IS NULL;
CREATE INDEX badges_by_revocation ON badges (edition_id, revoked_at, id) WHERE revoked_at IS NOT NULL;
CREATE UNIQUE INDEX badges_one_live_per_registration ON badges (edition_id, registration_id) WHERE revoked_at IS NULL;

CREATE FUNCTION record_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        moved := (NEW.status, NEW.mode) IS DISTINCT FROM (OLD.status, OLD.mode);
        IF NOT moved AND (NEW.category, NEW.country, NEW.delegation_id)
                         IS NOT DISTINCT FROM (OLD.category, OLD.country, OLD.delegation_id) THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO registration_transitions (edition_id, registration_id, number, status, mode, category, country, delegation_id,
                                          is_move, at, by_token, reason)
    VALUES (NEW.edition_id, NEW.id, NEW.version, NEW.status, NEW.mode, NEW.category, NEW.country, NEW.delegation_id,
            moved, CASE WHEN moved THEN NEW.placed_at ELSE NEW.edited_at END,
            CASE TG_OP WHEN 'INSERT' THEN NEW.made_by_token ELSE nullif(current_setting('forum.token_id', true), '')::uuid END,
            nullif(current_setting('forum.reason', true), ''));
    IF NOT moved THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        UPDATE badges SET revoked_at = NEW.placed_at
        WHERE edition_id = NEW.edition_id AND registration_id = NEW.id AND revoked_at IS NULL;
    END IF;
    IF NEW.status = 'approved' AND NEW.mode = 'in_person' THEN
        INSERT INTO badges (edition_id, id, registration_id, key_id, created_at)
        VALUES (NEW.edition_id, gen_random_uuid(), NEW.id, (SELECT max(id) FROM badge_keys), NEW.placed_at);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_transition IS 'Keeps history and badge in step with a registration, so that no service can forget either.';
CREATE TRIGGER registrations_record_transition AFTER INSERT OR UPDATE ON registrations
    FOR EACH ROW EXECUTE FUNCTION record_transition();

CREATE FUNCTION promote_waiting(of_edition uuid, of_mode text, promoted_at timestamptz) RETURNS SETOF uuid LANGUAGE sql AS $$
    SELECT set_config('forum.reason', 'A place became free.', true);
    WITH free AS (
        SELECT capacity - taken AS places FROM places WHERE edition_id = of_edition AND mode = of_mode
    ),
    first_in_line AS (
        SELECT id FROM registrations
        WHERE edition_id = of_edition AND mode = of_mode AND status = 'waitlisted'
        ORDER BY waitlist_ticket LIMIT (SELECT CASE WHEN places IS NOT NULL THEN greatest(places, 0) END FROM free)
    ),
    promoted AS (
        UPDATE registrations r SET status = 'approved', waitlist_ticket = NULL, placed_at = promoted_at, version = version + 1
        FROM first_in_line f WHERE r.edition_id = of_edition AND r.id = f.id
        RETURNING r.id
    ),
    counted AS (
        UPDATE places SET taken = taken + (SELECT count(*) FROM promoted)
        WHERE edition_id = of_edition AND mode = of_mode AND EXISTS (SELECT FROM promoted)
    )
    SELECT id FROM promoted
$$;
COMMENT ON FUNCTION promote_waiting IS 'Give every free place of a mode to who has waited longest. The caller holds the lock on the places row, taken in a statement before.';
