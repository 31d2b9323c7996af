-- name: ensure_links
-- A link for each of these registrations that has none; who was erased gets none.
INSERT INTO registration_links (edition_id, registration_id, id, created_at)
SELECT r.edition_id, r.id, gen_random_uuid(), $3 FROM registrations r
WHERE r.edition_id = $1 AND r.id = ANY ($2::uuid[]) AND r.status <> 'erased'
ON CONFLICT ON CONSTRAINT registration_links_pkey DO NOTHING;

-- name: find_linked
-- The registration that a link leads to, and until when: so many days ($2) after the edition, by its clocks.
SELECT l.edition_id, e.slug AS edition, l.registration_id, r.person_id,
       CASE WHEN e.ends_on IS NOT NULL THEN (e.ends_on + 1 + $2::integer)::timestamp AT TIME ZONE e.timezone END AS expires_at
FROM registration_links l
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
JOIN editions e ON e.id = l.edition_id
WHERE l.id = $1;

-- name: find_link_age
-- When the link of a registration was made.
SELECT created_at FROM registration_links WHERE edition_id = $1 AND registration_id = $2;

-- name: renew_link
-- Another link for a registration; the one before, and the tokens that were had for it, are good no more.
WITH ended AS (
    UPDATE tokens SET revoked_at = $3
    WHERE kind = 'registration' AND edition_id = $1 AND registration_id = $2 AND revoked_at IS NULL
)
INSERT INTO registration_links (edition_id, registration_id, id, created_at) VALUES ($1, $2, gen_random_uuid(), $3)
ON CONFLICT ON CONSTRAINT registration_links_pkey DO UPDATE SET id = excluded.id, created_at = excluded.created_at;

-- name: get_source
-- Who registered a person; for the person alone.
SELECT source FROM registrations WHERE edition_id = $1 AND id = $2 AND person_id = $3;

-- name: insert_objection
-- The person of a registration does not want to be registered by others for this edition.
INSERT INTO objections (edition_id, person_id, objected_at)
SELECT r.edition_id, r.person_id, $3 FROM registrations r WHERE r.edition_id = $1 AND r.id = $2
ON CONFLICT ON CONSTRAINT objections_pkey DO NOTHING;

-- name: delete_objection
-- The person of a registration may be registered by others again.
DELETE FROM objections o USING registrations r
WHERE r.edition_id = $1 AND r.id = $2 AND o.edition_id = r.edition_id AND o.person_id = r.person_id;
