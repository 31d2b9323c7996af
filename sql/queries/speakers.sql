-- name: insert_speaker
-- A new speaker.
INSERT INTO speakers (edition_id, id, display_name, honorific, function, entity_id, country, biography, published, external_id,
                      created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id, display_name, honorific, function, entity_id AS entity, country, biography, published, external_id, version;

-- name: find_speaker
-- One speaker; who has not agreed to be named is there for those who look after speakers ($3) only, and nobody else sees those of a draft.
SELECT s.id, s.display_name, s.honorific, s.function, s.entity_id AS entity, s.country, s.biography, s.published, s.external_id,
       s.version
FROM speakers s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1 AND s.id = $2 AND ($3 OR (s.published AND e.status <> 'draft'));

-- name: lock_speaker
-- Lock a speaker until the transaction ends.
SELECT id, display_name, honorific, function, entity_id AS entity, country, biography, published, external_id, version
FROM speakers WHERE edition_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: list_speakers
-- Speakers in the order in which they were added, those who have not agreed to be named for those who look after speakers ($2) only.
SELECT s.id, s.display_name, s.honorific, s.function, s.entity_id AS entity, s.country, s.biography, s.published, s.external_id,
       s.version
FROM speakers s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1 AND ($2 OR (s.published AND e.status <> 'draft'))
  AND ($3::uuid IS NULL OR s.entity_id = $3)
  AND ($4::text IS NULL OR s.external_id = $4)
  AND ($5::uuid IS NULL OR s.id > $5)
ORDER BY s.id LIMIT $6;

-- name: count_speakers
-- How many speakers the list has.
SELECT count(*)
FROM speakers s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1 AND ($2 OR (s.published AND e.status <> 'draft'))
  AND ($3::uuid IS NULL OR s.entity_id = $3)
  AND ($4::text IS NULL OR s.external_id = $4);

-- name: update_speaker
-- Write every field that can change; the version rises.
UPDATE speakers SET display_name = $3, honorific = $4, function = $5, entity_id = $6, country = $7, biography = $8,
       published = $9, external_id = $10, version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING id, display_name, honorific, function, entity_id AS entity, country, biography, published, external_id, version;

-- name: insert_appearance
-- A new appearance: the speaker is invited. Without a place in the order it comes last.
INSERT INTO appearances (edition_id, session_id, id, speaker_id, role, position, on_behalf_of, allotted_seconds, status, created_at)
SELECT $1, $2, $3, $4, $5,
       coalesce($6, (SELECT coalesce(max(a.position), 0) + 1 FROM appearances a WHERE a.edition_id = $1 AND a.session_id = $2)),
       $7, $8, 'invited', $9
RETURNING id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
          version;

-- name: find_appearance
-- One appearance in a session.
SELECT id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
       version
FROM appearances WHERE edition_id = $1 AND session_id = $2 AND id = $3;

-- name: find_same_appearance
-- The appearance, other than $5, of a speaker in a session in a role.
SELECT id FROM appearances
WHERE edition_id = $1 AND session_id = $2 AND speaker_id = $3 AND role = $4 AND id IS DISTINCT FROM $5::uuid;

-- name: lock_appearance
-- Lock an appearance until the transaction ends.
SELECT id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
       version
FROM appearances WHERE edition_id = $1 AND session_id = $2 AND id = $3 FOR NO KEY UPDATE;

-- name: list_appearances
-- Who appears in a session, in their order.
SELECT id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
       version
FROM appearances
WHERE edition_id = $1 AND session_id = $2 AND ($4::uuid IS NULL OR (position, id) > ($3, $4))
ORDER BY position, id LIMIT $5;

-- name: count_appearances
-- How many appearances a session has.
SELECT count(*) FROM appearances WHERE edition_id = $1 AND session_id = $2;

-- name: update_appearance
-- Write every field that can change; the version rises.
UPDATE appearances SET role = $3, position = $4, on_behalf_of = $5, allotted_seconds = $6, status = $7, version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
          version;

-- name: update_outcome
-- What became of an appearance in the hall. Who declined or withdrew is not absent; `confirmed` takes an absence back.
UPDATE appearances SET status = $3::text, version = version + 1
WHERE edition_id = $1 AND id = $2 AND status <> $3
  AND CASE $3 WHEN 'spoke' THEN true WHEN 'absent' THEN status IN ('invited', 'confirmed', 'spoke') ELSE status = 'absent' END;
