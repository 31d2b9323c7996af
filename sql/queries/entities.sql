-- name: insert_entity
-- A new entity; nothing when another of its category goes by its name.
WITH named AS (
    INSERT INTO entity_names (folded_name, category, entity_id) VALUES (fold_text($2), $4, $1)
    ON CONFLICT (folded_name, category) DO NOTHING
    RETURNING entity_id
)
INSERT INTO entities (id, name, alternative_names, category, country, parent_id, external_id, created_at)
SELECT entity_id, $2, $3, $4, $5, $6, $7, $8 FROM named
RETURNING id, name, alternative_names, category, country, parent_id AS parent, external_id, version;

-- name: find_entity
-- An entity by id; for one that was merged into another, that other.
SELECT id, name, alternative_names, category, country, parent_id AS parent, external_id, version
FROM entities WHERE id = (SELECT coalesce(merged_into, id) FROM entities WHERE id = $1);

-- name: lock_entity
-- An entity by id, locked until the transaction ends, and which it was merged into.
SELECT id, name, alternative_names, category, country, parent_id AS parent, external_id, version, merged_into
FROM entities WHERE id = $1 FOR NO KEY UPDATE;

-- name: lock_entities
-- Two entities, locked in a fixed order until the transaction ends: nobody can name them meanwhile.
SELECT id, name, alternative_names, category, country, parent_id AS parent, external_id, version, merged_into
FROM entities WHERE id IN ($1, $2) ORDER BY id FOR UPDATE;

-- name: lock_parents
-- Only one transaction at a time rearranges which entity is inside which; held until it ends.
SELECT pg_advisory_xact_lock(hashtextextended('parents of entities', 0));

-- name: is_inside_entity
-- Whether entity $2 is entity $1 or lies, at any depth, inside it.
WITH RECURSIVE ancestors AS (
    SELECT e.id, e.parent_id FROM entities e WHERE e.id = $2
    UNION
    SELECT p.id, p.parent_id FROM entities p JOIN ancestors a ON p.id = a.parent_id
)
SELECT EXISTS (SELECT FROM ancestors WHERE id = $1);

-- name: is_category_known
-- Whether any series has a stakeholder category.
SELECT EXISTS (SELECT FROM terms WHERE vocabulary = 'stakeholder_category' AND value = $1);

-- name: list_taken_names
-- Of the names ($2) of an entity ($1) in a category ($3), those that stand before among them, or that another entity goes
-- by: which one it is, counted from 0, and whose.
SELECT (n.position - 1)::integer AS position, t.entity_id AS entity
FROM (SELECT u.position, fold_text(u.name) AS folded, row_number() OVER (PARTITION BY fold_text(u.name) ORDER BY u.position) AS turn
      FROM unnest($2::text[]) WITH ORDINALITY AS u (name, position)) n
LEFT JOIN entity_names t ON t.folded_name = n.folded AND t.category = $3 AND t.entity_id <> $1
WHERE t.entity_id IS NOT NULL OR n.turn > 1
ORDER BY n.position;

-- name: find_named_entity
-- The entity that goes by a name in a category.
SELECT entity_id FROM entity_names WHERE folded_name = fold_text($1) AND category = $2;

-- name: find_any_named_entity
-- The first entity that goes by a name, whatever its category.
SELECT id, name, alternative_names, category, country, parent_id AS parent, external_id, version
FROM entities WHERE id = (SELECT entity_id FROM entity_names WHERE folded_name = fold_text($1) ORDER BY entity_id LIMIT 1);

-- name: update_entity
-- Write every field; the version rises.
UPDATE entities SET name = $2, alternative_names = $3, category = $4, country = $5, parent_id = $6, external_id = $7,
       version = version + 1
WHERE id = $1
RETURNING id, name, alternative_names, category, country, parent_id AS parent, external_id, version;

