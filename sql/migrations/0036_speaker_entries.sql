-- Calendar entries by mail for who is confirmed to speak and has no registration that holds them.

ALTER TABLE messages
    ADD COLUMN speaker_id uuid GENERATED ALWAYS AS ((payload ->> 'speaker')::uuid) STORED,
    ADD CONSTRAINT messages_are_about_a_registration_or_a_speaker CHECK (registration_id IS NULL OR speaker_id IS NULL);
COMMENT ON COLUMN messages.speaker_id IS
    'Who is asked to speak, or whose calendar entry it is without a registration. The entries of one session at one address are one, whoever speaks there.';
DROP INDEX messages_by_speaker;
CREATE INDEX messages_by_speaker ON messages (edition_id, speaker_id) WHERE speaker_id IS NOT NULL;
CREATE INDEX messages_by_speaking ON messages (edition_id, lower(recipient), session_id, number)
    WHERE kind = 'invitation' AND speaker_id IS NOT NULL;

CREATE OR REPLACE FUNCTION end_speaker_link(of_edition uuid, of_speaker uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM speaker_links WHERE edition_id = of_edition AND speaker_id = of_speaker;
    UPDATE tokens SET expires_at = created_at WHERE kind = 'speaker' AND edition_id = of_edition AND speaker_id = of_speaker;
    UPDATE messages SET status = 'superseded'
    WHERE kind = 'speaker' AND edition_id = of_edition AND speaker_id = of_speaker AND status = 'queued';
$$;

ALTER TABLE appearances
    ADD COLUMN calendar_answer text
        CONSTRAINT appearances_calendar_answer_is_known CHECK (calendar_answer IN ('accepted', 'declined', 'tentative')),
    ADD COLUMN calendar_answered_at timestamptz,
    ADD COLUMN calendar_sequence integer,
    ADD COLUMN calendar_stamped_at timestamptz,
    ADD CONSTRAINT appearances_calendar_answers_are_whole CHECK
        (num_nulls(calendar_answer, calendar_answered_at, calendar_sequence, calendar_stamped_at) IN (0, 4));
COMMENT ON COLUMN appearances.calendar_answer IS
    'What the speaker''s calendar last answered to the invitation to the session. It moves nothing: whoever declines is still confirmed until they, or the staff, say otherwise.';
COMMENT ON COLUMN appearances.calendar_answered_at IS 'When that came in.';
COMMENT ON COLUMN appearances.calendar_sequence IS 'SEQUENCE of the invitation that was answered.';
COMMENT ON COLUMN appearances.calendar_stamped_at IS 'DTSTAMP of the answer, by the clock of who gave it: what is older comes too late.';

CREATE VIEW speaker_addresses AS
SELECT s.edition_id, s.id AS speaker_id, s.registration_id, coalesce(s.email, p.email) AS recipient,
       lower(coalesce(s.email, p.email)) AS address, r.status AS registration_status
FROM speakers s
LEFT JOIN registrations r ON r.edition_id = s.edition_id AND r.id = s.registration_id
LEFT JOIN persons p ON p.id = r.person_id
WHERE coalesce(s.email, p.email) IS NOT NULL;
COMMENT ON VIEW speaker_addresses IS 'Where speakers are written to: at an address of their own, else at that of their registration.';

CREATE FUNCTION due_entries(of_edition uuid, of_registrations uuid[])
RETURNS TABLE (registration_id uuid, person_id uuid, session_id uuid, release integer, sequence integer, mode text,
               is_online boolean, starts_at timestamptz, ends_at timestamptz, held_on date, stamp timestamptz)
LANGUAGE sql STABLE AS $$
    WITH published AS (
        SELECT s.id, s.number, s.calendar_sequence, s.access, s.mode, s.starts_at, s.ends_at, s.held_on, s.revised_at
        FROM release_sessions s
        WHERE s.edition_id = of_edition AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
          AND s.status = 'confirmed' AND (s.starts_at IS NOT NULL OR s.held_on IS NOT NULL)
    ),
    approved AS (
        SELECT r.id, r.person_id, r.mode, r.placed_at
        FROM registrations r
        WHERE r.edition_id = of_edition AND r.id = ANY (of_registrations) AND r.status = 'approved'
    ),
    due AS (
        SELECT r.id AS registration_id, s.id AS session_id, NULL::timestamptz AS confirmed_at
        FROM approved r JOIN published s ON s.mode IN ('hybrid', r.mode)
        WHERE s.access = 'registered'
        UNION ALL
        SELECT r.id, s.id, b.confirmed_at
        FROM bookings b
        JOIN approved r ON r.id = b.registration_id
        JOIN published s ON s.id = b.session_id AND s.mode IN ('hybrid', r.mode)
        WHERE b.edition_id = of_edition AND b.registration_id = ANY (ARRAY(SELECT id FROM approved)) AND b.status = 'confirmed'
          AND s.access = 'booking'
        UNION ALL
        SELECT r.id, s.id, max(a.answered_at)
        FROM appearances a
        JOIN speakers p ON p.edition_id = a.edition_id AND p.id = a.speaker_id
        JOIN approved r ON r.id = p.registration_id
        JOIN published s ON s.id = a.session_id
        WHERE a.edition_id = of_edition AND a.status IN ('confirmed', 'spoke')
          AND NOT (s.access = 'registered' AND s.mode IN ('hybrid', r.mode))
          AND NOT EXISTS (SELECT FROM bookings b WHERE b.edition_id = of_edition AND b.registration_id = r.id
                            AND b.session_id = s.id AND b.status = 'confirmed' AND s.access = 'booking'
                            AND s.mode IN ('hybrid', r.mode))
        GROUP BY r.id, s.id
    )
    SELECT d.registration_id, r.person_id, d.session_id, s.number, s.calendar_sequence, r.mode, 'online' IN (r.mode, s.mode),
           s.starts_at, s.ends_at, s.held_on, greatest(s.revised_at, r.placed_at, d.confirmed_at)
    FROM due d
    JOIN approved r ON r.id = d.registration_id
    JOIN published s ON s.id = d.session_id
$$;
COMMENT ON FUNCTION due_entries IS
    'What these registrations should hold by the last release: what is for all who are registered, what they have a place in, and where they speak.';

CREATE FUNCTION speaking_entries(of_edition uuid, of_addresses text[])
RETURNS TABLE (address text, session_id uuid, speaker_id uuid, recipient text, release integer, sequence integer, mode text,
               is_online boolean, starts_at timestamptz, ends_at timestamptz, held_on date, stamp timestamptz)
LANGUAGE sql STABLE AS $$
    WITH heard AS MATERIALIZED (
        SELECT h.speaker_id, h.registration_id, h.recipient, h.address
        FROM speaker_addresses h
        WHERE h.edition_id = of_edition AND h.address = ANY (of_addresses)
          AND (h.registration_status IS NULL OR h.registration_status IN ('submitted', 'approved', 'waitlisted'))
    ),
    registered AS MATERIALIZED (
        SELECT h.speaker_id, h.registration_id FROM heard h WHERE h.registration_id IS NOT NULL
        UNION
        SELECT h.speaker_id, r.id
        FROM heard h
        JOIN persons p ON lower(p.email) = h.address
        JOIN registrations r ON r.edition_id = of_edition AND r.person_id = p.id
    ),
    taken AS MATERIALIZED (
        SELECT r.speaker_id, d.session_id
        FROM due_entries(of_edition, ARRAY(SELECT DISTINCT g.registration_id FROM registered g)) d
        JOIN registered r USING (registration_id)
    )
    SELECT DISTINCT ON (h.address, s.id) h.address, s.id, h.speaker_id, h.recipient, s.number, s.calendar_sequence,
           CASE s.mode WHEN 'online' THEN 'online' ELSE 'in_person' END, s.mode = 'online', s.starts_at, s.ends_at, s.held_on,
           greatest(s.revised_at, a.answered_at)
    FROM heard h
    JOIN appearances a ON a.edition_id = of_edition AND a.speaker_id = h.speaker_id AND a.status IN ('confirmed', 'spoke')
    JOIN release_sessions s ON s.edition_id = of_edition AND s.id = a.session_id AND s.status = 'confirmed'
     AND (s.starts_at IS NOT NULL OR s.held_on IS NOT NULL)
     AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
    WHERE NOT EXISTS (SELECT FROM taken t WHERE t.speaker_id = h.speaker_id AND t.session_id = s.id)
    ORDER BY h.address, s.id, h.speaker_id, a.answered_at DESC NULLS LAST
$$;
COMMENT ON FUNCTION speaking_entries IS
    'What should be held at these addresses because somebody who is reached there is confirmed to speak, and no registration of theirs holds it. Who left as a delegate does not come to speak either.';

CREATE FUNCTION speaking_addresses(of_edition uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(address) FROM (
        SELECT h.address FROM speaker_addresses h WHERE h.edition_id = of_edition
        UNION
        SELECT lower(m.recipient) FROM messages m
        WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.speaker_id IS NOT NULL) AS written_to (address)
$$;
COMMENT ON FUNCTION speaking_addresses IS 'All at which speakers of an edition are written to, or were sent an entry.';

CREATE FUNCTION settle_entries(of_edition uuid, of_addresses text[]) RETURNS void LANGUAGE sql AS $$
    UPDATE messages m
    SET registration_id = d.registration_id, person_id = d.person_id, payload = m.payload - 'speaker'
    FROM due_entries(of_edition, ARRAY(SELECT r.id FROM persons p JOIN registrations r ON r.person_id = p.id
                                       WHERE r.edition_id = of_edition AND lower(p.email) = ANY (of_addresses))) d
    JOIN persons p ON p.id = d.person_id
    WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.speaker_id IS NOT NULL
      AND m.session_id = d.session_id AND lower(m.recipient) = lower(p.email);

    UPDATE messages m
    SET registration_id = NULL, person_id = NULL, payload = m.payload || jsonb_build_object('speaker', w.speaker_id),
        digest_id = CASE WHEN m.status <> 'queued' THEN m.digest_id END
    FROM speaking_entries(of_edition, of_addresses) w
    WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.registration_id IS NOT NULL
      AND m.session_id = w.session_id AND lower(m.recipient) = w.address;
$$;
COMMENT ON FUNCTION settle_entries IS
    'What was mailed to an address of an entry belongs to whoever should hold it there now: the registration, or else the speaker. So the one takes it over from the other, and nobody is asked twice or has it taken away in between.';

CREATE OR REPLACE FUNCTION invite_speaker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (kind, payload)
    SELECT job ->> 'kind', job
    FROM speakers p
    CROSS JOIN LATERAL (SELECT CASE WHEN p.registration_id IS NOT NULL
        THEN jsonb_build_object('kind', 'invite_registration', 'edition_id', p.edition_id, 'registration_id', p.registration_id)
        ELSE jsonb_build_object('kind', 'invite_speaker', 'edition_id', p.edition_id, 'speaker_id', p.id) END) AS asked (job)
    WHERE p.edition_id = NEW.edition_id AND p.id = NEW.speaker_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION invite_registered_speaker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (kind, payload)
    SELECT 'invite_registration', jsonb_build_object('kind', 'invite_registration', 'edition_id', NEW.edition_id,
                                                     'registration_id', r.id)
    FROM (VALUES (OLD.registration_id), (NEW.registration_id)) AS r (id)
    WHERE r.id IS NOT NULL AND NEW.registration_id IS DISTINCT FROM OLD.registration_id;
    INSERT INTO outbox (kind, payload)
    VALUES ('invite_speaker', jsonb_build_object('kind', 'invite_speaker', 'edition_id', NEW.edition_id, 'speaker_id', NEW.id));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION invite_registered_speaker IS
    'What a speaker is confirmed for goes into the calendar of the registration that is theirs, or that is read at their address, and out of that which was.';
DROP TRIGGER speakers_invite_registered ON speakers;
CREATE TRIGGER speakers_invite_registered AFTER UPDATE OF registration_id, email ON speakers
    FOR EACH ROW WHEN ((lower(NEW.email), NEW.registration_id) IS DISTINCT FROM (lower(OLD.email), OLD.registration_id))
    EXECUTE FUNCTION invite_registered_speaker();

CREATE OR REPLACE FUNCTION spare_cancellation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    later uuid[] := ARRAY(
        SELECT m.id FROM messages m
        WHERE m.kind = 'invitation' AND m.edition_id = NEW.edition_id AND m.registration_id = NEW.registration_id
          AND m.session_id = NEW.session_id AND m.number > NEW.number AND m.status = 'queued'
        UNION
        SELECT m.id FROM messages m
        WHERE m.kind = 'invitation' AND m.edition_id = NEW.edition_id AND lower(m.recipient) = lower(NEW.recipient)
          AND m.session_id = NEW.session_id AND m.number > NEW.number AND m.status = 'queued');
BEGIN
    UPDATE messages m SET status = 'superseded'
    WHERE m.id = ANY (later) AND m.status = 'queued' AND m.payload ->> 'method' = 'CANCEL'
      AND NOT EXISTS (SELECT FROM messages o
                      WHERE o.kind = 'invitation' AND o.edition_id = m.edition_id AND o.session_id = m.session_id
                        AND lower(o.recipient) = lower(m.recipient) AND o.number < m.number
                        AND (o.status IN ('queued', 'sending', 'sent') OR o.may_be_there));
    RETURN NULL;
END $$;
