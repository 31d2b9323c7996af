-- Joined rooms, opening hours and buffers, interpretation teams, and what becomes of conflicts in a programme.
--
-- Locks are taken in this order: a session; its room with all that the room is made of, by id; its speakers, by id; its
-- interpretation teams, by id; then session_places. Who changes what rooms are made of locks all rooms first, by id.

-- Rooms that are made of others

ALTER TABLE rooms
    ADD COLUMN equipment text[] NOT NULL DEFAULT '{}',
    ADD COLUMN part_ids uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN opening_hours jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN setup_minutes integer NOT NULL DEFAULT 0
        CONSTRAINT rooms_setup_minutes_are_up_to_a_day CHECK (setup_minutes BETWEEN 0 AND 1440),
    ADD COLUMN teardown_minutes integer NOT NULL DEFAULT 0
        CONSTRAINT rooms_teardown_minutes_are_up_to_a_day CHECK (teardown_minutes BETWEEN 0 AND 1440);
COMMENT ON COLUMN rooms.part_ids IS 'The rooms that this one is joined from: it blocks them, and what blocks one of them blocks it.';
COMMENT ON COLUMN rooms.opening_hours IS
    'Lines {on, opens_at, closes_at} in local time; without on, of every day that has no line of its own. None: always open.';
COMMENT ON COLUMN rooms.setup_minutes IS 'How long before a session the room is needed; the rule setup_time tells when it is not free.';

CREATE TABLE room_elements (
    edition_id uuid NOT NULL,
    room_id uuid NOT NULL,
    element_id uuid NOT NULL,
    CONSTRAINT room_elements_pkey PRIMARY KEY (edition_id, room_id, element_id),
    CONSTRAINT room_elements_room_exists FOREIGN KEY (edition_id, room_id) REFERENCES rooms,
    CONSTRAINT room_elements_element_exists FOREIGN KEY (edition_id, element_id) REFERENCES rooms
);
COMMENT ON TABLE room_elements IS
    'The rooms without parts that a room is made of in the end (itself, when it has no parts). Two rooms block each other when they share one. Kept by a trigger on rooms.';

CREATE TABLE room_claims (
    edition_id uuid NOT NULL,
    session_id uuid NOT NULL,
    element_id uuid NOT NULL,
    span tstzrange NOT NULL,
    CONSTRAINT room_claims_pkey PRIMARY KEY (edition_id, session_id, element_id),
    CONSTRAINT room_claims_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT room_claims_element_exists FOREIGN KEY (edition_id, element_id) REFERENCES rooms,
    CONSTRAINT rooms_and_their_parts_are_not_double_booked EXCLUDE USING gist (
        element_id WITH =,  -- first what differs most: by that the index is divided
        span WITH &&,
        edition_id WITH =
    )
);
COMMENT ON TABLE room_claims IS 'When a confirmed session has which room, or which elements of a joined one. Kept by triggers on sessions and rooms.';

CREATE FUNCTION claim_rooms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Shared: who changes what the room is made of waits, and then finds this session in it.
    PERFORM FROM rooms WHERE edition_id = NEW.edition_id AND id = NEW.room_id FOR SHARE;
    IF TG_OP = 'UPDATE' AND OLD.status = 'confirmed' AND OLD.starts_at IS NOT NULL THEN
        IF NEW.status = 'confirmed' AND NEW.starts_at IS NOT NULL AND NEW.room_id = OLD.room_id THEN
            UPDATE room_claims SET span = session_span(NEW.starts_at, NEW.ends_at)
            WHERE edition_id = NEW.edition_id AND session_id = NEW.id;
            RETURN NULL;
        END IF;
        DELETE FROM room_claims WHERE edition_id = NEW.edition_id AND session_id = NEW.id;
    END IF;
    IF NEW.status = 'confirmed' AND NEW.starts_at IS NOT NULL THEN
        INSERT INTO room_claims (edition_id, session_id, element_id, span)
        SELECT NEW.edition_id, NEW.id, e.element_id, session_span(NEW.starts_at, NEW.ends_at)
        FROM room_elements e WHERE e.edition_id = NEW.edition_id AND e.room_id = NEW.room_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION claim_rooms IS 'A confirmed session claims every element of its room while it takes place.';
