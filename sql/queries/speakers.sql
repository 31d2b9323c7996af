-- name: insert_speaker
-- A new speaker; that they are published is noted as a consent on the word of the staff ($15: when, $16: by which token).
WITH made AS (
    INSERT INTO speakers (edition_id, id, display_name, honorific, function, entity_id, country, biography, published, external_id,
                          registration_id, email, language, availabilities, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, spans_of($14), $15)
    RETURNING *
),
agreed AS (
    INSERT INTO speaker_consents (edition_id, speaker_id, agreed, way, decided_at, by_token)
    SELECT edition_id, id, true, 'staff', $15, $16 FROM made WHERE published
)
SELECT id, display_name, honorific, function, entity_id AS entity, country, biography, published, external_id,
       NULL::text AS photo, version, registration_id AS registration, email, language, windows_of(availabilities) AS availabilities
FROM made;

-- name: find_speaker
-- One speaker as everybody may see them: who has agreed to be named, of an edition that is no draft. Nothing private is read.
SELECT s.id, s.display_name, s.honorific, s.function, s.entity_id AS entity, s.country, s.biography, s.published, s.external_id,
       CASE WHEN s.photo_tag IS NOT NULL THEN '/v1/editions/' || s.edition_id || '/speakers/' || s.id || '/photo' END AS photo,
       s.version
FROM speakers s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1 AND s.id = $2 AND s.published AND e.status <> 'draft';

-- name: find_speaker_for_staff
-- One speaker with all that is kept of them.
SELECT s.id, s.display_name, s.honorific, s.function, s.entity_id AS entity, s.country, s.biography, s.published, s.external_id,
       CASE WHEN s.photo_tag IS NOT NULL THEN '/v1/editions/' || s.edition_id || '/speakers/' || s.id || '/photo' END AS photo,
       s.version, s.registration_id AS registration, s.email, s.language, windows_of(s.availabilities) AS availabilities
FROM speakers s WHERE s.edition_id = $1 AND s.id = $2;

-- name: lock_speaker
-- Lock a speaker until the transaction ends.
SELECT s.id, s.display_name, s.honorific, s.function, s.entity_id AS entity, s.country, s.biography, s.published, s.external_id,
       CASE WHEN s.photo_tag IS NOT NULL THEN '/v1/editions/' || s.edition_id || '/speakers/' || s.id || '/photo' END AS photo,
       s.version, s.registration_id AS registration, s.email, s.language, windows_of(s.availabilities) AS availabilities
FROM speakers s WHERE s.edition_id = $1 AND s.id = $2 FOR NO KEY UPDATE;

-- name: list_speakers
-- Speakers as everybody may see them, in the order in which they were added.
SELECT s.id, s.display_name, s.honorific, s.function, s.entity_id AS entity, s.country, s.biography, s.published, s.external_id,
       CASE WHEN s.photo_tag IS NOT NULL THEN '/v1/editions/' || s.edition_id || '/speakers/' || s.id || '/photo' END AS photo,
       s.version
FROM speakers s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1 AND s.published AND e.status <> 'draft'
  AND ($2::uuid IS NULL OR s.entity_id = $2)
  AND ($3::text IS NULL OR s.external_id = $3)
  AND ($4::uuid IS NULL OR s.id > $4)
ORDER BY s.id LIMIT $5;

-- name: count_speakers
-- How many speakers everybody may see.
SELECT count(*)
FROM speakers s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1 AND s.published AND e.status <> 'draft'
  AND ($2::uuid IS NULL OR s.entity_id = $2)
  AND ($3::text IS NULL OR s.external_id = $3);

-- name: list_speakers_for_staff
-- All speakers with all that is kept of them, in the order in which they were added.
SELECT s.id, s.display_name, s.honorific, s.function, s.entity_id AS entity, s.country, s.biography, s.published, s.external_id,
       CASE WHEN s.photo_tag IS NOT NULL THEN '/v1/editions/' || s.edition_id || '/speakers/' || s.id || '/photo' END AS photo,
       s.version, s.registration_id AS registration, s.email, s.language, windows_of(s.availabilities) AS availabilities
FROM speakers s
WHERE s.edition_id = $1
  AND ($2::uuid IS NULL OR s.entity_id = $2)
  AND ($3::text IS NULL OR s.external_id = $3)
  AND ($4::uuid IS NULL OR s.id > $4)
ORDER BY s.id LIMIT $5;

-- name: count_speakers_for_staff
-- How many speakers there are.
SELECT count(*) FROM speakers s
WHERE s.edition_id = $1 AND ($2::uuid IS NULL OR s.entity_id = $2) AND ($3::text IS NULL OR s.external_id = $3);

