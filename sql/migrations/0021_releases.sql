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
