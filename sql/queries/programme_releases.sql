-- name: get_edition_status
-- The status of an edition.
SELECT status FROM editions WHERE id = $1;

-- name: list_differences
-- The sessions in which a release differs from the one before it, or (null) the next would differ from the last, with each
-- field before and after.
WITH last AS (SELECT max(number) AS number FROM releases WHERE edition_id = $1 AND ($2::integer IS NULL OR number < $2)),
before AS (
    SELECT s.id, to_jsonb(s) - '{edition_id,number,id,revised_at,parent_id}'::text[] || jsonb_build_object('parent', s.parent_id)
                 AS fields
    FROM release_sessions s JOIN last ON last.number = s.number
    WHERE s.edition_id = $1
),
after AS (
    SELECT s.id, to_jsonb(s) - '{edition_id,number,id,revised_at,parent_id}'::text[] || jsonb_build_object('parent', s.parent_id)
                 AS fields
    FROM release_sessions s
    WHERE s.edition_id = $1 AND s.number = $2
    UNION ALL
    SELECT p.id, to_jsonb(p) - '{edition_id,id,revised_at,parent_id}'::text[] || jsonb_build_object('parent', p.parent_id)
                 AS fields
    FROM publishable_sessions p
    WHERE p.edition_id = $1 AND $2 IS NULL
)
SELECT id, CASE WHEN b.fields IS NULL THEN 'added' WHEN a.fields IS NULL THEN 'removed' ELSE 'changed' END AS change,
       (SELECT coalesce(jsonb_object_agg(n.name, jsonb_build_object('before', b.fields -> n.name, 'after', a.fields -> n.name)),
                        '{}')
        FROM jsonb_object_keys(a.fields) AS n (name)
        WHERE b.fields -> n.name <> a.fields -> n.name) AS fields
FROM before b FULL JOIN after a USING (id)
WHERE b.fields IS DISTINCT FROM a.fields
ORDER BY id;

-- name: insert_release
-- Freeze all confirmed and cancelled sessions as the next release; nothing when the last one holds just that. A session is
-- as old as what is published of it: older than its row when only hidden fields changed, newer when its room got another name.
WITH last AS MATERIALIZED (
    SELECT number, edition, content_sha256 FROM releases WHERE edition_id = $1 ORDER BY number DESC LIMIT 1
),
frozen AS (
    SELECT jsonb_build_object('id', e.id, 'slug', e.slug, 'title', e.title, 'timezone', e.timezone, 'starts_on', e.starts_on,
                              'ends_on', e.ends_on, 'venue', e.venue, 'city', e.city, 'organizer_email', e.organizer_email)
               AS edition
    FROM editions e WHERE e.id = $1
),
before AS (
    SELECT s.id, s.revised_at, to_jsonb(s) - '{edition_id,number,revised_at}'::text[] AS fields
    FROM release_sessions s JOIN last ON last.number = s.number
    WHERE s.edition_id = $1
),
content AS MATERIALIZED (
    SELECT p.id, p.title, p.abstract, p.type, p.track, p.parent_id, p.status, p.starts_at, p.ends_at, p.held_on, p.room,
           p.mode, p.access, p.languages, p.organisers, p.appearances, p.calendar_sequence,
           CASE WHEN b.id IS NULL OR p.revised_at > b.revised_at AND NOT same.same THEN p.revised_at
                WHEN same.same THEN b.revised_at
                ELSE $4 END AS revised_at
    FROM publishable_sessions p
    LEFT JOIN before b ON b.id = p.id
    CROSS JOIN LATERAL (
        SELECT b.fields = to_jsonb(p) - '{edition_id,revised_at}'::text[]
               AND (SELECT edition FROM last) = (SELECT edition FROM frozen) AS same
    ) same
    WHERE p.edition_id = $1
),
digest AS (
    SELECT count(*) AS session_count,
           sha256(convert_to((SELECT f.edition::text FROM frozen f)
                             || coalesce(jsonb_agg(to_jsonb(c) - 'revised_at' ORDER BY c.id)::text, ''), 'UTF8')) AS sha256
    FROM content c
),
release AS (
    INSERT INTO releases (edition_id, number, published_at, published_by, note, session_count, edition, speaker_ids,
                          content_sha256)
    SELECT $1, coalesce((SELECT number FROM last), 0) + 1, $4, $2, $3, d.session_count, f.edition,
           ARRAY(SELECT DISTINCT (a ->> 'speaker')::uuid FROM content c, jsonb_array_elements(c.appearances) AS a), d.sha256
    FROM digest d, frozen f
    WHERE d.sha256 IS DISTINCT FROM (SELECT content_sha256 FROM last)
    RETURNING number, published_at, note, session_count
),
frozen_sessions AS (
    INSERT INTO release_sessions (edition_id, number, id, title, abstract, type, track, parent_id, status, starts_at, ends_at,
                                  held_on, room, mode, access, languages, organisers, appearances, calendar_sequence, revised_at)
    SELECT $1, r.number, c.id, c.title, c.abstract, c.type, c.track, c.parent_id, c.status, c.starts_at, c.ends_at,
           c.held_on, c.room, c.mode, c.access, c.languages, c.organisers, c.appearances, c.calendar_sequence, c.revised_at
    FROM content c CROSS JOIN release r
)
SELECT number, published_at, note, session_count FROM release;

-- name: list_releases
-- The releases of an edition, newest first.
SELECT number, published_at, note, session_count FROM releases
WHERE edition_id = $1 AND ($2::integer IS NULL OR number < $2)
ORDER BY number DESC LIMIT $3;

-- name: count_releases
-- How many releases an edition has.
SELECT count(*) FROM releases WHERE edition_id = $1;

-- name: find_release_head
-- A release by its number, or (null) the last one, with what decides how it reads today.
SELECT r.number, r.published_at, r.edition,
       ARRAY(SELECT s.id FROM speakers s
             WHERE s.edition_id = r.edition_id AND s.id = ANY (r.speaker_ids) AND NOT s.published ORDER BY s.id)
           AS hidden_speakers,
       e.status = 'archived' AS is_archived
FROM releases r JOIN editions e ON e.id = r.edition_id
WHERE r.edition_id = $1 AND ($2::integer IS NULL OR r.number = $2)
ORDER BY r.number DESC LIMIT 1;

-- name: list_release_sessions
-- The sessions of a release by time, without the names of those who do not want to be named any more.
SELECT s.id, s.title, s.abstract, s.type, s.track, s.parent_id AS parent, s.status, s.starts_at, s.ends_at, s.held_on, s.room,
       s.mode, s.access, s.languages, s.organisers,
       (SELECT coalesce(jsonb_agg(a.appearance ORDER BY a.position), '[]')
        FROM jsonb_array_elements(s.appearances) WITH ORDINALITY AS a (appearance, position)
        WHERE (a.appearance ->> 'speaker')::uuid <> ALL ($3::uuid[])) AS appearances,
       s.calendar_sequence, s.revised_at
FROM release_sessions s
WHERE s.edition_id = $1 AND s.number = $2
ORDER BY coalesce(s.starts_at, s.held_on::timestamp AT TIME ZONE 'UTC', 'infinity'), s.id;
