-- What concerns one person of the programme: in their calendars, and in the invitations that they get.

CREATE VIEW personal_sessions AS
SELECT edition_id, registration_id, session_id FROM bookings WHERE status = 'confirmed'
UNION
SELECT edition_id, registration_id, session_id FROM stars
UNION
SELECT a.edition_id, p.registration_id, a.session_id
FROM appearances a JOIN speakers p ON p.edition_id = a.edition_id AND p.id = a.speaker_id
WHERE a.status IN ('confirmed', 'spoke') AND p.registration_id IS NOT NULL;
COMMENT ON VIEW personal_sessions IS 'The sessions that a registration has a place in, has starred, or speaks in.';

CREATE FUNCTION changed_entries(of_edition uuid, of_registrations uuid[])
RETURNS TABLE (registration_id uuid, person_id uuid, session_id uuid, method text, mode text, latest_id uuid, latest_status text,
               is_held boolean, payload jsonb)
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    -- No nested loops: what was published a moment ago has no statistics, and would be taken for one row.
    -- What should be held: what is for all who are registered, what they have a place in, and where they speak.
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
        WHERE b.edition_id = of_edition AND b.registration_id = ANY (of_registrations) AND b.status = 'confirmed'
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
                            AND b.session_id = s.id AND b.status = 'confirmed' AND s.access = 'booking')
        GROUP BY r.id, s.id
    ),
    wanted AS (
        SELECT d.registration_id, r.person_id, d.session_id, s.number AS release, s.calendar_sequence AS sequence,
               r.mode, s.starts_at, s.ends_at, s.held_on, greatest(s.revised_at, r.placed_at, d.confirmed_at) AS stamp
        FROM due d
        JOIN approved r ON r.id = d.registration_id
        JOIN published s ON s.id = d.session_id
    ),
    latest AS (
        SELECT DISTINCT ON (m.registration_id, m.session_id) m.id, m.session_id, m.registration_id, m.person_id, m.status, m.payload,
               bool_or(m.status IN ('sent', 'sending')) OVER (PARTITION BY m.registration_id, m.session_id) AS may_be_held
        FROM messages m
        WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.registration_id = ANY (of_registrations)
          AND m.status <> 'superseded'
        ORDER BY m.registration_id, m.session_id, m.number DESC
    )
    SELECT w.registration_id, w.person_id, w.session_id, 'REQUEST', w.mode, l.id, l.status,
           coalesce(l.may_be_held AND l.payload ->> 'method' = 'REQUEST', false),
           jsonb_build_object('method', 'REQUEST', 'sequence', w.sequence, 'release', w.release, 'mode', w.mode,
                              'starts_at', w.starts_at, 'ends_at', w.ends_at, 'held_on', w.held_on, 'stamp', w.stamp)
    FROM wanted w LEFT JOIN latest l USING (session_id, registration_id)
    WHERE l.id IS NULL OR l.payload ->> 'method' = 'CANCEL'
       OR (l.payload ->> 'sequence')::integer <> w.sequence OR l.payload ->> 'mode' <> w.mode
    UNION ALL
    SELECT l.registration_id, l.person_id, l.session_id, 'CANCEL', l.payload ->> 'mode', l.id, l.status, l.may_be_held,
           l.payload || jsonb_build_object('method', 'CANCEL', 'stamp', greatest(s.revised_at, r.placed_at,
                   (SELECT max(b.cancelled_at) FROM bookings b WHERE b.edition_id = of_edition
                     AND b.registration_id = l.registration_id AND b.session_id = l.session_id)),
                                           'sequence', coalesce(s.calendar_sequence, (l.payload ->> 'sequence')::integer),
                                           'release', coalesce(s.number, (l.payload ->> 'release')::integer))
    FROM latest l
    LEFT JOIN wanted w USING (session_id, registration_id)
    JOIN registrations r ON r.edition_id = of_edition AND r.id = l.registration_id
    LEFT JOIN release_sessions s ON s.edition_id = of_edition AND s.id = l.session_id
     AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
    WHERE w.session_id IS NULL AND l.payload ->> 'method' = 'REQUEST'
$$;
COMMENT ON FUNCTION changed_entries IS
    'Where what these people should hold by the last release differs from what was last queued for them. What plans invitations and what counts them beforehand both read this.';

CREATE FUNCTION invite_speaker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (kind, payload)
    SELECT 'invite_registration', jsonb_build_object('kind', 'invite_registration', 'edition_id', p.edition_id,
                                                     'registration_id', p.registration_id)
    FROM speakers p WHERE p.edition_id = NEW.edition_id AND p.id = NEW.speaker_id AND p.registration_id IS NOT NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION invite_speaker IS 'Who comes to speak, or does not any more, has their calendar brought in line.';
CREATE TRIGGER appearances_invite_speaker AFTER UPDATE OF status ON appearances
    FOR EACH ROW WHEN ((NEW.status IN ('confirmed', 'spoke')) <> (OLD.status IN ('confirmed', 'spoke')))
    EXECUTE FUNCTION invite_speaker();

CREATE FUNCTION invite_registered_speaker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (kind, payload)
    SELECT 'invite_registration', jsonb_build_object('kind', 'invite_registration', 'edition_id', NEW.edition_id,
                                                     'registration_id', r.id)
    FROM (VALUES (OLD.registration_id), (NEW.registration_id)) AS r (id) WHERE r.id IS NOT NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION invite_registered_speaker IS 'What a speaker is confirmed for goes into the calendar of the registration that is theirs, and out of that which was.';
CREATE TRIGGER speakers_invite_registered AFTER UPDATE OF registration_id ON speakers
    FOR EACH ROW WHEN (NEW.registration_id IS DISTINCT FROM OLD.registration_id) EXECUTE FUNCTION invite_registered_speaker();
