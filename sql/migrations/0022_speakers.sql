-- Speakers beyond their names: whose registration they are, how they are reached, when they can speak, what they agreed to,
-- their photo, and the link by which they answer an invitation.

ALTER TABLE speakers
    ADD COLUMN registration_id uuid,
    ADD COLUMN email text,
    ADD COLUMN language text NOT NULL DEFAULT 'en',
    ADD COLUMN availabilities tstzmultirange NOT NULL DEFAULT '{}',
    ADD COLUMN photo_tag text,
    ADD CONSTRAINT speakers_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations;
-- Partial, so that it is no key: an update that names it holds up nobody who refers to the speaker.
CREATE UNIQUE INDEX speakers_one_per_registration ON speakers (edition_id, registration_id) WHERE registration_id IS NOT NULL;
COMMENT ON COLUMN speakers.email IS 'For the staff alone, as are language and availabilities. Null: the address of the registration.';
COMMENT ON COLUMN speakers.availabilities IS 'When they can speak; empty: nobody has said.';
COMMENT ON COLUMN speakers.photo_tag IS 'The beginning of the SHA-256 of the photo, which stands in its ETag.';
CREATE INDEX speakers_by_email ON speakers (lower(email)) WHERE email IS NOT NULL;

CREATE FUNCTION windows_of(spans tstzmultirange) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('from', lower(s), 'until', upper(s)) ORDER BY s), '[]') FROM unnest(spans) AS s);
COMMENT ON FUNCTION windows_of IS 'Spans of time as the contract shows them.';

CREATE FUNCTION spans_of(windows jsonb) RETURNS tstzmultirange LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT coalesce(range_agg(tstzrange((w ->> 'from')::timestamptz, (w ->> 'until')::timestamptz)), '{}')
        FROM jsonb_array_elements(windows) AS w);
COMMENT ON FUNCTION spans_of IS 'The same the other way round; those that overlap or touch become one.';

