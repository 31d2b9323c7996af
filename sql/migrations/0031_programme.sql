-- What a release tells of rooms, and a capacity that is lowered while somebody books.

-- A room without equipment is frozen as it was before: what has not changed since the last release has not changed.
CREATE OR REPLACE VIEW publishable_sessions AS
SELECT s.edition_id, s.id, s.title, s.abstract, s.type,
       (SELECT jsonb_build_object('id', t.id, 'name', t.name)
        FROM tracks t WHERE t.edition_id = s.edition_id AND t.id = s.track_id) AS track,
       s.parent_id, s.status, s.starts_at, s.ends_at, s.held_on,
       (SELECT jsonb_build_object('id', r.id, 'name', r.name, 'venue', r.venue, 'capacity', r.capacity,
                                  'wheelchair_accessible', r.wheelchair_accessible, 'hearing_loop', r.hearing_loop)
               || CASE WHEN r.equipment = '{}' THEN '{}' ELSE jsonb_build_object('equipment', r.equipment) END
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

CREATE FUNCTION shown_in_calendars(session jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN session #- '{room,capacity}' #- '{room,wheelchair_accessible}' #- '{room,hearing_loop}' #- '{room,equipment}';
COMMENT ON FUNCTION shown_in_calendars IS
    'A published session without the facts of its room that calendar entries do not tell: when these change, the session is as old as before, and its entry has the same bytes.';

-- Locks as in 0025, and session_places last. The room is locked for whoever has places, also while there is no hour: what
-- follows the session's places reads it.
CREATE OR REPLACE FUNCTION session_clashes(
    of_edition uuid, of_session uuid, is_confirmed boolean, of_type text, of_parent uuid, starts timestamptz, ends timestamptz,
    held date, of_room uuid, of_mode text, of_access text, hall integer, online integer, teams uuid[]
) RETURNS jsonb LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    at tstzrange := CASE WHEN starts IS NOT NULL THEN session_span(starts, ends) END;
    who uuid[] := '{}';
    here record;
    levels jsonb;
    clashes jsonb[] := '{}';
BEGIN
    IF is_confirmed AND of_room IS NOT NULL AND (at IS NOT NULL OR of_access = 'booking') THEN
        PERFORM FROM rooms r
        WHERE r.edition_id = of_edition
          AND r.id = ANY (ARRAY(SELECT e.element_id FROM room_elements e WHERE e.edition_id = of_edition AND e.room_id = of_room)
                          || of_room)
        ORDER BY r.id FOR NO KEY UPDATE OF r;
    END IF;
    IF at IS NOT NULL AND is_confirmed THEN
        who := ARRAY(SELECT s.id FROM speakers s
                     WHERE s.edition_id = of_edition
                       AND s.id = ANY (ARRAY(SELECT a.speaker_id FROM appearances a
                                             WHERE a.edition_id = of_edition AND a.session_id = of_session AND a.status = 'confirmed'))
                     ORDER BY s.id FOR NO KEY UPDATE OF s);
        IF teams <> '{}' THEN
            PERFORM FROM interpretation_teams t WHERE t.edition_id = of_edition AND t.id = ANY (teams) ORDER BY t.id FOR NO KEY UPDATE;
        END IF;
    ELSIF at IS NOT NULL THEN
        who := ARRAY(SELECT a.speaker_id FROM appearances a
                     WHERE a.edition_id = of_edition AND a.session_id = of_session AND a.status = 'confirmed');
    END IF;
    IF is_confirmed AND of_access = 'booking' THEN
        -- Who books holds one of these rows: either this sees the booking, or who books sees the places that are left.
        PERFORM FROM session_places p WHERE p.edition_id = of_edition AND p.session_id = of_session ORDER BY p.mode FOR NO KEY UPDATE;
    END IF;
    SELECT e.timezone, e.starts_on, e.ends_on, to_jsonb(l) AS levels, r.capacity, r.opening_hours <> '[]' AS has_hours,
           r.opening_hours, r.setup_minutes, r.teardown_minutes, near.longest,
           at IS NOT NULL AND of_room IS NOT NULL AND EXISTS (
               SELECT FROM room_elements m
               JOIN room_claims c ON c.edition_id = of_edition AND c.element_id = m.element_id AND c.session_id <> of_session
               WHERE m.edition_id = of_edition AND m.room_id = of_room
                 AND c.span && buffered_span(at, r.setup_minutes + near.longest, r.teardown_minutes + near.longest)) AS has_neighbours,
           at IS NOT NULL AND EXISTS (SELECT FROM sessions_beside(of_edition, of_session, of_parent, at) b
                   WHERE b.type = 'plenary' OR of_type = 'plenary' OR b.interpretation_team_ids && teams
                      OR who <> '{}' AND EXISTS (SELECT FROM appearances a WHERE a.edition_id = of_edition AND a.session_id = b.id
                                                   AND a.speaker_id = ANY (who) AND a.status = 'confirmed')) AS has_company
    INTO here
    FROM editions e
    JOIN conflict_levels l ON l.edition_id = e.id
    LEFT JOIN rooms r ON r.edition_id = e.id AND r.id = of_room
    CROSS JOIN LATERAL (
        -- a minute more, for an instant, which includes its end
        SELECT greatest(max(b.setup_minutes), max(b.teardown_minutes)) + 1 AS longest FROM rooms b WHERE b.edition_id = of_edition
    ) near
    WHERE e.id = of_edition;
    levels := here.levels;
    IF here.has_neighbours THEN
        clashes := ARRAY(
            SELECT clash(f.rule, coalesce(levels ->> f.rule, 'refuse'), ARRAY[of_session, f.other], NULL, of_room, NULL)
            FROM (SELECT DISTINCT CASE WHEN c.span && at THEN 'room_occupied' ELSE 'setup_time' END AS rule, c.session_id AS other
                  FROM room_elements m
                  JOIN room_claims c ON c.edition_id = of_edition AND c.element_id = m.element_id AND c.session_id <> of_session
                  JOIN sessions o ON o.edition_id = c.edition_id AND o.id = c.session_id
                  JOIN rooms r ON r.edition_id = o.edition_id AND r.id = o.room_id
                  WHERE m.edition_id = of_edition AND m.room_id = of_room
                    AND c.span && buffered_span(at, here.setup_minutes + here.longest, here.teardown_minutes + here.longest)
                    AND (c.span && at OR buffered_span(c.span, r.setup_minutes, r.teardown_minutes)
                                         && buffered_span(at, here.setup_minutes, here.teardown_minutes))) f
            WHERE levels ->> f.rule IS DISTINCT FROM 'ignore');
    END IF;
    IF here.has_company THEN
        IF who <> '{}' THEN
            clashes := clashes || ARRAY(
                SELECT clash(p.rule, levels ->> p.rule, ARRAY[of_session, p.other], p.speaker, NULL, NULL)
                FROM speaker_clashes(of_edition, of_session, of_parent, at, who) p WHERE levels ->> p.rule <> 'ignore');
        END IF;
        IF teams <> '{}' AND levels ->> 'interpretation_double_booked' <> 'ignore' THEN
            clashes := clashes || ARRAY(
                SELECT clash('interpretation_double_booked', levels ->> 'interpretation_double_booked', ARRAY[of_session, b.id], NULL, NULL, t.id)
                FROM sessions_beside(of_edition, of_session, of_parent, at) b JOIN unnest(teams) AS t (id) ON t.id = ANY (b.interpretation_team_ids));
        END IF;
        IF is_beside_plenaries(of_type) AND levels ->> 'plenary_parallel' <> 'ignore' THEN
            clashes := clashes || ARRAY(
                SELECT clash('plenary_parallel', levels ->> 'plenary_parallel', ARRAY[of_session, b.id], NULL, NULL, NULL)
                FROM sessions_beside(of_edition, of_session, of_parent, at) b
                WHERE (b.type = 'plenary' OR of_type = 'plenary') AND is_beside_plenaries(b.type));
        END IF;
    END IF;
    IF of_access = 'booking' AND levels ->> 'capacity_below_bookings' <> 'ignore' THEN
        IF EXISTS (
            SELECT FROM session_places p
            WHERE p.edition_id = of_edition AND p.session_id = of_session
              AND p.taken > CASE WHEN p.mode = 'online' THEN CASE WHEN of_mode = 'in_person' THEN 0 ELSE online END
                                 ELSE CASE WHEN of_mode = 'online' THEN 0 ELSE least(hall, here.capacity) END END) THEN
            clashes := clashes || clash('capacity_below_bookings', levels ->> 'capacity_below_bookings', ARRAY[of_session], NULL, NULL, NULL);
        END IF;
    END IF;
    IF at IS NOT NULL AND here.has_hours AND levels ->> 'outside_opening_hours' <> 'ignore' THEN
        IF NOT coalesce(opening_spans(here.opening_hours, here.timezone,
                                      local_days(starts, coalesce(ends, starts), here.timezone)) @> at, false) THEN
            clashes := clashes || clash('outside_opening_hours', levels ->> 'outside_opening_hours', ARRAY[of_session], NULL, of_room, NULL);
        END IF;
    END IF;
    IF levels ->> 'outside_edition' <> 'ignore'
       AND NOT is_within_edition(of_type, starts, ends, held, here.timezone, here.starts_on, here.ends_on) THEN
        clashes := clashes || clash('outside_edition', levels ->> 'outside_edition', ARRAY[of_session], NULL, NULL, NULL);
    END IF;
    RETURN to_jsonb(clashes);
END $$;
COMMENT ON FUNCTION session_clashes IS
    'What would stand in the way of a session that is held like this. For a confirmed one it locks, in the order at the head of the file where rooms are joined, what decides, and then reads: each statement sees what was done while it waited. One statement tells whether there is anything near in the room, or beside it at all; only where there is, it is looked at. The caller has locked the session. Its plans are kept: to plan anew takes longer than to run them.';

CREATE OR REPLACE VIEW personal_sessions AS
SELECT edition_id, registration_id, session_id, true AS is_booked FROM bookings WHERE status = 'confirmed'
UNION
SELECT edition_id, registration_id, session_id, false FROM stars
UNION
SELECT a.edition_id, p.registration_id, a.session_id, false
FROM appearances a JOIN speakers p ON p.edition_id = a.edition_id AND p.id = a.speaker_id
WHERE a.status IN ('confirmed', 'spoke') AND p.registration_id IS NOT NULL;
COMMENT ON VIEW personal_sessions IS 'The sessions that a registration has a place in, has starred, or speaks in. A place counts while the session is one to be booked, in the way in which its holder takes part: a release says so.';
