-- name: count_attendance
-- People by what $2 names (session, day, mode, category, country; anything else: all together) as it was known at $3, on the
-- day $4 or at all. Each person has one row for each place, day and mode, so a group is read once and nothing is told apart.
WITH people AS (
    SELECT a.registration_id,
           CASE $2::text WHEN 'session' THEN a.session_id::text WHEN 'day' THEN a.held_on::text WHEN 'mode' THEN a.mode
                WHEN 'category' THEN a.category WHEN 'country' THEN a.country END AS value,
           bool_or(a.mode = 'in_person') AS in_person, bool_or(a.mode = 'online') AS online
    FROM attendances a
    WHERE a.edition_id = $1 AND a.recorded_at <= $3
      AND CASE WHEN $2 = 'session' THEN a.session_id IS NOT NULL
          ELSE a.session_id IS NULL AND (a.held_on IS NOT NULL) = ($2 = 'day' OR $4::date IS NOT NULL)
               AND ($4 IS NULL OR a.held_on = $4) END
    GROUP BY 1, 2
),
figures AS (
    SELECT value, count(*) FILTER (WHERE in_person) AS in_person, count(*) FILTER (WHERE online) AS online, count(*) AS total
    FROM people GROUP BY value
)
SELECT f.value, coalesce(s.title, t.label) AS label, f.in_person, f.online, f.total
FROM figures f
JOIN editions e ON e.id = $1
LEFT JOIN sessions s ON $2 = 'session' AND s.edition_id = $1 AND s.id::text = f.value
LEFT JOIN terms t ON $2 = 'category' AND t.series_code = e.series_code AND t.vocabulary = 'stakeholder_category'
                 AND t.value = f.value
WHERE $2 <> 'session' OR $4 IS NULL OR coalesce(s.held_on, (s.starts_at AT TIME ZONE e.timezone)::date) = $4
ORDER BY s.starts_at, CASE WHEN $2 = 'day' THEN f.value END, f.total DESC, f.value;

-- name: count_registrations
-- Registrations by what $2 names (status, mode, category, country, delegation; anything else: all together) as they were at
-- $3, those with status $4 or all.
WITH latest AS (
    SELECT DISTINCT ON (registration_id) status, mode, category, country, delegation_id
    FROM registration_transitions WHERE edition_id = $1 AND at <= $3
    ORDER BY registration_id, number DESC
),
figures AS (
    SELECT CASE $2::text WHEN 'status' THEN status WHEN 'mode' THEN mode WHEN 'category' THEN category
                WHEN 'country' THEN country WHEN 'delegation' THEN delegation_id::text END AS value,
           count(*) FILTER (WHERE mode = 'in_person') AS in_person, count(*) FILTER (WHERE mode = 'online') AS online,
           count(*) AS total
    FROM latest WHERE $4::text IS NULL OR status = $4
    GROUP BY 1
)
SELECT f.value, coalesce(t.label, jsonb_build_object('und', n.name)) AS label, f.in_person, f.online, f.total
FROM figures f
JOIN editions e ON e.id = $1
LEFT JOIN delegations d ON $2 = 'delegation' AND d.edition_id = $1 AND d.id::text = f.value
LEFT JOIN entities n ON n.id = d.entity_id
LEFT JOIN terms t ON $2 = 'category' AND t.series_code = e.series_code AND t.vocabulary = 'stakeholder_category'
                 AND t.value = f.value
ORDER BY f.total DESC, f.value;

-- name: find_reported_edition
-- What a report says of its edition.
SELECT slug, title, timezone FROM editions WHERE id = $1;
