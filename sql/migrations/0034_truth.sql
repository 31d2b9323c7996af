-- Calendars that show what is true whatever happens: what is compared is what a person holds, not what one registration of
-- theirs was sent; every news of an entry is later than the news before; and who is to speak in a room is told when it is online instead.

ALTER TABLE messages ADD COLUMN may_be_there boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN messages.may_be_there IS
    'A mail server was lost while it took it: nobody knows whether the recipient has it, whatever becomes of it.';

DROP FUNCTION changed_entries(uuid, uuid[]);
CREATE FUNCTION changed_entries(of_edition uuid, of_registrations uuid[])
RETURNS TABLE (registration_id uuid, person_id uuid, session_id uuid, method text, mode text, waiting_ids uuid[],
               is_held boolean, payload jsonb)
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    -- No nested loops: what was published a moment ago has no statistics, and would be taken for one row.
    -- What should be held: what is for all who are registered, what they have a place in, and where they speak. It is compared
    -- by person: who left and registered again has one calendar.
    WITH published AS (
        SELECT s.id, s.number, s.calendar_sequence, s.access, s.mode, s.starts_at, s.ends_at, s.held_on, s.revised_at
        FROM release_sessions s
        WHERE s.edition_id = of_edition AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
          AND s.status = 'confirmed' AND (s.starts_at IS NOT NULL OR s.held_on IS NOT NULL)
    ),
    theirs AS MATERIALIZED (
        SELECT r.id, r.person_id, r.status, r.mode, r.placed_at
        FROM registrations r
        WHERE r.edition_id = of_edition
          AND r.person_id = ANY (ARRAY(SELECT o.person_id FROM registrations o
                                       WHERE o.edition_id = of_edition AND o.id = ANY (of_registrations)))
    ),
    approved AS (
        SELECT r.id, r.person_id, r.mode, r.placed_at FROM theirs r WHERE r.status = 'approved'
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
    ),
    wanted AS (
        SELECT d.registration_id, r.person_id, d.session_id, s.number AS release, s.calendar_sequence AS sequence,
               r.mode, 'online' IN (r.mode, s.mode) AS is_online, s.starts_at, s.ends_at, s.held_on,
               greatest(s.revised_at, r.placed_at, d.confirmed_at) AS stamp
        FROM due d
        JOIN approved r ON r.id = d.registration_id
        JOIN published s ON s.id = d.session_id
    ),
    latest AS (
        -- The last that was queued. What a person may hold is the last that a mail server may have taken, be it superseded.
        SELECT DISTINCT ON (m.person_id, m.session_id) m.id, m.session_id, m.registration_id, m.person_id, m.payload,
               (m.payload ->> 'stamp')::timestamptz + interval '1 second' AS next_stamp,
               array_agg(m.id) FILTER (WHERE m.status = 'queued') OVER entry AS waiting_ids,
               coalesce(max(m.number) FILTER (WHERE o.may_be_there AND m.payload ->> 'method' = 'REQUEST') OVER entry
                        > coalesce(max(m.number) FILTER (WHERE o.may_be_there AND m.payload ->> 'method' = 'CANCEL') OVER entry, 0),
                        false) AS is_held
        FROM messages m
        CROSS JOIN LATERAL (SELECT m.status IN ('sent', 'sending') OR m.may_be_there AS may_be_there) o
        WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.registration_id = ANY (ARRAY(SELECT id FROM theirs))
          AND (m.status <> 'superseded' OR m.may_be_there)
        WINDOW entry AS (PARTITION BY m.person_id, m.session_id)
        ORDER BY m.person_id, m.session_id, m.status = 'superseded', m.number DESC
    )
    SELECT w.registration_id, w.person_id, w.session_id, 'REQUEST', w.mode, l.waiting_ids, coalesce(l.is_held, false),
           jsonb_build_object('method', 'REQUEST', 'sequence', w.sequence, 'release', w.release, 'mode', w.mode,
                              'is_online', w.is_online, 'starts_at', w.starts_at, 'ends_at', w.ends_at, 'held_on', w.held_on,
                              'stamp', greatest(w.stamp, l.next_stamp))
    FROM wanted w LEFT JOIN latest l USING (session_id, person_id)
    WHERE l.id IS NULL OR l.payload ->> 'method' = 'CANCEL'
       OR (l.payload ->> 'sequence')::integer <> w.sequence OR l.payload ->> 'mode' <> w.mode
       OR (l.payload ->> 'is_online')::boolean <> w.is_online
    UNION ALL
    SELECT l.registration_id, l.person_id, l.session_id, 'CANCEL', l.payload ->> 'mode', l.waiting_ids, l.is_held,
           l.payload || jsonb_build_object('method', 'CANCEL', 'stamp', greatest(s.revised_at, r.placed_at, l.next_stamp,
                   (SELECT max(b.cancelled_at) FROM bookings b WHERE b.edition_id = of_edition
                     AND b.registration_id = l.registration_id AND b.session_id = l.session_id)),
                                           'sequence', coalesce(s.calendar_sequence, (l.payload ->> 'sequence')::integer),
                                           'release', CASE WHEN s.starts_at IS NOT NULL OR s.held_on IS NOT NULL THEN s.number
                                                           ELSE (l.payload ->> 'release')::integer END)
    FROM latest l
    LEFT JOIN wanted w USING (session_id, person_id)
    JOIN registrations r ON r.edition_id = of_edition AND r.id = l.registration_id
    LEFT JOIN release_sessions s ON s.edition_id = of_edition AND s.id = l.session_id
     AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
    WHERE w.session_id IS NULL AND l.payload ->> 'method' = 'REQUEST'  -- what has no date any more is withdrawn as it was told
$$;
COMMENT ON FUNCTION changed_entries IS
    'Where what these people should hold by the last release differs from what was last queued for them. What plans invitations and what counts them beforehand both read this. News of an entry have a later stamp than the news before, also where nothing else tells them apart (RFC 5546 section 2.1.5).';

CREATE OR REPLACE FUNCTION follow_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'superseded' THEN
        UPDATE messages SET digest_id = NULL WHERE digest_id = NEW.id AND status = 'queued';
    ELSE
        UPDATE messages SET status = NEW.status, sent_at = NEW.sent_at, attempts = NEW.attempts, last_error = NEW.last_error,
               bounced_at = NEW.bounced_at, may_be_there = NEW.may_be_there
        WHERE digest_id = NEW.id AND (status IN ('queued', 'sending') OR (status, NEW.status) = ('sent', 'bounced'));
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION spare_cancellation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE messages m SET status = 'superseded'
    WHERE m.kind = 'invitation' AND m.edition_id = NEW.edition_id AND m.registration_id = NEW.registration_id
      AND m.session_id = NEW.session_id AND m.number > NEW.number AND m.status = 'queued' AND m.payload ->> 'method' = 'CANCEL'
      AND NOT EXISTS (SELECT FROM messages o
                      WHERE o.kind = 'invitation' AND o.edition_id = m.edition_id AND o.session_id = m.session_id
                        AND lower(o.recipient) = lower(m.recipient) AND o.number < m.number
                        AND (o.status IN ('queued', 'sending', 'sent') OR o.may_be_there));
    RETURN NULL;
END $$;
