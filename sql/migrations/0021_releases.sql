-- Releases that bring back an earlier one, and who would be told what by a release that is not there yet.

ALTER TABLE releases ADD COLUMN restored_from integer;
ALTER TABLE releases ADD CONSTRAINT releases_restored_one_exists
    FOREIGN KEY (edition_id, restored_from) REFERENCES releases;
COMMENT ON COLUMN releases.restored_from IS 'The earlier release that was brought back; null for one that was made of the sessions.';

CREATE FUNCTION named_appearances(appearances jsonb, hidden uuid[]) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN hidden = '{}' THEN appearances ELSE (
    SELECT coalesce(jsonb_agg(a.appearance ORDER BY a.position), '[]')
    FROM jsonb_array_elements(appearances) WITH ORDINALITY AS a (appearance, position)
    WHERE (a.appearance ->> 'speaker')::uuid <> ALL (hidden)) END;
COMMENT ON FUNCTION named_appearances IS 'Who is named in a published session, without those who do not want to be named any more.';

CREATE FUNCTION restored_sessions(of_edition uuid, of_number integer) RETURNS SETOF publishable_sessions
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    -- No nested loops: what was published a moment ago has no statistics, and would be taken for one row.
    --
    -- What a calendar entry is about is `entry`, as for the trigger on sessions. Where it differs from what readers have, the
    -- sequence rises above all that was published and all that the staff's session has; unless that session has just this
    -- entry under a sequence of its own that is new to readers.
    WITH last AS (
        SELECT s.edition_id, s.id, s.title, s.abstract, s.type, s.track, s.parent_id, s.status, s.starts_at, s.ends_at, s.held_on,
               s.room, s.mode, s.access, s.languages, s.organisers, s.appearances, s.calendar_sequence, s.revised_at,
               ROW(s.starts_at, s.ends_at, s.held_on, s.room ->> 'id', s.status) AS entry
        FROM release_sessions s
        WHERE s.edition_id = of_edition AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
    ),
    wanted AS (
        SELECT s.edition_id, s.id, s.title, s.abstract, s.type, s.track, s.parent_id, s.status, s.starts_at, s.ends_at, s.held_on,
               s.room, s.mode, s.access, s.languages, s.organisers, s.appearances, s.calendar_sequence, s.revised_at
        FROM release_sessions s
        WHERE s.edition_id = of_edition AND s.number = of_number
        UNION ALL
        SELECT l.edition_id, l.id, l.title, l.abstract, l.type, l.track, l.parent_id, 'cancelled', l.starts_at, l.ends_at,
               l.held_on, l.room, l.mode, l.access, l.languages, l.organisers, l.appearances, l.calendar_sequence, l.revised_at
        FROM last l
        WHERE l.id NOT IN (SELECT s.id FROM release_sessions s WHERE s.edition_id = of_edition AND s.number = of_number)
    ),
    compared AS (
        SELECT w.edition_id, w.id, w.title, w.abstract, w.type, w.track, w.parent_id, w.status, w.starts_at, w.ends_at, w.held_on,
               w.room, w.mode, w.access, w.languages, w.organisers, w.appearances, w.revised_at,
               greatest(w.calendar_sequence, l.calendar_sequence) AS published_sequence, s.calendar_sequence AS own_sequence,
               l.entry IS NOT DISTINCT FROM e.entry AS is_held,
               ROW(s.starts_at, s.ends_at, s.held_on, s.room_id::text, s.status) IS NOT DISTINCT FROM e.entry AS is_own
        FROM wanted w
        CROSS JOIN LATERAL (SELECT ROW(w.starts_at, w.ends_at, w.held_on, w.room ->> 'id', w.status) AS entry) e
        LEFT JOIN last l ON l.id = w.id
        LEFT JOIN sessions s ON s.edition_id = w.edition_id AND s.id = w.id
    ),
    hidden AS (SELECT ARRAY(SELECT p.id FROM speakers p WHERE p.edition_id = of_edition AND NOT p.published) AS ids)
    SELECT c.edition_id, c.id, c.title, c.abstract, c.type, c.track, c.parent_id, c.status, c.starts_at, c.ends_at, c.held_on,
           c.room, c.mode, c.access, c.languages, c.organisers, named_appearances(c.appearances, h.ids),
           CASE WHEN c.is_held THEN c.published_sequence
                WHEN c.is_own AND c.own_sequence > c.published_sequence THEN c.own_sequence
                ELSE greatest(c.published_sequence, c.own_sequence) + 1 END,
           c.revised_at
    FROM compared c CROSS JOIN hidden h
$$;
COMMENT ON FUNCTION restored_sessions IS
    'What a release that brings back an earlier one holds: what that one had, and as cancelled what came after it. Nobody is named in it who does not want to be named now.';

CREATE FUNCTION changed_entries(of_edition uuid, of_registrations uuid[])
RETURNS TABLE (registration_id uuid, person_id uuid, session_id uuid, method text, mode text, latest_id uuid, latest_status text,
               is_held boolean, payload jsonb)
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    -- No nested loops: what was published a moment ago has no statistics, and would be taken for one row.
    -- What should be held: what is for all who are registered, and what they have a place in.
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
