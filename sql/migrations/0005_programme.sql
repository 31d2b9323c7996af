-- Rooms, tracks, sessions, speakers, and the numbered releases that readers see.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE rooms (
    edition_id uuid NOT NULL CONSTRAINT rooms_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    name text NOT NULL,
    venue text,
    capacity integer CONSTRAINT rooms_capacity_is_not_negative CHECK (capacity >= 0),
    wheelchair_accessible boolean,
    hearing_loop boolean,
    external_id text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    revised_at timestamptz NOT NULL,
    CONSTRAINT rooms_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT rooms_one_per_external_id UNIQUE (edition_id, external_id)
);
COMMENT ON TABLE rooms IS 'Where sessions are held. A null for accessibility means that nobody has said.';
CREATE UNIQUE INDEX rooms_one_per_name_and_venue ON rooms (edition_id, lower(name), lower(coalesce(venue, '')));

CREATE TABLE tracks (
    edition_id uuid NOT NULL CONSTRAINT tracks_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    name jsonb NOT NULL,
    external_id text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT tracks_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT tracks_one_per_external_id UNIQUE (edition_id, external_id)
);
COMMENT ON TABLE tracks IS 'A thread through the programme; the CATEGORIES of calendar entries.';

CREATE FUNCTION session_span(starts_at timestamptz, ends_at timestamptz) RETURNS tstzrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ends_at IS NULL THEN tstzrange(starts_at, starts_at, '[]') ELSE tstzrange(starts_at, ends_at) END;
COMMENT ON FUNCTION session_span IS 'When a session takes place: back to back is no overlap; without an end it is the instant of its start.';

CREATE TABLE sessions (
    edition_id uuid NOT NULL CONSTRAINT sessions_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    title jsonb NOT NULL,
    abstract jsonb,
    type text NOT NULL,
    track_id uuid,
    parent_id uuid,
    status text NOT NULL CONSTRAINT sessions_status_is_known CHECK (status IN ('draft', 'confirmed', 'cancelled')),
    starts_at timestamptz,
    ends_at timestamptz,
    held_on date,
    room_id uuid,
    mode text NOT NULL CONSTRAINT sessions_mode_is_known CHECK (mode IN ('in_person', 'hybrid', 'online')),
    in_person_capacity integer CONSTRAINT sessions_in_person_capacity_is_not_negative CHECK (in_person_capacity >= 0),
    online_capacity integer CONSTRAINT sessions_online_capacity_is_not_negative CHECK (online_capacity >= 0),
    access text NOT NULL CONSTRAINT sessions_access_is_known CHECK (access IN
        ('open', 'registered', 'booking', 'invitation', 'media')),
    languages jsonb NOT NULL,
    organiser_ids uuid[] NOT NULL DEFAULT '{}',
    livestream_url text,
    external_id text,
    version integer NOT NULL DEFAULT 1,
    calendar_sequence integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    revised_at timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT sessions_room_exists FOREIGN KEY (edition_id, room_id) REFERENCES rooms,
    CONSTRAINT sessions_track_exists FOREIGN KEY (edition_id, track_id) REFERENCES tracks,
    CONSTRAINT sessions_parent_exists FOREIGN KEY (edition_id, parent_id) REFERENCES sessions,
    CONSTRAINT sessions_are_not_their_own_parent CHECK (parent_id <> id),
    CONSTRAINT sessions_end_after_they_start CHECK (ends_at > starts_at),
    CONSTRAINT sessions_with_an_end_have_a_start CHECK (ends_at IS NULL OR starts_at IS NOT NULL),
    CONSTRAINT sessions_have_a_day_only_while_the_hour_is_unknown CHECK (held_on IS NULL OR starts_at IS NULL),
    CONSTRAINT sessions_room_not_double_booked EXCLUDE USING gist (
        edition_id WITH =,
        room_id WITH =,
        session_span(starts_at, ends_at) WITH &&
    ) WHERE (status = 'confirmed' AND room_id IS NOT NULL AND starts_at IS NOT NULL)
);
COMMENT ON TABLE sessions IS 'Programme items as the staff edits them; readers see releases only.';
COMMENT ON COLUMN sessions.in_person_capacity IS 'How many may book it for the hall (null: as many as its room holds).';
COMMENT ON COLUMN sessions.held_on IS 'The day, when only the day is known.';
COMMENT ON COLUMN sessions.calendar_sequence IS 'Raised by a trigger when start, end, day, room or status changes, and only then.';
-- Partial, so that it is no key that others could refer to: with a trigger before it, an update that names a column of a key
-- would hold up everybody who refers to the session, such as the scans at its door.
CREATE UNIQUE INDEX sessions_one_per_external_id ON sessions (edition_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX sessions_by_time
    ON sessions (edition_id, coalesce(starts_at, held_on::timestamp AT TIME ZONE 'UTC', 'infinity'), id);
CREATE INDEX sessions_by_parent ON sessions (edition_id, parent_id) WHERE parent_id IS NOT NULL;

CREATE FUNCTION raise_calendar_sequence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.starts_at, NEW.ends_at, NEW.held_on, NEW.room_id) IS DISTINCT FROM (OLD.starts_at, OLD.ends_at, OLD.held_on, OLD.room_id)
       OR (NEW.status IS DISTINCT FROM OLD.status AND 'draft' NOT IN (NEW.status, OLD.status)) THEN
        NEW.calendar_sequence := OLD.calendar_sequence + 1;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION raise_calendar_sequence IS 'RFC 5546 section 2.1.4: SEQUENCE rises on material change; a typo in the title is none.';
