-- name: insert_team
-- A new interpretation team.
INSERT INTO interpretation_teams (edition_id, id, name, languages, external_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id, name, languages, external_id, version;

-- name: find_team
-- One interpretation team.
SELECT id, name, languages, external_id, version FROM interpretation_teams WHERE edition_id = $1 AND id = $2;

-- name: lock_team
-- Lock an interpretation team until the transaction ends.
SELECT id, name, languages, external_id, version FROM interpretation_teams WHERE edition_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: list_teams
-- The interpretation teams of an edition in the order in which they were made.
SELECT id, name, languages, external_id, version FROM interpretation_teams
WHERE edition_id = $1 AND ($2::text IS NULL OR external_id = $2) AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4;

-- name: count_teams
-- How many interpretation teams the list has.
SELECT count(*) FROM interpretation_teams WHERE edition_id = $1 AND ($2::text IS NULL OR external_id = $2);

-- name: update_team
-- Write every field that can change; the version rises.
UPDATE interpretation_teams SET name = $3, languages = $4, external_id = $5, version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING id, name, languages, external_id, version;