-- name: update_speaker
-- Write every field that can change; the version rises. Whether they are published is for `record_consent`.
UPDATE speakers SET display_name = $3, honorific = $4, function = $5, entity_id = $6, country = $7, biography = $8,
       external_id = $9, registration_id = $10, email = $11, language = $12, availabilities = spans_of($13), version = version + 1
WHERE edition_id = $1 AND id = $2;

-- name: record_consent
-- Note whether a speaker agrees to be published ($3), and have it so from now on; the version rises.
WITH noted AS (
    INSERT INTO speaker_consents (edition_id, speaker_id, agreed, way, decided_at, by_token, note)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    RETURNING number, agreed, way, decided_at, by_token, note
),
followed AS (
    UPDATE speakers SET published = $3, version = version + 1 WHERE edition_id = $1 AND id = $2
)
SELECT number, agreed, way, decided_at, by_token, note FROM noted;

-- name: list_consents
-- What a speaker said of being published, each time, oldest first.
SELECT number, agreed, way, decided_at, by_token, note FROM speaker_consents
WHERE edition_id = $1 AND speaker_id = $2 AND ($3::bigint IS NULL OR number > $3)
ORDER BY number LIMIT $4;

-- name: is_available
-- Whether a speaker can be there from when to when.
SELECT is_speaker_available(availabilities, $3, $4) AS is_available FROM speakers WHERE edition_id = $1 AND id = $2;

-- name: list_speakers_of_person
-- Who speaks as the holder of a registration ($1, $2), or is reached at the address of a person ($3).
SELECT s.edition_id, s.id FROM speakers s
WHERE (s.edition_id = $1 AND s.registration_id = $2)
   OR ($3::uuid IS NOT NULL AND lower(s.email) = (SELECT lower(p.email) FROM persons p WHERE p.id = $3))
ORDER BY s.edition_id, s.id;

-- name: erase_speaker
-- Take out of a speaker what tells who they are and is no record of the forum; how many rows that was. The name, function,
-- entity and country of who has spoken, or announced a pledge, stay as they were published; who has not is named no more, and
-- appears nowhere from now on.
WITH spoken AS (
    SELECT EXISTS (SELECT FROM appearances a WHERE a.edition_id = $1 AND a.speaker_id = $2 AND a.status = 'spoke')
        OR EXISTS (SELECT FROM announcements n WHERE n.edition_id = $1 AND n.speaker_id = $2) AS is_record
),
photos AS (DELETE FROM speaker_photos WHERE edition_id = $1 AND speaker_id = $2 RETURNING 1),
links AS (DELETE FROM speaker_links WHERE edition_id = $1 AND speaker_id = $2 RETURNING 1),
opened AS (UPDATE tokens SET expires_at = created_at WHERE kind = 'speaker' AND edition_id = $1 AND speaker_id = $2),
ended AS (
    UPDATE appearances SET note = NULL, version = version + 1, calendar_answer = NULL, calendar_answered_at = NULL,
           calendar_sequence = NULL, calendar_stamped_at = NULL,
           status = CASE WHEN status IN ('invited', 'confirmed') THEN 'withdrawn' ELSE status END
    WHERE edition_id = $1 AND speaker_id = $2
      AND (note IS NOT NULL OR calendar_answer IS NOT NULL OR status IN ('invited', 'confirmed'))
    RETURNING 1
),
silenced AS (
    UPDATE speaker_consents SET note = NULL, by_token = NULL
    WHERE edition_id = $1 AND speaker_id = $2 AND (note IS NOT NULL OR way = 'link')
    RETURNING 1
),
hidden AS (
    INSERT INTO speaker_consents (edition_id, speaker_id, agreed, way, decided_at)
    SELECT $1, $2, false, 'erasure', $3 FROM spoken WHERE NOT is_record
),
emptied AS (
    UPDATE speakers s
    SET display_name = CASE WHEN is_record THEN s.display_name ELSE 'erased' END,
        honorific = CASE WHEN is_record THEN s.honorific END, function = CASE WHEN is_record THEN s.function END,
        entity_id = CASE WHEN is_record THEN s.entity_id END, country = CASE WHEN is_record THEN s.country END,
        published = s.published AND is_record, biography = NULL, external_id = NULL, registration_id = NULL, email = NULL,
        language = 'en', availabilities = '{}', photo_tag = NULL, version = s.version + 1
    FROM spoken WHERE s.edition_id = $1 AND s.id = $2
    RETURNING 1
)
SELECT (SELECT count(*) FROM emptied) AS speakers, (SELECT count(*) FROM ended) AS appearances,
       (SELECT count(*) FROM silenced) AS speaker_consents, (SELECT count(*) FROM photos) AS speaker_photos,
       (SELECT count(*) FROM links) AS speaker_links;
