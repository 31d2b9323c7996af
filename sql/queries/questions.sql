-- name: lock_edition_questions
-- One at a time changes what an edition asks, until the transaction ends: conditions name other questions.
SELECT pg_advisory_xact_lock(hashtextextended('questions ' || $1::uuid::text, 0));

-- name: insert_question
-- A new question; without a place in the order it comes last.
INSERT INTO questions (edition_id, key, kind, label, help, purpose, options, is_required, is_sensitive, condition, modes,
                       categories, retention, position, created_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
       coalesce($14, (SELECT coalesce(max(q.position), 0) + 1 FROM questions q WHERE q.edition_id = $1)), $15
RETURNING key, kind, label, help, purpose, options, is_required, is_sensitive, condition, modes, categories, retention,
          position AS "order", status, version;

-- name: find_question
-- One question; those that are retired, and those of a draft, are there for who manages questions ($3) only.
SELECT q.key, q.kind, q.label, q.help, q.purpose, q.options, q.is_required, q.is_sensitive, q.condition, q.modes, q.categories,
       q.retention, q.position AS "order", q.status, q.version
FROM questions q JOIN editions e ON e.id = q.edition_id
WHERE q.edition_id = $1 AND q.key = $2 AND ($3 OR (q.status = 'active' AND e.status <> 'draft'));

-- name: lock_question
-- Lock a question until the transaction ends: nobody answers it meanwhile, and answers under way are waited for.
SELECT key, kind, label, help, purpose, options, is_required, is_sensitive, condition, modes, categories, retention,
       position AS "order", status, version
FROM questions WHERE edition_id = $1 AND key = $2 FOR UPDATE;

-- name: list_questions
-- Questions in their order; null for a status, mode or category lists all.
SELECT key, kind, label, help, purpose, options, is_required, is_sensitive, condition, modes, categories, retention,
       position AS "order", status, version
FROM questions
WHERE edition_id = $1 AND ($2::text IS NULL OR status = $2)
  AND ($3::text IS NULL OR modes = '{}' OR $3 = ANY (modes))
  AND ($4::text IS NULL OR categories = '{}' OR $4 = ANY (categories))
  AND ($5::integer IS NULL OR (position, key) > ($5, $6::text))
ORDER BY position, key LIMIT $7;

-- name: count_questions
-- How many questions the list has.
SELECT count(*) FROM questions
WHERE edition_id = $1 AND ($2::text IS NULL OR status = $2)
  AND ($3::text IS NULL OR modes = '{}' OR $3 = ANY (modes))
  AND ($4::text IS NULL OR categories = '{}' OR $4 = ANY (categories));

-- name: update_question
-- Write every field that can change; the version rises.
UPDATE questions SET label = $3, help = $4, purpose = $5, options = $6, is_required = $7, is_sensitive = $8, condition = $9,
       modes = $10, categories = $11, retention = $12, position = $13, status = $14, version = version + 1
WHERE edition_id = $1 AND key = $2
RETURNING key, kind, label, help, purpose, options, is_required, is_sensitive, condition, modes, categories, retention,
          position AS "order", status, version;

-- name: list_answered_values
-- The values that were given to a question, each element of a list by itself.
SELECT DISTINCT v.value #>> '{}' AS value
FROM answers a
CROSS JOIN LATERAL jsonb_array_elements(
    CASE jsonb_typeof(a.value) WHEN 'array' THEN a.value ELSE jsonb_build_array(a.value) END) AS v (value)
WHERE a.edition_id = $1 AND a.key = $2 ORDER BY value;

-- name: list_known_questions
-- Every question of an edition as a rule for answers; those that are retired, or whose answers would be deleted at once, are
-- no longer asked.
SELECT q.key, q.kind, q.is_required, q.condition, q.modes, q.categories, q.version,
       ARRAY(SELECT o ->> 'value' FROM jsonb_array_elements(q.options) o) AS options,
       q.status = 'active' AND coalesce(answers_due_at(q.retention, e.ends_on, e.timezone) > $2, true) AS is_asked
FROM questions q JOIN editions e ON e.id = q.edition_id
WHERE q.edition_id = $1 ORDER BY q.position, q.key;

-- name: list_exported_keys
-- The questions that have a column in a table: those that are asked or were answered, and are not sensitive.
SELECT q.key FROM questions q
WHERE q.edition_id = $1 AND NOT q.is_sensitive
  AND (q.status = 'active' OR EXISTS (SELECT FROM answers a WHERE a.edition_id = q.edition_id AND a.key = q.key))
ORDER BY q.position, q.key;

-- name: get_answers
-- The answers of a registration.
SELECT coalesce(jsonb_object_agg(key, value), '{}') AS answers FROM answers WHERE edition_id = $1 AND registration_id = $2;

-- name: upsert_answers
-- Store answers ($2), each to the version of the question that it was checked by: an answer to a question that was changed
-- meanwhile is not stored.
INSERT INTO answers (edition_id, registration_id, key, value, answered_at)
SELECT $1, a.registration_id, a.key, a.value, $3
FROM jsonb_to_recordset($2::jsonb) AS a (registration_id uuid, key text, version integer, value jsonb)
JOIN questions q ON q.edition_id = $1 AND q.key = a.key AND q.version = a.version
ORDER BY q.key
FOR KEY SHARE OF q
ON CONFLICT (edition_id, registration_id, key) DO UPDATE SET value = excluded.value, answered_at = excluded.answered_at;

-- name: delete_answers
-- Take answers of a registration back.
DELETE FROM answers WHERE edition_id = $1 AND registration_id = $2 AND key = ANY ($3::text[]);

-- name: forget_due_answers
-- Delete answers whose time is up by $1, at most $2 at once. Of those that are kept anonymised, values are counted first.
WITH due AS (
    SELECT q.edition_id, q.key, q.retention FROM questions q JOIN editions e ON e.id = q.edition_id
    WHERE answers_due_at(q.retention, e.ends_on, e.timezone) <= $1
),
chosen AS (
    SELECT a.edition_id, a.registration_id, a.key, due.retention
    FROM due JOIN answers a ON a.edition_id = due.edition_id AND a.key = due.key
    LIMIT $2 FOR UPDATE OF a
),
gone AS (
    DELETE FROM answers a USING chosen c
    WHERE a.edition_id = c.edition_id AND a.registration_id = c.registration_id AND a.key = c.key
    RETURNING a.edition_id, a.key, a.value, c.retention
),
counted AS (
    INSERT INTO answer_counts (edition_id, key, value, count)
    SELECT g.edition_id, g.key, v.value, count(*)
    FROM gone g
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(g.value) WHEN 'array' THEN g.value ELSE jsonb_build_array(g.value) END) AS v (value)
    WHERE g.retention = 'keep_anonymised' GROUP BY g.edition_id, g.key, v.value
    ON CONFLICT (edition_id, key, value) DO UPDATE SET count = answer_counts.count + excluded.count
)
SELECT count(*) FROM gone;

-- name: count_answers
-- How many gave each value to a question that has countable values, the largest number first; those whose answers are kept
-- anonymised included.
SELECT value #>> '{}' AS value, sum(count)::integer AS count
FROM (
    SELECT v.value, count(*) AS count
    FROM answers a
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(a.value) WHEN 'array' THEN a.value ELSE jsonb_build_array(a.value) END) AS v (value)
    WHERE a.edition_id = $1 AND a.key = $2 GROUP BY v.value
    UNION ALL
    SELECT value, count FROM answer_counts WHERE edition_id = $1 AND key = $2
) given
GROUP BY value ORDER BY count DESC, value;
