-- name: get_edition_status
-- The status of an edition.
SELECT status FROM editions WHERE id = $1;

-- name: list_differences
-- The sessions in which a release ($3) differs from another ($2; 0 is none), with each field before and after, without those
-- who do not want to be named any more ($4).
WITH before AS (
    SELECT s.id, to_jsonb(s) - '{edition_id,number,id,revised_at,parent_id}'::text[]
                 || jsonb_build_object('parent', s.parent_id, 'appearances', named_appearances(s.appearances, $4)) AS fields
    FROM release_sessions s
    WHERE s.edition_id = $1 AND s.number = $2
),
after AS (
    SELECT s.id, to_jsonb(s) - '{edition_id,number,id,revised_at,parent_id}'::text[]
                 || jsonb_build_object('parent', s.parent_id, 'appearances', named_appearances(s.appearances, $4)) AS fields
    FROM release_sessions s
    WHERE s.edition_id = $1 AND s.number = $3
)
SELECT id, CASE WHEN b.fields IS NULL THEN 'added' WHEN a.fields IS NULL THEN 'removed' ELSE 'changed' END AS change,
       (SELECT coalesce(jsonb_object_agg(n.name, jsonb_build_object('before', b.fields -> n.name, 'after', a.fields -> n.name)),
                        '{}')
        FROM jsonb_object_keys(a.fields) AS n (name)
        WHERE b.fields -> n.name <> a.fields -> n.name) AS fields
FROM before b FULL JOIN after a USING (id)
WHERE b.fields IS DISTINCT FROM a.fields
ORDER BY id;

-- name: settle_entries
-- Have every entry that a speaker and a registration can take over from each other belong to who should hold it by the last
-- release, as planning does.
SELECT settle_entries($1, speaking_addresses($1));

-- name: count_told
-- How many people the last release gives which message about which session, and (session null) how many people get how many
-- messages in all.
WITH told AS MATERIALIZED (
    SELECT c.recipient, c.session_id, c.mode,
           CASE WHEN c.method = 'CANCEL' THEN 'cancel' WHEN c.is_held THEN 'update' ELSE 'request' END AS message
    FROM (SELECT lower(p.email) AS recipient, e.session_id, e.mode, e.method, e.is_held
          FROM changed_entries($1, ARRAY(SELECT r.id FROM registrations r WHERE r.edition_id = $1)) e
          JOIN persons p ON p.id = e.person_id
          UNION ALL
          SELECT lower(e.recipient), e.session_id, e.mode, e.method, e.is_held
          FROM changed_speaking_entries($1, speaking_addresses($1)) e) c
    WHERE c.method = 'REQUEST' OR c.is_held
)
SELECT NULL::uuid AS session, NULL::text AS message, NULL::text AS mode, count(*) AS people,
       coalesce(sum(messages), 0)::bigint AS messages
FROM (SELECT count(*) AS messages FROM told GROUP BY recipient) person
UNION ALL
(SELECT session_id, message, mode, count(*), count(*)
 FROM told GROUP BY session_id, message, mode ORDER BY session_id, message, mode);