CREATE TRIGGER sessions_claim_rooms_first AFTER INSERT ON sessions
    FOR EACH ROW WHEN (NEW.status = 'confirmed') EXECUTE FUNCTION claim_rooms();
CREATE TRIGGER sessions_claim_rooms AFTER UPDATE ON sessions
    FOR EACH ROW WHEN ((NEW.status, NEW.starts_at, NEW.ends_at, NEW.room_id)
                       IS DISTINCT FROM (OLD.status, OLD.starts_at, OLD.ends_at, OLD.room_id))
    EXECUTE FUNCTION claim_rooms();

CREATE FUNCTION settle_parts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    affected uuid[];
BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.part_ids) AS p (id)
               WHERE NOT EXISTS (SELECT FROM rooms r WHERE r.edition_id = NEW.edition_id AND r.id = p.id)) THEN
        RAISE EXCEPTION 'no such room in this edition'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'rooms_parts_exists', TABLE = 'rooms';
    END IF;
    IF EXISTS (WITH RECURSIVE inside AS (
                   SELECT unnest(NEW.part_ids) AS id
                   UNION
                   SELECT p.id FROM inside i JOIN rooms r ON r.edition_id = NEW.edition_id AND r.id = i.id, unnest(r.part_ids) AS p (id)
               )
               SELECT FROM inside WHERE id = NEW.id) THEN
        RAISE EXCEPTION 'a room inside itself' USING ERRCODE = 'check_violation', CONSTRAINT = 'rooms_are_not_inside_themselves';
    END IF;
    affected := ARRAY(
        WITH RECURSIVE around AS (
            SELECT NEW.id AS id
            UNION
            SELECT r.id FROM around a JOIN rooms r ON r.edition_id = NEW.edition_id AND a.id = ANY (r.part_ids)
        )
        SELECT id FROM around);
    -- Who confirms a session in one of them waits until this is done, or is found in it.
    PERFORM FROM rooms WHERE edition_id = NEW.edition_id AND id = ANY (affected) ORDER BY id FOR NO KEY UPDATE;
    DELETE FROM room_elements WHERE edition_id = NEW.edition_id AND room_id = ANY (affected);
    INSERT INTO room_elements (edition_id, room_id, element_id)
    WITH RECURSIVE inside AS (
        SELECT a.id AS room_id, a.id FROM unnest(affected) AS a (id)
        UNION
        SELECT i.room_id, p.id FROM inside i JOIN rooms r ON r.edition_id = NEW.edition_id AND r.id = i.id, unnest(r.part_ids) AS p (id)
    )
    SELECT NEW.edition_id, i.room_id, i.id FROM inside i JOIN rooms r ON r.edition_id = NEW.edition_id AND r.id = i.id
    WHERE r.part_ids = '{}';
    DELETE FROM room_claims c USING sessions s
    WHERE c.edition_id = NEW.edition_id AND s.edition_id = c.edition_id AND s.id = c.session_id AND s.room_id = ANY (affected);
    INSERT INTO room_claims (edition_id, session_id, element_id, span)
    SELECT s.edition_id, s.id, e.element_id, session_span(s.starts_at, s.ends_at)
    FROM sessions s JOIN room_elements e ON e.edition_id = s.edition_id AND e.room_id = s.room_id
    WHERE s.edition_id = NEW.edition_id AND s.room_id = ANY (affected) AND s.status = 'confirmed' AND s.starts_at IS NOT NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION settle_parts IS
    'Keeps elements and claims in step with what rooms are made of; refuses rooms inside themselves and parts in other editions. It comes after the row, because a trigger before it would have every update of a room wait for all who refer to it.';