CREATE FUNCTION is_speaker_available(availabilities tstzmultirange, starts_at timestamptz, ends_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN starts_at IS NULL OR isempty(availabilities) OR availabilities @> session_span(starts_at, ends_at);
COMMENT ON FUNCTION is_speaker_available IS 'Whether a speaker can be there from when to when; also where nobody has said, or no time is set.';

ALTER TABLE appearances
    ADD COLUMN invited_at timestamptz,
    ADD COLUMN answered_at timestamptz,
    ADD COLUMN note text;
COMMENT ON COLUMN appearances.invited_at IS 'When the speaker was last written to; null while nobody has.';
COMMENT ON COLUMN appearances.answered_at IS 'When the speaker last answered by their link.';
COMMENT ON COLUMN appearances.note IS 'What the speaker wrote with their answer, for the staff that looks after speakers.';
CREATE INDEX appearances_by_status ON appearances (edition_id, status, id);

CREATE TABLE speaker_consents (
    edition_id uuid NOT NULL,
    speaker_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    agreed boolean NOT NULL,
    way text NOT NULL CONSTRAINT speaker_consents_way_is_known CHECK (way IN ('link', 'staff', 'erasure')),
    decided_at timestamptz NOT NULL,
    by_token uuid,
    note text,
    CONSTRAINT speaker_consents_pkey PRIMARY KEY (edition_id, speaker_id, number),
    CONSTRAINT speaker_consents_speaker_exists FOREIGN KEY (edition_id, speaker_id) REFERENCES speakers,
    CONSTRAINT speaker_consents_are_never_given_by_erasure CHECK (way <> 'erasure' OR NOT agreed)
);
COMMENT ON TABLE speaker_consents IS 'Whether a speaker agrees to be published, each time that it was said: by whom, when and how. The last one holds, and is speakers.published.';
INSERT INTO speaker_consents (edition_id, speaker_id, agreed, way, decided_at, note)
SELECT edition_id, id, true, 'staff', created_at, 'Recorded before consents were kept.' FROM speakers WHERE published;

CREATE TABLE speaker_photos (
    edition_id uuid NOT NULL,
    speaker_id uuid NOT NULL,
    small bytea NOT NULL,
    large bytea NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT speaker_photos_pkey PRIMARY KEY (edition_id, speaker_id),
    CONSTRAINT speaker_photos_speaker_exists FOREIGN KEY (edition_id, speaker_id) REFERENCES speakers
);
COMMENT ON TABLE speaker_photos IS 'Photos as JPEG in two sizes, made anew from pixels: nothing else of the file that was sent is kept.';

CREATE TABLE speaker_links (
    edition_id uuid NOT NULL,
    speaker_id uuid NOT NULL,
    id uuid NOT NULL CONSTRAINT speaker_links_id_is_unique UNIQUE,
    created_at timestamptz NOT NULL,
    CONSTRAINT speaker_links_pkey PRIMARY KEY (edition_id, speaker_id),
    CONSTRAINT speaker_links_speaker_exists FOREIGN KEY (edition_id, speaker_id) REFERENCES speakers
);
COMMENT ON TABLE speaker_links IS 'The one link of a speaker that is good, built as that of a registration is.';

ALTER TABLE tokens ADD COLUMN speaker_id uuid, DROP CONSTRAINT tokens_kind_is_known;
ALTER TABLE tokens
    ADD CONSTRAINT tokens_kind_is_known CHECK (kind IN ('person', 'client', 'device', 'registration', 'speaker')),
    ADD CONSTRAINT tokens_of_a_speaker_name_them CHECK ((kind = 'speaker') = (speaker_id IS NOT NULL)),
    ADD CONSTRAINT tokens_speaker_exists FOREIGN KEY (edition_id, speaker_id) REFERENCES speakers;
CREATE INDEX tokens_by_speaker ON tokens (edition_id, speaker_id) WHERE kind = 'speaker';

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal', 'speaker'));
CREATE INDEX messages_by_speaker ON messages (edition_id, (payload ->> 'speaker')) WHERE kind = 'speaker';

CREATE FUNCTION end_speaker_link(of_edition uuid, of_speaker uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM speaker_links WHERE edition_id = of_edition AND speaker_id = of_speaker;
    UPDATE tokens SET expires_at = created_at WHERE kind = 'speaker' AND edition_id = of_edition AND speaker_id = of_speaker;
    UPDATE messages SET status = 'superseded'
    WHERE kind = 'speaker' AND edition_id = of_edition AND payload ->> 'speaker' = of_speaker::text AND status = 'queued';
$$;
COMMENT ON FUNCTION end_speaker_link IS 'The link of a speaker, the tokens that were had for it, and the mails that would bring it, are good no more.';

CREATE FUNCTION end_links_of_speaker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM end_speaker_link(OLD.edition_id, OLD.id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION end_links_of_speaker IS 'What was mailed to an address is worth nothing once the speaker is reached at another.';
CREATE TRIGGER speakers_end_links AFTER UPDATE OF email, registration_id ON speakers
    FOR EACH ROW WHEN ((lower(NEW.email), NEW.registration_id) IS DISTINCT FROM (lower(OLD.email), OLD.registration_id))
    EXECUTE FUNCTION end_links_of_speaker();

CREATE FUNCTION end_speaker_links_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM end_speaker_link(s.edition_id, s.id)
    FROM speakers s JOIN registrations r ON r.edition_id = s.edition_id AND r.id = s.registration_id
    WHERE r.person_id = OLD.id AND s.email IS NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION end_speaker_links_of_person IS 'The same for a speaker who is reached at the address of a registration.';
CREATE TRIGGER persons_end_speaker_links AFTER UPDATE OF email ON persons
    FOR EACH ROW WHEN (lower(NEW.email) <> lower(OLD.email)) EXECUTE FUNCTION end_speaker_links_of_person();

CREATE FUNCTION end_speaker_links_of_registration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM end_speaker_link(s.edition_id, s.id)
    FROM speakers s WHERE s.edition_id = OLD.edition_id AND s.registration_id = OLD.id AND s.email IS NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION end_speaker_links_of_registration IS 'And when the registration is somebody else''s.';
CREATE TRIGGER registrations_end_speaker_links AFTER UPDATE OF person_id ON registrations
    FOR EACH ROW WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION end_speaker_links_of_registration();

INSERT INTO erasure_rules (table_name, rule, basis) VALUES
    ('speakers', 'emptied', NULL),
    ('appearances', 'emptied', NULL),
    ('speaker_consents', 'emptied', NULL),
    ('speaker_photos', 'emptied', NULL),
    ('speaker_links', 'emptied', NULL);

CREATE OR REPLACE VIEW personal_columns AS
SELECT c.table_name::text AS table_name, c.column_name::text AS column_name
FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
WHERE c.table_schema = 'public' AND c.column_name IN ('person_id', 'owner_id', 'registration_id', 'email', 'recipient')
UNION
SELECT 'registrations', 'id'
UNION
SELECT own.table_name, 'speaker_id'
FROM (VALUES ('appearances'), ('speaker_consents'), ('speaker_photos'), ('speaker_links'), ('tokens')) AS own (table_name);
COMMENT ON VIEW personal_columns IS 'By which column a row belongs to a person, read from the catalogue: a table that is added is found by what its columns are called. What belongs to speakers is named one by one: a pledge announced by one is not theirs.';

CREATE OR REPLACE FUNCTION personal_data(of_person uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
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
                   WHEN column_name = 'speaker_id' THEN
                       't.speaker_id IN (SELECT s.id FROM speakers s WHERE lower(s.email) = $2
                                          UNION SELECT s.id FROM speakers s JOIN registrations r ON r.id = s.registration_id
                                                        AND r.edition_id = s.edition_id WHERE r.person_id = $1)'
                   WHEN column_name = 'id' THEN 't.person_id = $1'
                   ELSE format('t.%I = $1', column_name) END, ' OR ') AS is_theirs
        FROM personal_columns
        WHERE table_name NOT IN ('registration_links', 'speaker_links', 'erasures')
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
