-- Editions of a series, and the places that each has per mode.

CREATE TABLE editions (
    id uuid CONSTRAINT editions_pkey PRIMARY KEY,
    slug text NOT NULL CONSTRAINT editions_slug_is_unique UNIQUE
        CONSTRAINT editions_slug_is_a_slug CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    series_code text NOT NULL CONSTRAINT editions_series_exists REFERENCES series,
    title jsonb NOT NULL,
    starts_on date,
    ends_on date,
    timezone text NOT NULL,
    venue text,
    city text,
    country text CONSTRAINT editions_country_is_two_letters CHECK (country ~ '^[A-Z]{2}$'),
    mode text NOT NULL CONSTRAINT editions_mode_is_known CHECK (mode IN ('in_person', 'hybrid', 'online')),
    languages text[] NOT NULL,
    in_person_opens_at timestamptz,
    in_person_closes_at timestamptz,
    online_opens_at timestamptz,
    online_closes_at timestamptz,
    approval text NOT NULL CONSTRAINT editions_approval_is_known CHECK (approval IN ('automatic', 'review')),
    online_approval text CONSTRAINT editions_online_approval_is_known CHECK (online_approval IN ('automatic', 'review')),
    promotion text NOT NULL DEFAULT 'automatic'
        CONSTRAINT editions_promotion_is_known CHECK (promotion IN ('automatic', 'offer')),
    offer_hours integer NOT NULL DEFAULT 48 CONSTRAINT editions_offer_hours_are_positive CHECK (offer_hours > 0),
    priority_classes jsonb NOT NULL DEFAULT '[]',
    statement_seconds integer NOT NULL CONSTRAINT editions_statement_seconds_are_positive CHECK (statement_seconds > 0),
    organizer_email text NOT NULL,
    status text NOT NULL CONSTRAINT editions_status_is_known CHECK (status IN
        ('draft', 'announced', 'open', 'closed', 'live', 'ended', 'archived', 'cancelled')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT editions_end_after_they_start CHECK (ends_on >= starts_on),
    CONSTRAINT editions_have_both_dates_or_none CHECK ((starts_on IS NULL) = (ends_on IS NULL)),
    CONSTRAINT editions_are_dated_once_announced CHECK (status = 'draft' OR starts_on IS NOT NULL),
    CONSTRAINT editions_in_person_window_opens_before_it_closes CHECK (in_person_closes_at > in_person_opens_at),
    CONSTRAINT editions_online_window_opens_before_it_closes CHECK (online_closes_at > online_opens_at)
);
COMMENT ON TABLE editions IS 'One holding of a forum: its dates, place, mode, windows and status.';
COMMENT ON COLUMN editions.online_approval IS 'Who is approved online, where that differs from approval.';
COMMENT ON COLUMN editions.promotion IS 'Whether a place that became free is given to the first in line, or offered for some hours.';
COMMENT ON COLUMN editions.priority_classes IS 'Categories by class: the first class waits before the second, and those that none names come last.';

CREATE TABLE places (
    edition_id uuid NOT NULL CONSTRAINT places_edition_exists REFERENCES editions,
    mode text NOT NULL CONSTRAINT places_mode_is_known CHECK (mode IN ('in_person', 'online')),
    capacity integer CONSTRAINT places_capacity_is_not_negative CHECK (capacity >= 0),
    taken integer NOT NULL DEFAULT 0 CONSTRAINT places_taken_is_not_negative CHECK (taken >= 0),
    held_back integer NOT NULL DEFAULT 0 CONSTRAINT places_held_back_is_not_negative CHECK (held_back >= 0),
    kept_over_capacity integer NOT NULL DEFAULT 0
        CONSTRAINT places_kept_over_capacity_is_not_negative CHECK (kept_over_capacity >= 0),
    CONSTRAINT places_pkey PRIMARY KEY (edition_id, mode),
    CONSTRAINT places_taken_never_exceed_capacity CHECK (taken + held_back <= capacity + kept_over_capacity)
);
COMMENT ON TABLE places IS 'How many places an edition has per mode (null: no limit) and how many are taken. Whoever decides about places locks these rows first, those of both modes in the order of their names.';
COMMENT ON COLUMN places.held_back IS 'Places that are reserved for a category and not yet taken by it: the sum over the reserves.';
COMMENT ON COLUMN places.kept_over_capacity IS 'People who keep their place after the capacity was lowered below use; it only shrinks.';

CREATE TABLE reserves (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    mode text NOT NULL,
    category text NOT NULL,
    places integer NOT NULL CONSTRAINT reserves_are_not_empty CHECK (places > 0),
    taken integer NOT NULL DEFAULT 0 CONSTRAINT reserves_taken_is_not_negative CHECK (taken >= 0),
    release_at timestamptz,
    released_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT reserves_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT reserves_places_exist FOREIGN KEY (edition_id, mode) REFERENCES places
);
CREATE UNIQUE INDEX reserves_one_per_mode_and_category ON reserves (edition_id, mode, category) WHERE released_at IS NULL;
CREATE INDEX reserves_to_release ON reserves (release_at) WHERE released_at IS NULL;
COMMENT ON TABLE reserves IS 'Places of an edition that only one category may take, until they are released for all.';
COMMENT ON COLUMN reserves.taken IS 'How many of the category have a place in this mode: it may be more than are reserved.';

CREATE VIEW edition_details AS
SELECT e.id, e.slug, e.series_code AS series, e.title, e.starts_on, e.ends_on, e.timezone, e.venue, e.city, e.country,
       e.mode, e.languages, hall.capacity AS in_person_capacity, line.capacity AS online_capacity,
       jsonb_build_object(
           'in_person', jsonb_build_object('opens_at', e.in_person_opens_at, 'closes_at', e.in_person_closes_at),
           'online', jsonb_build_object('opens_at', e.online_opens_at, 'closes_at', e.online_closes_at)) AS registration,
       e.approval, e.online_approval, e.promotion,
       e.offer_hours, e.priority_classes, e.statement_seconds, e.organizer_email, e.status, e.version
FROM editions e
JOIN places hall ON hall.edition_id = e.id AND hall.mode = 'in_person'
JOIN places line ON line.edition_id = e.id AND line.mode = 'online';
COMMENT ON VIEW edition_details IS 'An edition with its capacities and windows, as the contract shows it.';

CREATE TABLE grants (
    id uuid CONSTRAINT grants_pkey PRIMARY KEY,
    person_id uuid NOT NULL CONSTRAINT grants_person_exists REFERENCES persons,
    role text NOT NULL CONSTRAINT grants_role_is_known CHECK (role IN
        ('admin', 'organizer', 'programme_manager', 'registrar', 'checkin_staff', 'pledge_officer', 'analyst')),
    edition_id uuid CONSTRAINT grants_edition_exists REFERENCES editions,
    created_at timestamptz NOT NULL,
    CONSTRAINT grants_only_admins_are_of_the_platform CHECK ((role = 'admin') = (edition_id IS NULL)),
    CONSTRAINT grants_one_per_person_role_and_edition UNIQUE NULLS NOT DISTINCT (person_id, role, edition_id)
);
COMMENT ON TABLE grants IS 'A role of a person, on one edition or (admin) on the platform.';

CREATE TABLE tokens (
    id uuid CONSTRAINT tokens_pkey PRIMARY KEY,
    sha256 bytea NOT NULL CONSTRAINT tokens_sha256_is_unique UNIQUE,
    kind text NOT NULL CONSTRAINT tokens_kind_is_known CHECK (kind IN ('person', 'client', 'device')),
    person_id uuid CONSTRAINT tokens_person_exists REFERENCES persons,
    edition_id uuid CONSTRAINT tokens_edition_exists REFERENCES editions,
    label text NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT tokens_belong_to_a_person_or_an_edition CHECK
        ((kind = 'person' AND person_id IS NOT NULL) OR (kind <> 'person' AND person_id IS NULL AND edition_id IS NOT NULL))
);
COMMENT ON TABLE tokens IS 'Bearer tokens: only their SHA-256 is here. A token of kind device scans under its own name.';
CREATE INDEX tokens_by_edition ON tokens (edition_id, id);

CREATE FUNCTION notify_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('forum_tokens', OLD.id::text);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_token IS 'Tells every API process to ask after tokens again: one was revoked or changed.';
CREATE TRIGGER tokens_notify AFTER UPDATE OR DELETE ON tokens
    FOR EACH ROW WHEN (OLD.kind <> 'person') EXECUTE FUNCTION notify_token();
