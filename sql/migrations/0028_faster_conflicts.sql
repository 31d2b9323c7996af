-- The list of open conflicts, and moves, in less time: what they answer is the same.

CREATE OR REPLACE FUNCTION open_conflicts(of_edition uuid)
RETURNS TABLE (rule text, level text, sessions uuid[], speaker uuid, room uuid, team uuid, overridden boolean)
LANGUAGE sql STABLE AS $$
    -- Who, and what room, is in two places is found by one sort: where a session begins before all that came before it have
    -- ended, or the next begins before it has. Only those few are compared in pairs. Every time is a half-open span: one that
    -- has no end, and is an instant, ends a microsecond later, which is the least that there is.
    WITH edition AS MATERIALIZED (
        SELECT e.timezone, e.starts_on, e.ends_on, to_jsonb(l) AS levels
        FROM editions e JOIN conflict_levels l ON l.edition_id = e.id WHERE e.id = of_edition
    ),
    placed AS MATERIALIZED (
        SELECT s.id, s.type, s.parent_id, s.room_id, s.starts_at, s.ends_at, s.held_on, s.interpretation_team_ids,
               coalesce(s.ends_at, s.starts_at + interval '1 us') AS until
        FROM sessions s WHERE s.edition_id = of_edition AND s.status = 'confirmed'
    ),
    speaking AS MATERIALIZED (
        SELECT speaker_id, chairs, id, parent_id, starts_at, until
        FROM (
            SELECT a.speaker_id, a.role = 'chair' AS chairs, p.id, p.parent_id, p.starts_at, p.until,
                   max(p.until) OVER w AS until_before, lead(p.starts_at) OVER w AS next_at
            FROM appearances a JOIN placed p ON p.id = a.session_id
            WHERE a.edition_id = of_edition AND a.status = 'confirmed' AND p.starts_at IS NOT NULL
            WINDOW w AS (PARTITION BY a.speaker_id ORDER BY p.starts_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) s
        WHERE until_before > starts_at OR next_at < until
    ),
    interpreting AS MATERIALIZED (
        SELECT team_id, id, parent_id, starts_at, until
        FROM (
            SELECT t.id AS team_id, p.id, p.parent_id, p.starts_at, p.until,
                   max(p.until) OVER w AS until_before, lead(p.starts_at) OVER w AS next_at
            FROM placed p CROSS JOIN unnest(p.interpretation_team_ids) AS t (id)
            WHERE p.starts_at IS NOT NULL
            WINDOW w AS (PARTITION BY t.id ORDER BY p.starts_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) s
        WHERE until_before > starts_at OR next_at < until
    ),
    preparing AS MATERIALIZED (
        SELECT element_id, room_id, has_buffer, id, starts_at, until
        FROM (
            SELECT n.element_id, n.room_id, n.has_buffer, n.id, n.starts_at, n.until,
                   max(n.until) OVER w AS until_before, lead(n.starts_at) OVER w AS next_at
            FROM (
                SELECT c.element_id, p.room_id, r.has_buffer, p.id, p.starts_at - r.setup AS starts_at,
                       CASE WHEN r.has_teardown THEN coalesce(p.ends_at, p.starts_at) + r.teardown ELSE p.until END AS until
                FROM room_claims c
                JOIN placed p ON p.id = c.session_id
                JOIN (SELECT id, make_interval(mins => setup_minutes) AS setup, make_interval(mins => teardown_minutes) AS teardown,
                             teardown_minutes > 0 AS has_teardown, setup_minutes + teardown_minutes > 0 AS has_buffer
                      FROM rooms WHERE edition_id = of_edition OFFSET 0) r ON r.id = p.room_id
                WHERE c.edition_id = of_edition
            ) n
            WINDOW w AS (PARTITION BY n.element_id ORDER BY n.starts_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) s
        WHERE until_before > starts_at OR next_at < until
    ),
    open_days AS MATERIALIZED (
        SELECT r.id, opening_spans(r.opening_hours, e.timezone, d.days) AS spans
        FROM edition e
        CROSS JOIN (
            SELECT x.room_id, array_agg(DISTINCT x.first_day + n) AS days
            FROM (
                SELECT DISTINCT p.room_id, (p.starts_at AT TIME ZONE e.timezone)::date AS first_day,
                       (coalesce(p.ends_at, p.starts_at) AT TIME ZONE e.timezone)::date AS last_day
                FROM edition e CROSS JOIN placed p
                WHERE p.starts_at IS NOT NULL
                  AND p.room_id IN (SELECT r.id FROM rooms r WHERE r.edition_id = of_edition AND r.opening_hours <> '[]')
            ) x
            CROSS JOIN generate_series(-1, x.last_day - x.first_day) AS n
            GROUP BY x.room_id
        ) d
        JOIN rooms r ON r.edition_id = of_edition AND r.id = d.room_id
    ),
    found (rule, one, other, speaker, room, team) AS (
        SELECT CASE WHEN bool_or(x.chairs OR y.chairs) THEN 'chair_double_booked' ELSE 'speaker_double_booked' END,
               x.id, y.id, x.speaker_id, NULL::uuid, NULL::uuid
        FROM speaking x
        JOIN speaking y ON y.speaker_id = x.speaker_id AND x.id < y.id AND y.starts_at < x.until AND x.starts_at < y.until
        WHERE x.parent_id IS DISTINCT FROM y.id AND y.parent_id IS DISTINCT FROM x.id
        GROUP BY x.speaker_id, x.id, y.id
        UNION ALL
        SELECT DISTINCT 'interpretation_double_booked', x.id, y.id, NULL::uuid, NULL::uuid, x.team_id
        FROM interpreting x
        JOIN interpreting y ON y.team_id = x.team_id AND x.id < y.id AND y.starts_at < x.until AND x.starts_at < y.until
        WHERE x.parent_id IS DISTINCT FROM y.id AND y.parent_id IS DISTINCT FROM x.id
        UNION ALL
        SELECT 'plenary_parallel', least(x.id, y.id), greatest(x.id, y.id), NULL, NULL, NULL
        FROM placed x
        JOIN sessions y ON y.edition_id = of_edition AND y.status = 'confirmed' AND y.starts_at IS NOT NULL
             AND session_span(y.starts_at, y.ends_at) && tstzrange(x.starts_at, x.until) AND x.id <> y.id
        WHERE x.type = 'plenary' AND x.starts_at IS NOT NULL AND is_beside_plenaries(y.type) AND (y.type <> 'plenary' OR x.id < y.id)
          AND x.parent_id IS DISTINCT FROM y.id AND y.parent_id IS DISTINCT FROM x.id
        UNION ALL
        SELECT DISTINCT 'capacity_below_bookings', p.session_id, NULL::uuid, NULL::uuid, NULL::uuid, NULL::uuid
        FROM session_places p JOIN sessions s ON s.edition_id = p.edition_id AND s.id = p.session_id
        WHERE p.edition_id = of_edition AND p.taken > p.capacity AND s.status = 'confirmed' AND s.access = 'booking'
        UNION ALL
        SELECT 'outside_opening_hours', p.id, NULL, NULL, p.room_id, NULL
        FROM placed p JOIN open_days d ON d.id = p.room_id
        WHERE p.starts_at IS NOT NULL AND NOT coalesce(d.spans @> tstzrange(p.starts_at, p.until), false)
        UNION ALL
        SELECT 'outside_edition', p.id, NULL, NULL, NULL, NULL
        FROM placed p CROSS JOIN edition e
        WHERE NOT is_within_edition(p.type, p.starts_at, p.ends_at, p.held_on, e.timezone, e.starts_on, e.ends_on)
        UNION ALL
        SELECT DISTINCT 'setup_time', x.id, y.id, NULL::uuid,
               CASE WHEN x.has_buffer THEN x.room_id ELSE y.room_id END, NULL::uuid
        FROM preparing x
        JOIN preparing y ON y.element_id = x.element_id AND x.id < y.id AND y.starts_at < x.until AND x.starts_at < y.until
    )
    SELECT f.rule, l.level, CASE WHEN f.other IS NULL THEN ARRAY[f.one] ELSE ARRAY[f.one, f.other] END, f.speaker, f.room, f.team,
           EXISTS (SELECT FROM conflict_overrides o
                   WHERE o.edition_id = of_edition AND o.rule = f.rule AND o.subject_id = coalesce(f.speaker, f.team)
                     AND o.session_id IN (f.one, f.other) AND o.other_session_id IN (f.one, f.other))
    FROM found f JOIN (SELECT v.key AS rule, v.value AS level FROM edition e, jsonb_each_text(e.levels) AS v) l ON l.rule = f.rule
    WHERE l.level <> 'ignore'
$$;
COMMENT ON FUNCTION open_conflicts IS
    'What conflicts there are between the confirmed sessions of an edition. It is planned as a part of the statement that reads it, so that a rule which is not asked for costs nothing.';

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
    IF at IS NOT NULL AND is_confirmed THEN
        IF of_room IS NOT NULL THEN
            PERFORM FROM rooms r
            WHERE r.edition_id = of_edition
              AND r.id = ANY (ARRAY(SELECT e.element_id FROM room_elements e WHERE e.edition_id = of_edition AND e.room_id = of_room)
                              || of_room)
            ORDER BY r.id FOR NO KEY UPDATE OF r;
        END IF;
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

CREATE OR REPLACE FUNCTION move_if_clear(of_edition uuid, of_session uuid, versions text[], names text[], starts timestamptz, ends timestamptz,
                              of_room uuid, moved_at timestamptz)
RETURNS TABLE (session sessions, clashes jsonb) LANGUAGE plpgsql AS $$
DECLARE
    before sessions;
    after sessions;
    found jsonb;
BEGIN
    SELECT s.* INTO before FROM sessions s WHERE s.edition_id = of_edition AND s.id = of_session FOR NO KEY UPDATE;
    after := before;
    IF 'starts_at' = ANY (names) THEN after.starts_at := starts; END IF;
    IF 'ends_at' = ANY (names) THEN after.ends_at := ends; END IF;
    IF 'room' = ANY (names) THEN after.room_id := of_room; END IF;
    IF before.status IS DISTINCT FROM 'confirmed' OR NOT coalesce('"' || before.version || '"' = ANY (versions), true)
       OR after.starts_at IS NULL OR after.held_on IS NOT NULL OR after.ends_at <= after.starts_at THEN
        RETURN;
    END IF;
    IF after.room_id IS NOT NULL AND after.room_id IS DISTINCT FROM before.room_id THEN
        IF NOT EXISTS (SELECT FROM rooms r WHERE r.edition_id = of_edition AND r.id = after.room_id) THEN
            RETURN;
        END IF;
    END IF;
    found := session_clashes(of_edition, of_session, true, after.type, after.parent_id, after.starts_at, after.ends_at, NULL,
                             after.room_id, after.mode, after.access, after.in_person_capacity, after.online_capacity,
                             after.interpretation_team_ids);
    IF found <> '[]' AND found @? '$[*] ? (@.level == "refuse")' THEN
        RETURN;
    END IF;
    RETURN QUERY
        UPDATE sessions s SET starts_at = after.starts_at, ends_at = after.ends_at, room_id = after.room_id,
               revised_at = moved_at, version = s.version + 1
        WHERE s.edition_id = of_edition AND s.id = of_session
        RETURNING s, found;
END $$;
