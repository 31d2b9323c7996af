-- name: insert_series
-- A new series.
INSERT INTO series (code, title) VALUES ($1, $2);

-- name: update_series
-- Rename a series.
UPDATE series SET title = $2 WHERE code = $1;

-- name: upsert_terms
-- The values of a series' vocabularies, in their order; those that are there get the label.
INSERT INTO terms (series_code, vocabulary, value, label, position)
SELECT $1, t.vocabulary, t.value, t.label, t.position
FROM jsonb_to_recordset($2::jsonb) AS t (vocabulary text, value text, label jsonb, position integer)
ON CONFLICT (series_code, vocabulary, value) DO UPDATE SET label = excluded.label, position = excluded.position;

-- name: list_series
-- Every series with its vocabularies.
SELECT s.code, s.title,
       coalesce((SELECT jsonb_object_agg(v.vocabulary, v.terms) FROM
                 (SELECT t.vocabulary, jsonb_agg(jsonb_build_object('value', t.value, 'label', t.label) ORDER BY t.position) AS terms
                  FROM terms t WHERE t.series_code = s.code GROUP BY t.vocabulary) v), '{}') AS vocabularies
FROM series s WHERE ($1::text IS NULL OR s.code > $1) ORDER BY s.code LIMIT $2;

-- name: find_series
-- One series with its vocabularies.
SELECT s.code, s.title,
       coalesce((SELECT jsonb_object_agg(v.vocabulary, v.terms) FROM
                 (SELECT t.vocabulary, jsonb_agg(jsonb_build_object('value', t.value, 'label', t.label) ORDER BY t.position) AS terms
                  FROM terms t WHERE t.series_code = s.code GROUP BY t.vocabulary) v), '{}') AS vocabularies
FROM series s WHERE s.code = $1;

-- name: list_terms
-- The values that a vocabulary of the edition's series allows.
SELECT t.value FROM terms t JOIN editions e ON e.series_code = t.series_code
WHERE e.id = $1 AND t.vocabulary = $2;

-- name: insert_edition
-- A new edition, as a draft.
INSERT INTO editions (id, slug, series_code, title, starts_on, ends_on, timezone, venue, city, country, mode, languages,
                      in_person_opens_at, in_person_closes_at, online_opens_at, online_closes_at,
                      approval, online_approval, promotion, offer_hours, priority_classes, statement_seconds,
                      organizer_email, status, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, 'draft', $24);

-- name: insert_places
-- The places of a new edition.
INSERT INTO places (edition_id, mode, capacity) VALUES ($1, 'in_person', $2), ($1, 'online', $3);

-- name: find_edition
-- An edition by id.
SELECT id, slug, series, title, starts_on, ends_on, timezone, venue, city, country, mode, languages, in_person_capacity,
       online_capacity, registration, approval, online_approval, promotion, offer_hours, priority_classes, statement_seconds,
       organizer_email, status, version
FROM edition_details e
WHERE e.id = $1;

-- name: lock_edition
-- Lock an edition until the transaction ends. Not its key: who registers holds the places and refers to the edition.
SELECT id FROM editions WHERE id = $1 FOR NO KEY UPDATE;

-- name: find_edition_id
-- The id of the edition that has a slug or an id. No slug reads like an id.
SELECT id FROM editions WHERE slug = $1 OR id = $2;

-- name: list_editions
-- Editions by id, drafts only for those who may see them (their editions in $1, or all when $2).
SELECT id, slug, series, title, starts_on, ends_on, timezone, venue, city, country, mode, languages, in_person_capacity,
       online_capacity, registration, approval, online_approval, promotion, offer_hours, priority_classes, statement_seconds,
       organizer_email, status, version
FROM edition_details e
WHERE (e.status <> 'draft' OR $2 OR e.id = ANY ($1::uuid[]))
  AND ($3::text IS NULL OR e.series = $3)
  AND ($4::text IS NULL OR e.status = $4)
  AND ($5::uuid IS NULL OR e.id > $5)
ORDER BY e.id LIMIT $6;

-- name: count_editions
-- How many editions the list has.
SELECT count(*) FROM editions e
WHERE (e.status <> 'draft' OR $2 OR e.id = ANY ($1::uuid[]))
  AND ($3::text IS NULL OR e.series_code = $3)
  AND ($4::text IS NULL OR e.status = $4);

-- name: update_edition
-- Write every field that can change; the version rises.
UPDATE editions SET title = $2, starts_on = $3, ends_on = $4, timezone = $5, venue = $6, city = $7, country = $8, mode = $9,
       languages = $10, in_person_opens_at = $11, in_person_closes_at = $12, online_opens_at = $13, online_closes_at = $14,
       approval = $15, online_approval = $16, promotion = $17, offer_hours = $18, priority_classes = $19,
       statement_seconds = $20, organizer_email = $21, version = version + 1
WHERE id = $1;

-- name: shift_windows
-- Move the registration windows by so many days ($2), by the clocks of the edition before ($3) and after ($4).
UPDATE editions SET in_person_opens_at = move_by_days(in_person_opens_at, $2, $3, $4),
       in_person_closes_at = move_by_days(in_person_closes_at, $2, $3, $4),
       online_opens_at = move_by_days(online_opens_at, $2, $3, $4), online_closes_at = move_by_days(online_closes_at, $2, $3, $4)
WHERE id = $1;

-- name: update_status
-- Move an edition to another status; the version rises.
UPDATE editions SET status = $2, version = version + 1 WHERE id = $1;

-- name: lock_places
-- Lock the places of both modes in a fixed order until the transaction ends.
SELECT mode FROM places WHERE edition_id = $1 ORDER BY mode FOR UPDATE;

-- name: update_capacity
-- Set how many places a mode has. Those who hold one keep it.
UPDATE places SET capacity = $3, kept_over_capacity = coalesce(greatest(taken + held_back - $3, 0), 0)
WHERE edition_id = $1 AND mode = $2;

-- name: update_priorities
-- Put everybody who waits into the class that their category has now.
UPDATE registrations r SET waitlist_priority = priority_of(e.priority_classes, r.category)
FROM editions e
WHERE e.id = $1 AND r.edition_id = $1 AND r.waits_for IS NOT NULL
  AND r.waitlist_priority <> priority_of(e.priority_classes, r.category);

-- name: promote_waiting
-- Leave no place free for which somebody waits who may have it. The caller holds the lock on the places of both modes.
SELECT promote_waiting($1, $2);
