-- name: find_principal
-- Who a token belongs to, with the grants of that person. Expired and revoked tokens belong to nobody.
SELECT t.id AS token_id, t.kind, t.person_id, t.edition_id, e.slug AS edition_slug, t.scopes,
       coalesce((SELECT jsonb_agg(jsonb_build_object('role', g.role, 'edition_id', g.edition_id, 'edition_slug', ge.slug,
                                                     'delegation_id', g.delegation_id))
                 FROM grants g LEFT JOIN editions ge ON ge.id = g.edition_id
                 WHERE g.person_id = t.person_id AND t.kind = 'person'), '[]') AS grants,
       t.expires_at, t.registration_id, t.speaker_id
FROM tokens t LEFT JOIN editions e ON e.id = t.edition_id
WHERE t.sha256 = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2);

-- name: is_edition_visible
-- Whether an edition of that id or slug exists and is no draft.
SELECT EXISTS (SELECT FROM editions WHERE (slug = $1 OR id::text = $1) AND status <> 'draft');
