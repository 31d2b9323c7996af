-- name: lock_asker
-- Lock the registration ($2) of who is to speak until the transaction ends; whether it is that of a person ($3). Its delegation
-- is the one that it is in since entities were merged.
SELECT id, status, entity_id AS entity, delegation_id AS delegation, person_id IS NOT DISTINCT FROM $3::uuid AS is_own
FROM registrations WHERE edition_id = $1 AND id = $2
FOR SHARE;

-- name: lock_entity_of_request
-- Have an entity ($2) and a delegation ($3) stay there until the transaction ends, in the order in which a merge locks them.
WITH entity AS MATERIALIZED (SELECT e.id FROM entities e WHERE e.id = $2 FOR KEY SHARE)
SELECT d.id FROM delegations d WHERE d.edition_id = $1 AND d.id = $3::uuid AND EXISTS (SELECT FROM entity) FOR KEY SHARE;

-- name: get_request_references
-- Whether the entity ($3) is known, the entity of the delegation ($4), whether the edition has the speaker ($5) and whose they
-- are, and whose the appearance ($6) in one of the list's sessions ($2) is.
SELECT EXISTS (SELECT FROM entities e WHERE e.id = $3::uuid AND e.merged_into IS NULL) AS is_entity_known,
       (SELECT d.entity_id FROM delegations d WHERE d.edition_id = $1 AND d.id = $4::uuid AND d.merged_into IS NULL)
           AS delegation_entity,
       EXISTS (SELECT FROM speakers s WHERE s.edition_id = $1 AND s.id = $5::uuid) AS is_speaker_known,
       (SELECT s.entity_id FROM speakers s WHERE s.edition_id = $1 AND s.id = coalesce($5, p.speaker_id)) AS speaker_entity,
       p.speaker_id AS appearance_speaker
FROM (SELECT 1) one
LEFT JOIN appearances p ON p.edition_id = $1 AND p.id = $6::uuid AND p.session_id = ANY ($2::uuid[]);

-- name: find_same_request
-- The request, other than $6, that an entity ($3) has in a list, else the one that a registration ($4) or a speaker ($5) has;
-- whoever has spoken had their turn.
SELECT id FROM speaking_requests
WHERE edition_id = $1 AND list_id = $2 AND status NOT IN ('declined', 'withdrawn') AND id IS DISTINCT FROM $6::uuid
  AND (entity_id = $3::uuid OR registration_id = $4::uuid OR speaker_id = $5::uuid)
ORDER BY ticket LIMIT 1;

-- name: draw_ticket
-- The next number in the order in which requests come; the caller holds the list.
UPDATE speakers_lists SET last_ticket = last_ticket + 1 WHERE edition_id = $1 AND id = $2 RETURNING last_ticket;

-- name: insert_request
-- A new request, behind all others.
INSERT INTO speaking_requests (edition_id, id, list_id, ticket, position, status, display_name, registration_id, speaker_id,
                               appearance_id, entity_id, delegation_id, rank, language, on_behalf_of, needs_more_time,
                               requested_at, requested_by_token)
SELECT $1, $2, $3, $4, coalesce(max(r.position), 0) + 1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
FROM speaking_requests r WHERE r.edition_id = $1 AND r.list_id = $3;

-- name: list_standings
-- Who stands in line, in order.
SELECT id, status, rank, ticket, moved_at FROM speaking_requests
WHERE edition_id = $1 AND list_id = $2 AND position IS NOT NULL ORDER BY position;

-- name: update_positions
-- Number the requests of a list in this order ($3); all that stand in line are named.
UPDATE speaking_requests r SET position = o.position
FROM unnest($3::uuid[]) WITH ORDINALITY AS o (id, position)
WHERE r.edition_id = $1 AND r.list_id = $2 AND r.id = o.id AND r.position IS DISTINCT FROM o.position;

-- name: find_request
-- One request among those that the reader may see: all, those of their delegations ($4), their own ($5).
SELECT id, ticket, position, status, rank, language, name, registration, speaker, appearance, entity, entity_name, delegation,
       on_behalf_of, needs_more_time, allotted_seconds, spoken_ms, running_since, started_at, ended_at, spoke_in, moved_at, reason,
       requested_at, statement, version, public_name
FROM speaking_request_details
WHERE edition_id = $1 AND list_id = $2 AND id = $3
  AND ($4::uuid[] IS NULL OR delegation = ANY ($4) OR person_id = $5::uuid);

-- name: list_requests
-- Requests in their order, those that were taken out last; among those that the reader may see.
SELECT id, ticket, position, status, rank, language, name, registration, speaker, appearance, entity, entity_name, delegation,
       on_behalf_of, needs_more_time, allotted_seconds, spoken_ms, running_since, started_at, ended_at, spoke_in, moved_at, reason,
       requested_at, statement, version, public_name
FROM speaking_request_details
WHERE edition_id = $1 AND list_id = $2 AND ($3::uuid[] IS NULL OR delegation = ANY ($3) OR person_id = $4::uuid)
  AND ($5::text IS NULL OR status = $5) AND ($6::text IS NULL OR rank = $6) AND ($7::text IS NULL OR language = $7)
  AND ($8::uuid IS NULL OR entity = $8) AND ($9::uuid IS NULL OR delegation = $9)
  AND ($11::uuid IS NULL OR (coalesce(position, 2147483647), id) > (coalesce($10::integer, 2147483647), $11))
