-- name: insert_entity
-- A new entity; nothing when another of its category has its name.
INSERT INTO entities (id, name, category, country, parent_id, external_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (lower(name), category) DO NOTHING
RETURNING id, name, category, country, parent_id AS parent, external_id, version;

-- name: find_entity
-- An entity by id.
SELECT id, name, category, country, parent_id AS parent, external_id, version FROM entities WHERE id = $1;

-- name: lock_entity
-- An entity by id, locked until the transaction ends.
SELECT id, name, category, country, parent_id AS parent, external_id, version FROM entities WHERE id = $1 FOR NO KEY UPDATE;

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

-- name: find_named_entity
-- The entity that has a name in a category.
SELECT id FROM entities WHERE lower(name) = lower($1) AND category = $2;

-- name: update_entity
-- Write every field; the version rises.
UPDATE entities SET name = $2, category = $3, country = $4, parent_id = $5, external_id = $6, version = version + 1
WHERE id = $1
RETURNING id, name, category, country, parent_id AS parent, external_id, version;

-- name: list_entities
-- Entities by id; a name matches anywhere, whatever its case.
SELECT id, name, category, country, parent_id AS parent, external_id, version
FROM entities
WHERE ($1::text IS NULL OR category = $1) AND ($2::text IS NULL OR country = $2)
  AND ($3::text IS NULL OR position(lower($3) IN lower(name)) > 0)
  AND ($4::uuid IS NULL OR id > $4)
ORDER BY id LIMIT $5;

-- name: count_entities
-- How many entities the list has.
SELECT count(*) FROM entities
WHERE ($1::text IS NULL OR category = $1) AND ($2::text IS NULL OR country = $2)
  AND ($3::text IS NULL OR position(lower($3) IN lower(name)) > 0);

-- name: insert_delegation
-- An entity takes part in an edition; nothing when it does already.
INSERT INTO delegations (edition_id, id, entity_id, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (edition_id, entity_id) DO NOTHING;

-- name: find_delegation
-- A delegation by id.
SELECT d.id, d.entity_id AS entity, e.name AS entity_name, d.version
FROM delegations d JOIN entities e ON e.id = d.entity_id WHERE d.edition_id = $1 AND d.id = $2;

-- name: list_delegations
-- The delegations of an edition, for one entity or all.
SELECT d.id, d.entity_id AS entity, e.name AS entity_name, d.version
FROM delegations d JOIN entities e ON e.id = d.entity_id
WHERE d.edition_id = $1 AND ($2::uuid IS NULL OR d.entity_id = $2) AND ($3::uuid IS NULL OR d.id > $3)
ORDER BY d.id LIMIT $4;

-- name: count_delegations
-- How many delegations the list has.
SELECT count(*) FROM delegations d WHERE d.edition_id = $1 AND ($2::uuid IS NULL OR d.entity_id = $2);