CREATE TRIGGER rooms_settle_parts_first AFTER INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION settle_parts();
CREATE TRIGGER rooms_settle_parts AFTER UPDATE ON rooms
    FOR EACH ROW WHEN (NEW.part_ids IS DISTINCT FROM OLD.part_ids) EXECUTE FUNCTION settle_parts();

INSERT INTO room_elements (edition_id, room_id, element_id) SELECT edition_id, id, id FROM rooms;
INSERT INTO room_claims (edition_id, session_id, element_id, span)
SELECT edition_id, id, room_id, session_span(starts_at, ends_at) FROM sessions
WHERE status = 'confirmed' AND room_id IS NOT NULL AND starts_at IS NOT NULL;
-- What it protected, the claims protect, and the parts of joined rooms too.
ALTER TABLE sessions DROP CONSTRAINT sessions_room_not_double_booked;
CREATE INDEX sessions_confirmed_by_span ON sessions USING gist (session_span(starts_at, ends_at), edition_id)
    WHERE status = 'confirmed' AND starts_at IS NOT NULL;
CREATE INDEX sessions_by_room ON sessions (edition_id, room_id) WHERE room_id IS NOT NULL;

CREATE FUNCTION opening_spans(opening_hours jsonb, timezone text, days date[]) RETURNS tstzmultirange
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT range_agg(tstzrange(least(h.opens_at, h.closes_at), h.closes_at))
    FROM unnest(days) AS d (day)
    CROSS JOIN LATERAL (
        SELECT (d.day + (l.line ->> 'opens_at')::time) AT TIME ZONE timezone AS opens_at,
               (d.day + ((l.line ->> 'closes_at')::time <= (l.line ->> 'opens_at')::time)::integer
                + (l.line ->> 'closes_at')::time) AT TIME ZONE timezone AS closes_at
        FROM jsonb_array_elements(opening_hours) AS l (line)
        WHERE (l.line ->> 'on')::date = d.day
           OR l.line ->> 'on' IS NULL AND NOT opening_hours @> jsonb_build_array(jsonb_build_object('on', d.day))
    ) h
$$;
COMMENT ON FUNCTION opening_spans IS
    'When a room is open, of the local days asked for. Hours that close no later than they open close on the next day. Null: on none of them.';

-- Interpretation teams

CREATE TABLE interpretation_teams (
    edition_id uuid NOT NULL CONSTRAINT interpretation_teams_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    name text NOT NULL,
    languages text[] NOT NULL,
    external_id text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT interpretation_teams_pkey PRIMARY KEY (edition_id, id)
);
COMMENT ON TABLE interpretation_teams IS 'Interpreters who work together, in one session at a time. A team has a name of its own, not those of its people.';
CREATE UNIQUE INDEX interpretation_teams_one_per_external_id ON interpretation_teams (edition_id, external_id)
    WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX interpretation_teams_one_per_name ON interpretation_teams (edition_id, lower(name));

ALTER TABLE sessions ADD COLUMN interpretation_team_ids uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN sessions.interpretation_team_ids IS 'The interpretation teams that work in it.';

CREATE FUNCTION refuse_unknown_teams() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.interpretation_team_ids) AS n (id)
               WHERE NOT EXISTS (SELECT FROM interpretation_teams t WHERE t.edition_id = NEW.edition_id AND t.id = n.id)) THEN
        RAISE EXCEPTION 'no such interpretation team in this edition'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'sessions_interpretation_teams_exists', TABLE = 'sessions';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION refuse_unknown_teams IS 'A session names teams of its own edition only.';
CREATE TRIGGER sessions_refuse_unknown_teams AFTER INSERT OR UPDATE OF interpretation_team_ids ON sessions FOR EACH ROW
    WHEN (NEW.interpretation_team_ids <> '{}') EXECUTE FUNCTION refuse_unknown_teams();