ORDER BY coalesce(position, 2147483647), id LIMIT $12;

-- name: count_requests
-- How many requests the list has.
SELECT count(*) FROM speaking_request_details
WHERE edition_id = $1 AND list_id = $2 AND ($3::uuid[] IS NULL OR delegation = ANY ($3) OR person_id = $4::uuid)
  AND ($5::text IS NULL OR status = $5) AND ($6::text IS NULL OR rank = $6) AND ($7::text IS NULL OR language = $7)
  AND ($8::uuid IS NULL OR entity = $8) AND ($9::uuid IS NULL OR delegation = $9);

-- name: list_shown_requests
-- Who was taken on, in order: those of whom everybody may read.
SELECT id, ticket, position, status, rank, language, name, registration, speaker, appearance, entity, entity_name, delegation,
       on_behalf_of, needs_more_time, allotted_seconds, spoken_ms, running_since, started_at, ended_at, spoke_in, moved_at, reason,
       requested_at, statement, version, public_name
FROM speaking_request_details
WHERE edition_id = $1 AND list_id = $2 AND status IN ('accepted', 'started', 'paused', 'spoke')
ORDER BY position;

-- name: list_turns
-- Who has the floor or waits for it, in order.
SELECT id, status, allotted_seconds, standard_seconds, spoken_ms, running_since FROM speaking_request_details
WHERE edition_id = $1 AND list_id = $2 AND status IN ('requested', 'accepted', 'started', 'paused') ORDER BY position;

-- name: find_floor_holder
-- The request of who has the floor.
SELECT id FROM speaking_requests WHERE edition_id = $1 AND list_id = $2 AND status IN ('started', 'paused');

-- name: update_request
-- Write what the staff can change; the seconds ($7) only where $8 says so. The version rises.
UPDATE speaking_requests
SET rank = $3, language = $4, on_behalf_of = $5, needs_more_time = $6,
    allotted_seconds = CASE WHEN $8 THEN $7 ELSE allotted_seconds END, version = version + 1
WHERE edition_id = $1 AND id = $2;

-- name: update_state
-- Write what a move changes; $10 are allotted for good where the staff has given none. The version rises.
UPDATE speaking_requests
SET status = $3, position = $4, spoken_ms = $5, running_since = $6, started_at = $7, ended_at = $8, session_id = $9,
    allotted_seconds = coalesce(allotted_seconds, $10), reason = $11, version = version + 1
WHERE edition_id = $1 AND id = $2;

-- name: update_moved
-- Remember that the staff has put a request in its place; the version rises.
UPDATE speaking_requests SET moved_at = $3, version = version + 1 WHERE edition_id = $1 AND id = $2;

-- name: insert_move
-- Write down that the staff has put a request in another place.
INSERT INTO speaking_request_moves (edition_id, id, request_id, registration_id, from_position, to_position, reason, moved_at,
                                    by_token)
SELECT $1, $2, r.id, r.registration_id, $4, $5, $6, $7, $8 FROM speaking_requests r WHERE r.edition_id = $1 AND r.id = $3;

-- name: list_moves
-- How the staff has moved a request, oldest first.
SELECT id, request_id AS request, from_position, to_position, reason, moved_at, by_token
FROM speaking_request_moves WHERE edition_id = $1 AND request_id = $2 AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4;

-- name: count_moves
-- How often the staff has moved a request.
SELECT count(*) FROM speaking_request_moves WHERE edition_id = $1 AND request_id = $2;

-- name: upsert_statement
-- The text of a statement, in place of the one before; the version rises.
INSERT INTO speaking_statements (edition_id, request_id, registration_id, language, media_type, content, published, uploaded_at)
SELECT $1, r.id, r.registration_id, $3, $4, $5, $6, $7 FROM speaking_requests r WHERE r.edition_id = $1 AND r.id = $2
ON CONFLICT (edition_id, request_id) DO UPDATE
    SET language = excluded.language, media_type = excluded.media_type, content = excluded.content,
        published = excluded.published, uploaded_at = excluded.uploaded_at, version = speaking_statements.version + 1;

-- name: update_statement
-- Write what can change of a statement without its text; the version rises.
UPDATE speaking_statements SET language = $3, published = $4, version = version + 1 WHERE edition_id = $1 AND request_id = $2;

-- name: find_statement
-- The text of a statement: for who may see the request, as there; once it is published and the list is, for everybody.
SELECT t.language, t.media_type, t.content, t.version AS file_version
FROM speaking_statements t
JOIN speaking_request_details r ON r.edition_id = t.edition_id AND r.id = t.request_id
JOIN speakers_list_details l ON l.edition_id = r.edition_id AND l.id = r.list_id
WHERE t.edition_id = $1 AND r.list_id = $2 AND r.id = $3
  AND ($4::uuid[] IS NULL OR r.delegation = ANY ($4) OR r.person_id = $5::uuid
       OR (t.published AND l.published AND l.is_visible AND r.status IN ('accepted', 'started', 'paused', 'spoke')));

-- name: get_last_position
-- The last place of a list that is taken; 0 when nobody stands in line.
SELECT coalesce(max(position), 0) FROM speaking_requests WHERE edition_id = $1 AND list_id = $2;