-- name: insert_release
-- Freeze all confirmed and cancelled sessions, or what an earlier release ($5) held, as the next release; nothing when the last
-- one holds just that. A session is as old as what is published of it: older than its row when only hidden fields changed,
-- newer when its room got another name, but not when it got equipment, which no calendar tells. The edition's mailbox is always the one that is read now.
WITH last AS MATERIALIZED (
    SELECT number, edition, content_sha256 FROM releases WHERE edition_id = $1 ORDER BY number DESC LIMIT 1
),
frozen AS (
    SELECT jsonb_build_object('id', e.id, 'slug', e.slug, 'title', e.title, 'timezone', e.timezone, 'starts_on', e.starts_on,
                              'ends_on', e.ends_on, 'venue', e.venue, 'city', e.city, 'organizer_email', e.organizer_email)
               AS edition
    FROM editions e WHERE e.id = $1 AND $5::integer IS NULL
    UNION ALL
    SELECT r.edition || jsonb_build_object('organizer_email', e.organizer_email) AS edition
    FROM releases r JOIN editions e ON e.id = r.edition_id WHERE r.edition_id = $1 AND r.number = $5
),
source AS (
    SELECT p.id, p.title, p.abstract, p.type, p.track, p.parent_id, p.status, p.starts_at, p.ends_at, p.held_on, p.room,
           p.mode, p.access, p.languages, p.organisers, p.appearances, p.calendar_sequence, p.revised_at
    FROM publishable_sessions p WHERE p.edition_id = $1 AND $5 IS NULL
    UNION ALL
    SELECT p.id, p.title, p.abstract, p.type, p.track, p.parent_id, p.status, p.starts_at, p.ends_at, p.held_on, p.room,
           p.mode, p.access, p.languages, p.organisers, p.appearances, p.calendar_sequence, p.revised_at
    FROM restored_sessions($1, $5) p WHERE $5 IS NOT NULL
),
content AS MATERIALIZED (
    SELECT p.id, p.title, p.abstract, p.type, p.track, p.parent_id, p.status, p.starts_at, p.ends_at, p.held_on, p.room,
           p.mode, p.access, p.languages, p.organisers, p.appearances, p.calendar_sequence,
           CASE WHEN b.id IS NULL OR p.revised_at > b.revised_at AND NOT same.same THEN p.revised_at
                WHEN same.same THEN b.revised_at
                ELSE $4 END AS revised_at
    FROM source p
    LEFT JOIN LATERAL (  -- by its key, each: what was published a moment ago has no statistics to plan a join by
        SELECT s.id, s.revised_at, to_jsonb(s) - '{edition_id,number,revised_at}'::text[] AS fields
        FROM release_sessions s
        WHERE s.edition_id = $1 AND s.number = (SELECT number FROM last) AND s.id = p.id
        LIMIT 1
    ) b ON true
    CROSS JOIN LATERAL (
        SELECT shown_in_calendars(b.fields) = shown_in_calendars(to_jsonb(p) - 'revised_at')
               AND (SELECT edition FROM last) = (SELECT edition FROM frozen) AS same
    ) same
),
digest AS (
    SELECT count(*) AS session_count,
           sha256(convert_to((SELECT f.edition::text FROM frozen f)
                             || coalesce(jsonb_agg(to_jsonb(c) - 'revised_at' ORDER BY c.id)::text, ''), 'UTF8')) AS sha256
    FROM content c
),
release AS (
    INSERT INTO releases (edition_id, number, published_at, published_by, note, session_count, edition, speaker_ids,
                          content_sha256, restored_from)
    SELECT $1, coalesce((SELECT number FROM last), 0) + 1, $4, $2, $3, d.session_count, f.edition,
           ARRAY(SELECT DISTINCT (a ->> 'speaker')::uuid FROM content c, jsonb_array_elements(c.appearances) AS a), d.sha256, $5
    FROM digest d, frozen f
    WHERE d.sha256 IS DISTINCT FROM (SELECT content_sha256 FROM last)
    RETURNING number, published_at, note, session_count, encode(content_sha256, 'hex') AS content_sha256, restored_from
),
frozen_sessions AS (
    INSERT INTO release_sessions (edition_id, number, id, title, abstract, type, track, parent_id, status, starts_at, ends_at,
                                  held_on, room, mode, access, languages, organisers, appearances, calendar_sequence, revised_at)
    SELECT $1, r.number, c.id, c.title, c.abstract, c.type, c.track, c.parent_id, c.status, c.starts_at, c.ends_at,
           c.held_on, c.room, c.mode, c.access, c.languages, c.organisers, c.appearances, c.calendar_sequence, c.revised_at
    FROM content c CROSS JOIN release r
)
SELECT number, published_at, note, session_count, content_sha256, restored_from FROM release;

-- name: raise_sequences
-- Where a session's calendar entry is not the one that a release gave it, its sequence rises above that, so that the next
-- release is later to every calendar; where it is, they are the same. A session that is moved meanwhile is waited for, and
-- looked at as it is then; one that is moved afterwards rises by itself.
UPDATE sessions s
SET version = s.version + 1,
    calendar_sequence = r.calendar_sequence
        + has_another_entry(s, r)::integer
FROM release_sessions r
WHERE r.edition_id = $1 AND r.number = $2 AND s.edition_id = r.edition_id AND s.id = r.id
  AND s.calendar_sequence < r.calendar_sequence
        + has_another_entry(s, r)::integer;

-- name: list_releases
-- The releases of an edition, newest first.
SELECT number, published_at, note, session_count, encode(content_sha256, 'hex') AS content_sha256, restored_from FROM releases
WHERE edition_id = $1 AND ($2::integer IS NULL OR number < $2)
ORDER BY number DESC LIMIT $3;

-- name: count_releases
-- How many releases an edition has.
SELECT count(*) FROM releases WHERE edition_id = $1;

-- name: find_release_head
-- A release by its number, or (null) the last one, with what decides how it reads today.
SELECT r.number, r.published_at, r.edition, encode(r.content_sha256, 'hex') AS content_sha256,
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
       named_appearances(s.appearances, $3) AS appearances, s.calendar_sequence, s.revised_at
FROM release_sessions s
WHERE s.edition_id = $1 AND s.number = $2
ORDER BY coalesce(s.starts_at, s.held_on::timestamp AT TIME ZONE 'UTC', 'infinity'), s.id;

-- name: list_searched_texts
-- What a search of a release looks through, by session: titles, abstracts, rooms, organisers and who is named, folded.
SELECT s.id,
       fold_text(concat_ws(' ', (SELECT string_agg(t.value, ' ') FROM jsonb_each_text(s.title) AS t),
                           (SELECT string_agg(t.value, ' ') FROM jsonb_each_text(s.abstract) AS t),
                           s.room ->> 'name', s.room ->> 'venue',
                           (SELECT string_agg(o ->> 'name', ' ') FROM jsonb_array_elements(s.organisers) AS o),
                           (SELECT string_agg(concat_ws(' ', a ->> 'display_name', a ->> 'on_behalf_of'), ' ')
                            FROM jsonb_array_elements(named_appearances(s.appearances, $3)) AS a))) AS text
FROM release_sessions s
WHERE s.edition_id = $1 AND s.number = $2;

-- name: list_folded_words
-- The words of what somebody looks for, as they stand in folded texts.
SELECT word FROM regexp_split_to_table(fold_text($1), '\s+') word WHERE word <> '';
