-- The place that calendars show is a name: a room that has another is another place to go to.

CREATE FUNCTION tell_of_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sessions SET calendar_sequence = calendar_sequence + 1
    WHERE edition_id = NEW.edition_id AND room_id = NEW.id AND (ends_at IS NULL OR ends_at > NEW.revised_at);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_room IS 'RFC 5546 section 2.1.4: SEQUENCE rises when LOCATION changes; of what is over nobody is told.';
CREATE TRIGGER rooms_are_told_of AFTER UPDATE OF name, venue ON rooms
    FOR EACH ROW WHEN ((NEW.name, NEW.venue) IS DISTINCT FROM (OLD.name, OLD.venue)) EXECUTE FUNCTION tell_of_room();

CREATE OR REPLACE FUNCTION restored_sessions(of_edition uuid, of_number integer) RETURNS SETOF publishable_sessions
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    -- No nested loops: what was published a moment ago has no statistics, and would be taken for one row.
    --
    -- What a calendar entry is about is `entry`, as for the triggers on sessions and rooms. Where it differs from what readers have, the
    -- sequence rises above all that was published and all that the staff's session has; unless that session has just this
    -- entry under a sequence of its own that is new to readers.
    WITH last AS (
        SELECT s.edition_id, s.id, s.title, s.abstract, s.type, s.track, s.parent_id, s.status, s.starts_at, s.ends_at, s.held_on,
               s.room, s.mode, s.access, s.languages, s.organisers, s.appearances, s.calendar_sequence, s.revised_at,
               ROW(s.starts_at, s.ends_at, s.held_on, s.room ->> 'id', s.room ->> 'name', s.room ->> 'venue', s.status) AS entry
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
               ROW(s.starts_at, s.ends_at, s.held_on, s.room_id::text, r.name, r.venue, s.status) IS NOT DISTINCT FROM e.entry AS is_own
        FROM wanted w
        CROSS JOIN LATERAL (SELECT ROW(w.starts_at, w.ends_at, w.held_on, w.room ->> 'id', w.room ->> 'name', w.room ->> 'venue',
                                   w.status) AS entry) e
        LEFT JOIN last l ON l.id = w.id
        LEFT JOIN sessions s ON s.edition_id = w.edition_id AND s.id = w.id
        LEFT JOIN rooms r ON r.edition_id = s.edition_id AND r.id = s.room_id
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

CREATE FUNCTION has_another_entry(session sessions, released release_sessions) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT ROW(session.starts_at, session.ends_at, session.held_on, session.room_id::text, r.name, r.venue, session.status)
        IS DISTINCT FROM ROW(released.starts_at, released.ends_at, released.held_on, released.room ->> 'id', released.room ->> 'name',
                             released.room ->> 'venue', released.status)
    FROM (SELECT) one LEFT JOIN rooms r ON r.edition_id = session.edition_id AND r.id = session.room_id
$$;
COMMENT ON FUNCTION has_another_entry IS 'Whether the calendar entry of a session is not the one that a release has.';