CREATE TRIGGER sessions_raise_calendar_sequence BEFORE UPDATE ON sessions
    FOR EACH ROW EXECUTE FUNCTION raise_calendar_sequence();

CREATE TABLE speakers (
    edition_id uuid NOT NULL CONSTRAINT speakers_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    display_name text NOT NULL,
    honorific text,
    function text,
    entity_id uuid CONSTRAINT speakers_entity_exists REFERENCES entities,
    country text CONSTRAINT speakers_country_is_two_letters CHECK (country ~ '^[A-Z]{2}$'),
    biography jsonb,
    published boolean NOT NULL DEFAULT false,
    external_id text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT speakers_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT speakers_one_per_external_id UNIQUE (edition_id, external_id)
);
COMMENT ON TABLE speakers IS 'Who speaks at an edition. A name is public only with consent: published is false by default.';

CREATE TABLE appearances (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    speaker_id uuid NOT NULL,
    role text NOT NULL CONSTRAINT appearances_role_is_known CHECK (role IN
        ('chair', 'moderator', 'keynote', 'panellist', 'statement')),
    position integer NOT NULL CONSTRAINT appearances_position_is_positive CHECK (position > 0),
    on_behalf_of text,
    allotted_seconds integer CONSTRAINT appearances_allotted_seconds_are_positive CHECK (allotted_seconds > 0),
    status text NOT NULL CONSTRAINT appearances_status_is_known CHECK (status IN
        ('invited', 'confirmed', 'declined', 'withdrawn', 'spoke', 'absent')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT appearances_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT appearances_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT appearances_speaker_exists FOREIGN KEY (edition_id, speaker_id) REFERENCES speakers,
    CONSTRAINT appearances_one_per_session_speaker_and_role UNIQUE (edition_id, session_id, speaker_id, role)
);
COMMENT ON TABLE appearances IS 'A speaker in a session, in a role.';
CREATE INDEX appearances_by_speaker ON appearances (edition_id, speaker_id);

CREATE TABLE releases (
    edition_id uuid NOT NULL CONSTRAINT releases_edition_exists REFERENCES editions,
    number integer NOT NULL CONSTRAINT releases_count_from_one CHECK (number > 0),
    published_at timestamptz NOT NULL,
    published_by uuid NOT NULL,
    note text,
    session_count integer NOT NULL,
    edition jsonb NOT NULL,
    speaker_ids uuid[] NOT NULL,
    content_sha256 bytea NOT NULL,
    CONSTRAINT releases_pkey PRIMARY KEY (edition_id, number)
);
COMMENT ON TABLE releases IS 'Immutable numbered states of the programme; readers see the last one.';
COMMENT ON COLUMN releases.published_by IS 'The token that published.';
COMMENT ON COLUMN releases.edition IS 'What calendars and readers need of the edition, frozen: title, zone, venue, mailbox.';
COMMENT ON COLUMN releases.speaker_ids IS 'Who is named in it: whoever takes back consent is left out of what is read from then on.';
COMMENT ON COLUMN releases.content_sha256 IS 'Equal content is not published twice.';

CREATE TABLE release_sessions (
    edition_id uuid NOT NULL,
    number integer NOT NULL,
    id uuid NOT NULL,
    title jsonb NOT NULL,
    abstract jsonb,
    type text NOT NULL,
    track jsonb,
    parent_id uuid,
    status text NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    held_on date,
    room jsonb,
    mode text NOT NULL,
    access text NOT NULL,
    languages jsonb NOT NULL,
    organisers jsonb NOT NULL,
    appearances jsonb NOT NULL,
    calendar_sequence integer NOT NULL,
    revised_at timestamptz NOT NULL,
    CONSTRAINT release_sessions_pkey PRIMARY KEY (edition_id, number, id),
    CONSTRAINT release_sessions_release_exists FOREIGN KEY (edition_id, number) REFERENCES releases
);
COMMENT ON TABLE release_sessions IS 'The sessions of a release, frozen with the names that they had then.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are immutable', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_are_immutable';
END $$;
COMMENT ON FUNCTION refuse_change IS 'For tables that tell what was: a row is written once.';
CREATE TRIGGER releases_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON releases
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_sessions_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON release_sessions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE VIEW publishable_sessions AS
SELECT s.edition_id, s.id, s.title, s.abstract, s.type,
       (SELECT jsonb_build_object('id', t.id, 'name', t.name)
        FROM tracks t WHERE t.edition_id = s.edition_id AND t.id = s.track_id) AS track,
       s.parent_id, s.status, s.starts_at, s.ends_at, s.held_on,
       (SELECT jsonb_build_object('id', r.id, 'name', r.name, 'venue', r.venue, 'capacity', r.capacity,
                                  'wheelchair_accessible', r.wheelchair_accessible, 'hearing_loop', r.hearing_loop)
        FROM rooms r WHERE r.edition_id = s.edition_id AND r.id = s.room_id) AS room,
       s.mode, s.access, s.languages,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'name', e.name) ORDER BY o.position), '[]')
        FROM unnest(s.organiser_ids) WITH ORDINALITY AS o (id, position) JOIN entities e ON e.id = o.id) AS organisers,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'speaker', p.id, 'display_name', p.display_name, 'honorific', p.honorific, 'function', p.function,
                   'country', p.country, 'role', a.role, 'order', a.position, 'on_behalf_of', a.on_behalf_of)
                   ORDER BY a.position, a.id), '[]')
        FROM appearances a JOIN speakers p ON p.edition_id = a.edition_id AND p.id = a.speaker_id
        WHERE a.edition_id = s.edition_id AND a.session_id = s.id AND p.published
          AND a.status IN ('confirmed', 'spoke')) AS appearances,
       s.calendar_sequence, s.revised_at
FROM sessions s
WHERE s.status IN ('confirmed', 'cancelled');
COMMENT ON VIEW publishable_sessions IS 'What the next release would hold. Speakers who have not agreed to be named are not in it.';

CREATE FUNCTION notify_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('forum_releases', coalesce(to_jsonb(NEW) ->> 'edition_id', to_jsonb(NEW) ->> 'id'));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_release IS 'Tells every API process to forget the bytes that it keeps of an edition''s programme.';
CREATE TRIGGER releases_notify AFTER INSERT ON releases FOR EACH ROW EXECUTE FUNCTION notify_release();
CREATE TRIGGER speakers_notify_consent AFTER UPDATE OF published ON speakers
    FOR EACH ROW WHEN (NEW.published <> OLD.published) EXECUTE FUNCTION notify_release();
CREATE TRIGGER editions_notify_archive AFTER UPDATE OF status ON editions
    FOR EACH ROW WHEN (NEW.status = 'archived') EXECUTE FUNCTION notify_release();