-- Rules and their levels

CREATE DOMAIN conflict_level AS text CONSTRAINT conflict_level_is_known CHECK (VALUE IN ('ignore', 'warn', 'refuse'));
CREATE TABLE conflict_levels (
    edition_id uuid CONSTRAINT conflict_levels_pkey PRIMARY KEY CONSTRAINT conflict_levels_edition_exists REFERENCES editions,
    speaker_double_booked conflict_level NOT NULL DEFAULT 'refuse',
    chair_double_booked conflict_level NOT NULL DEFAULT 'refuse',
    interpretation_double_booked conflict_level NOT NULL DEFAULT 'refuse',
    plenary_parallel conflict_level NOT NULL DEFAULT 'warn',
    capacity_below_bookings conflict_level NOT NULL DEFAULT 'warn',
    outside_opening_hours conflict_level NOT NULL DEFAULT 'warn',
    outside_edition conflict_level NOT NULL DEFAULT 'refuse',
    setup_time conflict_level NOT NULL DEFAULT 'warn',
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE conflict_levels IS
    'What an edition does about each kind of conflict. A room in two places is no rule: the database does not allow it.';
INSERT INTO conflict_levels (edition_id) SELECT id FROM editions;
CREATE FUNCTION make_conflict_levels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conflict_levels (edition_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION make_conflict_levels IS 'Every edition begins with the same levels.';
CREATE TRIGGER editions_make_conflict_levels AFTER INSERT ON editions FOR EACH ROW EXECUTE FUNCTION make_conflict_levels();

CREATE TABLE conflict_overrides (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    rule text NOT NULL CONSTRAINT conflict_overrides_are_of_people_only CHECK (rule IN
        ('speaker_double_booked', 'chair_double_booked', 'interpretation_double_booked')),
    other_session_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    reason text NOT NULL CONSTRAINT conflict_overrides_have_a_reason CHECK (btrim(reason) <> ''),
    token_id uuid NOT NULL,
    overridden_at timestamptz NOT NULL,
    CONSTRAINT conflict_overrides_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT conflict_overrides_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT conflict_overrides_other_session_exists FOREIGN KEY (edition_id, other_session_id) REFERENCES sessions
);
COMMENT ON TABLE conflict_overrides IS 'That an organizer went on in spite of a conflict, and why.';
COMMENT ON COLUMN conflict_overrides.subject_id IS 'The speaker or the interpretation team that is in two places.';
COMMENT ON COLUMN conflict_overrides.token_id IS 'The token that was used.';
CREATE INDEX conflict_overrides_by_session ON conflict_overrides (edition_id, session_id);
CREATE TRIGGER conflict_overrides_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON conflict_overrides
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION buffered_span(span tstzrange, setup_minutes integer, teardown_minutes integer) RETURNS tstzrange
LANGUAGE sql STABLE PARALLEL SAFE
RETURN tstzrange(lower(span) - make_interval(mins => setup_minutes), upper(span) + make_interval(mins => teardown_minutes),
                 CASE WHEN upper_inc(span) AND teardown_minutes = 0 THEN '[]' ELSE '[)' END);
COMMENT ON FUNCTION buffered_span IS 'How long a session needs its room, set-up and teardown included: two of them overlap when there is no time for both.';

CREATE FUNCTION is_beside_plenaries(type text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN type NOT IN ('break', 'logistics', 'linked_event', 'preparatory', 'press');
COMMENT ON FUNCTION is_beside_plenaries IS 'Whether a session takes people away from a plenary at the same time, so that the rule plenary_parallel tells of it.';

CREATE FUNCTION is_within_edition(type text, starts_at timestamptz, ends_at timestamptz, held_on date, timezone text,
                                  first_day date, last_day date) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN type IN ('linked_event', 'preparatory', 'press')
    OR coalesce(coalesce(held_on, (starts_at AT TIME ZONE timezone)::date) BETWEEN first_day AND last_day, true)
       AND coalesce((ends_at AT TIME ZONE timezone)::date <= last_day + 1, true);
COMMENT ON FUNCTION is_within_edition IS
    'Whether a session may be held when it is: on the edition''s own days, the last of which may run past midnight, or of a type that may lie outside them.';

CREATE FUNCTION clash(rule text, level text, sessions uuid[], speaker uuid, room uuid, team uuid) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object('rule', rule, 'level', level, 'sessions', sessions, 'speaker', speaker, 'room', room, 'team', team);
COMMENT ON FUNCTION clash IS 'A conflict as it is told.';

CREATE FUNCTION speaker_clashes(of_edition uuid, of_session uuid, of_parent uuid, at tstzrange, who uuid[])
RETURNS TABLE (rule text, other uuid, speaker uuid) LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN bool_or(theirs.role = 'chair')
                     OR EXISTS (SELECT FROM appearances mine
                                WHERE mine.edition_id = of_edition AND mine.session_id = of_session AND mine.role = 'chair'
                                  AND mine.speaker_id = theirs.speaker_id AND mine.status IN ('invited', 'confirmed'))
                THEN 'chair_double_booked' ELSE 'speaker_double_booked' END,
           o.id, theirs.speaker_id
    FROM appearances theirs
    JOIN sessions o ON o.edition_id = theirs.edition_id AND o.id = theirs.session_id
    WHERE theirs.edition_id = of_edition AND theirs.speaker_id = ANY (who) AND theirs.status = 'confirmed'
      AND o.id <> of_session AND o.status = 'confirmed' AND o.starts_at IS NOT NULL
      AND session_span(o.starts_at, o.ends_at) && at
      AND o.id IS DISTINCT FROM of_parent AND o.parent_id IS DISTINCT FROM of_session
    GROUP BY o.id, theirs.speaker_id
$$;
COMMENT ON FUNCTION speaker_clashes IS
    'In which other confirmed sessions some speakers are confirmed at a time. The session inside which one is held, and those held inside it, are the same place.';

CREATE FUNCTION sessions_beside(of_edition uuid, of_session uuid, of_parent uuid, at tstzrange)
RETURNS TABLE (id uuid, type text, interpretation_team_ids uuid[]) LANGUAGE sql STABLE AS $$
    SELECT o.id, o.type, o.interpretation_team_ids FROM sessions o
    WHERE o.edition_id = of_edition AND o.id <> of_session AND o.status = 'confirmed' AND o.starts_at IS NOT NULL
      AND session_span(o.starts_at, o.ends_at) && at
      AND o.id IS DISTINCT FROM of_parent AND o.parent_id IS DISTINCT FROM of_session
$$;
COMMENT ON FUNCTION sessions_beside IS
    'The other confirmed sessions at a time. The session inside which one is held, and those held inside it, are the same place.';

CREATE FUNCTION local_days(starts_at timestamptz, ends_at timestamptz, timezone text) RETURNS date[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ARRAY(SELECT (starts_at AT TIME ZONE timezone)::date + n
             FROM generate_series(-1, (ends_at AT TIME ZONE timezone)::date - (starts_at AT TIME ZONE timezone)::date) AS n);
COMMENT ON FUNCTION local_days IS 'The days on which hours that reach into a time can have begun: its own, and the one before.';

CREATE FUNCTION session_clashes(
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

CREATE FUNCTION move_if_clear(of_edition uuid, of_session uuid, versions text[], names text[], starts timestamptz, ends timestamptz,
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
COMMENT ON FUNCTION move_if_clear IS
    'Moves a confirmed session where nothing that the edition refuses is in its way, in one round trip instead of three: a hot path. It decides nothing else: whatever is not plainly right is left, and nothing told, for the service to look at.';

CREATE FUNCTION open_conflicts(of_edition uuid)
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