-- name: list_entities
-- Entities by id. A name matches anywhere, whatever its case; words ($4) must occur in one of the names that it goes by.
SELECT id, name, alternative_names, category, country, parent_id AS parent, external_id, version
FROM entities
WHERE merged_into IS NULL
  AND ($1::text IS NULL OR category = $1) AND ($2::text IS NULL OR country = $2)
  AND ($3::text IS NULL OR position(lower($3) IN lower(name)) > 0)
  AND ($4::text IS NULL OR EXISTS (SELECT FROM entity_names n WHERE n.entity_id = entities.id
                                     AND n.folded_name LIKE ALL ((SELECT word_patterns($4))::text[])))
  AND ($5::uuid IS NULL OR id > $5)
ORDER BY id LIMIT $6;

-- name: count_entities
-- How many entities the list has.
SELECT count(*) FROM entities
WHERE merged_into IS NULL
  AND ($1::text IS NULL OR category = $1) AND ($2::text IS NULL OR country = $2)
  AND ($3::text IS NULL OR position(lower($3) IN lower(name)) > 0)
  AND ($4::text IS NULL OR EXISTS (SELECT FROM entity_names n WHERE n.entity_id = entities.id
                                     AND n.folded_name LIKE ALL ((SELECT word_patterns($4))::text[])));

-- name: lock_places_of_entity
-- The places of the editions in which an entity has a delegation, locked before its people are moved.
SELECT p.edition_id FROM places p WHERE p.edition_id IN (SELECT d.edition_id FROM delegations d WHERE d.entity_id = $1)
ORDER BY p.edition_id, p.mode FOR UPDATE;

-- name: list_united_editions
-- The editions in which both entities have a delegation.
SELECT g.edition_id FROM delegations g JOIN delegations k ON k.edition_id = g.edition_id
WHERE g.entity_id = $1 AND k.entity_id = $2 ORDER BY g.edition_id;

-- name: merge_entity
-- Everything that names entity $2 names entity $3 from now on; remembered, also in the history of whoever is moved.
WITH remembered AS (
    INSERT INTO entity_merges (id, entity_id, name, into_id, merged_at, by_token, reason)
    SELECT $1, e.id, e.name, $3, $4::timestamptz, $5, $6::text FROM entities e WHERE e.id = $2
    RETURNING set_config('forum.token_id', by_token::text, true), set_config('forum.reason', coalesce(reason, ''), true),
              set_config('forum.changed_at', merged_at::text, true)
)
SELECT merge_entity($2::uuid, $3::uuid, $4) FROM remembered;

-- name: list_entity_merges
-- Which entities were merged, into which, when, by which token and why, in that order; of one entity ($1) on either side.
SELECT id, entity_id AS entity, name, into_id AS "into", merged_at, by_token, reason
FROM entity_merges
WHERE ($1::uuid IS NULL OR entity_id = $1 OR into_id = $1)
  AND ($2::uuid IS NULL OR into_id = $2) AND ($3::uuid IS NULL OR by_token = $3)
  AND ($4::uuid IS NULL OR id > $4)
ORDER BY id LIMIT $5;

-- name: count_entity_merges
-- How many merges the list has.
SELECT count(*) FROM entity_merges
WHERE ($1::uuid IS NULL OR entity_id = $1 OR into_id = $1)
  AND ($2::uuid IS NULL OR into_id = $2) AND ($3::uuid IS NULL OR by_token = $3);

