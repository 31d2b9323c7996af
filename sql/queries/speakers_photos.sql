-- name: keep_photo
-- The photo of a speaker in two sizes, in the place of the one before; the version rises.
WITH kept AS (
    INSERT INTO speaker_photos (edition_id, speaker_id, small, large, made_at) VALUES ($1, $2, $3, $4, $6)
    ON CONFLICT ON CONSTRAINT speaker_photos_pkey
    DO UPDATE SET small = excluded.small, large = excluded.large, made_at = excluded.made_at
)
UPDATE speakers SET photo_tag = $5, version = version + 1 WHERE edition_id = $1 AND id = $2;

-- name: delete_photo
-- No photo of a speaker any more; the version rises where there was one.
WITH gone AS (DELETE FROM speaker_photos WHERE edition_id = $1 AND speaker_id = $2 RETURNING 1)
UPDATE speakers SET photo_tag = NULL, version = version + 1 WHERE edition_id = $1 AND id = $2 AND EXISTS (SELECT FROM gone);

-- name: find_photo
-- The photo of a speaker, of who agreed to be named, or of anybody for who may see them all ($3); without its bytes for who has
-- them already ($5: what their request says).
SELECT s.published AND e.status <> 'draft' AS is_public, s.photo_tag AS tag,
       CASE WHEN strpos($5, '"' || s.photo_tag || '-' || $4::text || '"') > 0 OR btrim($5) = '*' THEN NULL
            WHEN $4 = 'small' THEN p.small ELSE p.large END AS content
FROM speakers s
JOIN editions e ON e.id = s.edition_id
JOIN speaker_photos p ON p.edition_id = s.edition_id AND p.speaker_id = s.id
WHERE s.edition_id = $1 AND s.id = $2 AND ($3 OR (s.published AND e.status <> 'draft'));
