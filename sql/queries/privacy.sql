-- name: get_personal_data
-- Every row of every table that belongs to a person.
SELECT personal_data($1) AS data;

-- name: insert_erasure
-- Write down that somebody was erased.
INSERT INTO erasures (id, edition_id, registration_id, reason, erased_at, by_token, removed, kept)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id, registration_id, reason, erased_at, by_token, removed, kept;

-- name: list_erasures
-- What was erased of an edition, in the order in which that happened.
SELECT id, registration_id, reason, erased_at, by_token, removed, kept
FROM erasures WHERE edition_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3;

-- name: count_erasures
-- How many erasures the list has.
SELECT count(*) FROM erasures WHERE edition_id = $1;