-- name: insert_delegation
-- An entity takes part in an edition; nothing when it does already.
INSERT INTO delegations (edition_id, id, entity_id, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (edition_id, entity_id) DO NOTHING;

-- name: find_entity_delegation
-- The delegation of an entity in an edition.
SELECT id FROM delegations WHERE edition_id = $1 AND entity_id = $2;

-- name: find_delegation
-- A delegation by id, among those that the reader sees ($3; null: all); for one that was merged into another, that other.
SELECT d.id, d.entity, d.entity_name, d.entity_category, d.entity_country, d.head, d.in_person_quota, d.online_quota,
       d.version
FROM delegation_details d
WHERE d.edition_id = $1
  AND d.id = (SELECT coalesce(o.merged_into, o.id) FROM delegations o WHERE o.edition_id = $1 AND o.id = $2)
  AND ($3::uuid[] IS NULL OR d.id = ANY ($3));

-- name: lock_delegation
-- A delegation by id, locked until the transaction ends. One that was merged into another is there no more.
SELECT d.id, d.entity, d.entity_name, d.entity_category, d.entity_country, d.head, d.in_person_quota, d.online_quota,
       d.version
FROM delegations o JOIN delegation_details d USING (edition_id, id)
WHERE o.edition_id = $1 AND o.id = $2 AND o.merged_into IS NULL FOR UPDATE OF o;

-- name: is_in_delegation
-- Whether a registration is active and of a delegation; it stays so until the transaction ends.
SELECT true FROM registrations
WHERE edition_id = $1 AND id = $2 AND delegation_id = $3 AND status IN ('submitted', 'approved', 'waitlisted')
FOR SHARE;

-- name: update_delegation
-- Say who leads a delegation; the version rises.
UPDATE delegations SET head_id = $3, version = version + 1 WHERE edition_id = $1 AND id = $2;

-- name: update_quota
-- Set how many people a delegation may have in a mode. Those who have a place keep it.
UPDATE quotas SET quota = $4, kept_over_quota = coalesce(greatest(taken - $4, 0), 0)
WHERE edition_id = $1 AND delegation_id = $2 AND mode = $3;

-- name: count_people_of_delegation
-- How many registrations name a delegation, whatever became of them. The caller holds the lock: there will be no more.
SELECT count(*) FROM registrations WHERE edition_id = $1 AND delegation_id = $2;

-- name: delete_delegation
-- A delegation takes part no more, nor do those that were merged into it; its focal points are none any more.
DELETE FROM delegations WHERE edition_id = $1 AND (id = $2 OR merged_into = $2);

-- name: list_delegation_people
-- How many people a delegation has in each mode and status.
SELECT mode, status, count(*) AS count FROM registrations
WHERE edition_id = $1 AND delegation_id = $2 GROUP BY mode, status ORDER BY mode, status;

-- name: list_focal_points
-- Who looks after a delegation.
SELECT g.id AS grant, p.email, g.created_at
FROM grants g JOIN persons p ON p.id = g.person_id
WHERE g.edition_id = $1 AND g.delegation_id = $2 ORDER BY g.id;

-- name: list_delegations
-- The delegations of an edition among those that the reader sees ($2; null: all), in the order in which they were made.
SELECT d.id, d.entity, d.entity_name, d.entity_category, d.entity_country, d.head, d.in_person_quota, d.online_quota,
       d.version
FROM delegation_details d
WHERE d.edition_id = $1 AND d.merged_into IS NULL AND ($2::uuid[] IS NULL OR d.id = ANY ($2))
  AND ($3::uuid IS NULL OR d.entity = (SELECT coalesce(n.merged_into, n.id) FROM entities n WHERE n.id = $3))
  AND ($4::text IS NULL OR d.entity_category = $4) AND ($5::text IS NULL OR d.entity_country = $5)
  AND ($6::text IS NULL OR EXISTS (SELECT FROM entity_names n WHERE n.entity_id = d.entity
                                     AND n.folded_name LIKE ALL ((SELECT word_patterns($6))::text[])))
  AND ($7::uuid IS NULL OR d.id > $7)
ORDER BY d.id LIMIT $8;

-- name: count_delegations
-- How many delegations the list has.
SELECT count(*) FROM delegation_details d
WHERE d.edition_id = $1 AND d.merged_into IS NULL AND ($2::uuid[] IS NULL OR d.id = ANY ($2))
  AND ($3::uuid IS NULL OR d.entity = (SELECT coalesce(n.merged_into, n.id) FROM entities n WHERE n.id = $3))
  AND ($4::text IS NULL OR d.entity_category = $4) AND ($5::text IS NULL OR d.entity_country = $5)
  AND ($6::text IS NULL OR EXISTS (SELECT FROM entity_names n WHERE n.entity_id = d.entity
                                     AND n.folded_name LIKE ALL ((SELECT word_patterns($6))::text[])));

-- name: list_entities_by_external_id
-- The entities that have these external ids; of one that was merged into another, the other.
SELECT external_id, coalesce(merged_into, id) AS id FROM entities WHERE external_id = ANY ($1::text[]);
