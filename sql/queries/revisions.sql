-- name: insert_revision
-- What an edition was moved from and to, under the next number. The caller has locked the edition.
INSERT INTO edition_revisions (edition_id, number, before, after, reason, sessions, revised_at, by_token)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7 FROM edition_revisions WHERE edition_id = $1
RETURNING number, before, after, reason, revised_at;

-- name: list_revisions
-- The revisions of an edition, newest first.
SELECT number, before, after, reason, revised_at FROM edition_revisions
WHERE edition_id = $1 AND ($2::integer IS NULL OR number < $2)
ORDER BY number DESC LIMIT $3;

-- name: count_revisions
-- How many revisions an edition has.
SELECT count(*) FROM edition_revisions WHERE edition_id = $1;

-- name: count_people
-- How many people take part in an edition, or wait for it.
SELECT count(*) FROM registrations WHERE edition_id = $1 AND status IN ('submitted', 'approved', 'waitlisted');

-- name: find_last_release
-- The number of an edition's last release.
SELECT max(number) AS number FROM releases WHERE edition_id = $1;
