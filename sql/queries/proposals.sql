-- name: insert_proposal
-- A new proposal, as a draft, with its speakers, its contact and the first line of its history.
WITH made AS (
    INSERT INTO proposals (edition_id, id, owner_id, title, abstract, concept_note, type, preferred_slots, lead_entity_id,
                           organiser_ids, mode, expected_attendance, languages, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12, $13, $14, $16)
    RETURNING edition_id, id
),
speakers AS (
    INSERT INTO proposal_speakers (edition_id, proposal_id, position, display_name, function, entity_id, country, role)
    SELECT made.edition_id, made.id, s.number, s.speaker ->> 'display_name', s.speaker ->> 'function',
           (s.speaker ->> 'entity')::uuid, s.speaker ->> 'country', s.speaker ->> 'role'
    FROM made, jsonb_array_elements($11::jsonb) WITH ORDINALITY AS s (speaker, number)
),
contact AS (
    INSERT INTO proposal_contacts (edition_id, proposal_id, name, email, language)
    SELECT made.edition_id, made.id, given.contact ->> 'name', given.contact ->> 'email', given.contact ->> 'language'
    FROM made, (SELECT $15::jsonb) AS given (contact)
)
INSERT INTO proposal_transitions (edition_id, proposal_id, status, at, by_token)
SELECT made.edition_id, made.id, 'draft', $16, $17 FROM made;

-- name: find_proposal
-- One proposal, for the staff ($3) or for who acts for it ($4, $5); what reviewers gave it, for the staff alone.
SELECT d.id, d.title, d.abstract, d.concept_note, d.type, d.preferred_slots, d.lead_entity, d.organisers, d.speakers, d.mode,
       d.expected_attendance, d.languages, d.contact, d.status, d.reason, d.session, d.merged_into, d.created_at, d.submitted_at,
       d.decided_at, CASE WHEN $3::boolean THEN d.average_score END AS average_score,
       CASE WHEN $3 THEN d.score_count END AS score_count, d.version
FROM proposals p JOIN proposal_details d ON d.edition_id = p.edition_id AND d.id = p.id
WHERE p.edition_id = $1 AND p.id = $2 AND ($3 OR is_proposer(p, $4, $5));

-- name: lock_proposal
-- Lock a proposal until the transaction ends, for the staff ($3) or for who acts for it ($4, $5).
SELECT p.id, p.status, p.lead_entity_id AS lead_entity, p.session_id AS session, p.version
FROM proposals p
WHERE p.edition_id = $1 AND p.id = $2 AND ($3::boolean OR is_proposer(p, $4, $5)) FOR NO KEY UPDATE OF p;

-- name: lock_proposals
-- Lock several proposals, always in one order, until the transaction ends.
SELECT p.id, p.status, p.lead_entity_id AS lead_entity, p.session_id AS session, p.version
FROM proposals p WHERE p.edition_id = $1 AND p.id = ANY ($2::uuid[]) ORDER BY p.id FOR NO KEY UPDATE;

-- name: list_proposals
-- Proposals in the order in which they were made, or the best scored first ($9), for the staff ($2) or for who acts for them.
SELECT d.id, d.title, d.abstract, d.concept_note, d.type, d.preferred_slots, d.lead_entity, d.organisers, d.speakers, d.mode,
       d.expected_attendance, d.languages, d.contact, d.status, d.reason, d.session, d.merged_into, d.created_at, d.submitted_at,
       d.decided_at, given.score AS average_score, CASE WHEN $2 THEN d.score_count END AS score_count, d.version
FROM proposals p
JOIN proposal_details d ON d.edition_id = p.edition_id AND d.id = p.id
CROSS JOIN LATERAL (SELECT CASE WHEN $2::boolean THEN d.average_score END AS score) given
CROSS JOIN LATERAL (SELECT CASE WHEN $9::text = 'score' THEN -coalesce(given.score, -1) ELSE 0 END AS key) sorted
WHERE p.edition_id = $1 AND ($2 OR is_proposer(p, $3, $4))
  AND ($5::text IS NULL OR p.status = $5) AND ($6::text IS NULL OR p.type = $6)
  AND ($7::uuid IS NULL OR $7 = ANY (p.organiser_ids)) AND ($8::double precision IS NULL OR given.score >= $8)
  AND ($10::double precision IS NULL OR (sorted.key, p.id) > ($10, $11::uuid))
ORDER BY sorted.key, p.id LIMIT $12;

-- name: count_proposals
-- How many proposals the list has, in whatever order ($9).
SELECT count(*)
FROM proposals p
JOIN proposal_details d ON d.edition_id = p.edition_id AND d.id = p.id
CROSS JOIN LATERAL (SELECT CASE WHEN $2::boolean THEN d.average_score END AS score) given
WHERE p.edition_id = $1 AND ($2 OR is_proposer(p, $3, $4))
  AND ($5::text IS NULL OR p.status = $5) AND ($6::text IS NULL OR p.type = $6)
  AND ($7::uuid IS NULL OR $7 = ANY (p.organiser_ids)) AND ($8::double precision IS NULL OR given.score >= $8)
  AND $9::text IS NOT NULL;

-- name: list_proposal_rows
-- The same proposals as lines of a table. Whom they would like to hear is counted, not named.
SELECT d.id, d.status, coalesce(d.title ->> 'en', (SELECT min(t.value) FROM jsonb_each_text(d.title) t)) AS title, d.type,
       d.lead_entity, n.name AS lead_entity_name,
       (SELECT string_agg(o.name, '; ' ORDER BY array_position(d.organisers, o.id)) FROM entities o WHERE o.id = ANY (d.organisers))
           AS organisers,
       d.mode, d.expected_attendance, d.languages, (d.preferred_slots -> 0 ->> 'starts_at')::timestamptz AS preferred_start,
       jsonb_array_length(d.speakers) AS speaker_count, d.contact ->> 'name' AS contact_name, d.contact ->> 'email' AS contact_email,
       given.score::text AS average_score, CASE WHEN $2 THEN d.score_count END AS score_count, d.submitted_at, d.decided_at,
       d.session, d.merged_into, d.reason
FROM proposals p
JOIN proposal_details d ON d.edition_id = p.edition_id AND d.id = p.id
JOIN entities n ON n.id = p.lead_entity_id
CROSS JOIN LATERAL (SELECT CASE WHEN $2::boolean THEN d.average_score END AS score) given
CROSS JOIN LATERAL (SELECT CASE WHEN $9::text = 'score' THEN -coalesce(given.score, -1) ELSE 0 END AS key) sorted
WHERE p.edition_id = $1 AND ($2 OR is_proposer(p, $3, $4))
  AND ($5::text IS NULL OR p.status = $5) AND ($6::text IS NULL OR p.type = $6)
  AND ($7::uuid IS NULL OR $7 = ANY (p.organiser_ids)) AND ($8::double precision IS NULL OR given.score >= $8)
  AND ($10::double precision IS NULL OR (sorted.key, p.id) > ($10, $11::uuid))
ORDER BY sorted.key, p.id LIMIT $12;

-- name: update_proposal
-- Write every field that can change, the speakers and the contact anew; the version rises.
WITH changed AS (
    UPDATE proposals SET title = $3, abstract = $4, concept_note = $5, type = $6, preferred_slots = $7, lead_entity_id = $8,
           organiser_ids = $9, mode = $11, expected_attendance = $12, languages = $13, version = version + 1
    WHERE edition_id = $1 AND id = $2
    RETURNING edition_id, id
),
named AS (
    SELECT changed.edition_id, changed.id, s.number, s.speaker
    FROM changed, jsonb_array_elements($10::jsonb) WITH ORDINALITY AS s (speaker, number)
),
gone AS (
    DELETE FROM proposal_speakers WHERE edition_id = $1 AND proposal_id = $2 AND position > jsonb_array_length($10)
),
speakers AS (
    INSERT INTO proposal_speakers (edition_id, proposal_id, position, display_name, function, entity_id, country, role)
    SELECT edition_id, id, number, speaker ->> 'display_name', speaker ->> 'function', (speaker ->> 'entity')::uuid,
           speaker ->> 'country', speaker ->> 'role'
    FROM named
    ON CONFLICT (edition_id, proposal_id, position) DO UPDATE
    SET display_name = excluded.display_name, function = excluded.function, entity_id = excluded.entity_id,
        country = excluded.country, role = excluded.role
)
INSERT INTO proposal_contacts (edition_id, proposal_id, name, email, language)
SELECT changed.edition_id, changed.id, given.contact ->> 'name', given.contact ->> 'email', given.contact ->> 'language'
FROM changed, (SELECT $14::jsonb) AS given (contact) WHERE given.contact IS NOT NULL
ON CONFLICT (edition_id, proposal_id) DO UPDATE
SET name = excluded.name, email = excluded.email, language = excluded.language;

-- name: lock_lead
-- Only one transaction at a time decides how many proposals an entity leads; held until it ends. As the trigger has it.
SELECT pg_advisory_xact_lock(hashtextextended('proposals ' || $1::uuid::text || ' ' || $2::uuid::text, 0));

-- name: list_counted
-- The proposals that an entity leads and that count against the call's limit.
SELECT id FROM proposals
WHERE edition_id = $1 AND lead_entity_id = $2 AND status IN ('submitted', 'shortlisted', 'accepted') ORDER BY id;

-- name: move_proposal
-- Move a proposal to another status and write that down. $4 is told to proposers, $8 is for the history.
WITH moved AS (
    UPDATE proposals SET status = $3, reason = $4, session_id = $5, merged_into = $6, version = version + 1,
           submitted_at = CASE WHEN $3::text = 'submitted' THEN coalesce(submitted_at, $7) ELSE submitted_at END,
           decided_at = CASE WHEN $3 IN ('accepted', 'rejected', 'merged') THEN $7::timestamptz END
    WHERE edition_id = $1 AND id = $2
    RETURNING edition_id, id, status
)
INSERT INTO proposal_transitions (edition_id, proposal_id, before, status, at, by_token, reason)
SELECT moved.edition_id, moved.id, p.status, moved.status, $7, $9, $8
FROM moved JOIN proposals p ON p.edition_id = moved.edition_id AND p.id = moved.id;

-- name: unite_proposals
-- A proposal ($3) takes in the organisers and speakers of another ($2), each once.
WITH kept AS (
    UPDATE proposals k SET organiser_ids = unite_ids(k.organiser_ids || g.organiser_ids), version = k.version + 1
    FROM proposals g
    WHERE k.edition_id = $1 AND k.id = $3 AND g.edition_id = $1 AND g.id = $2
    RETURNING k.edition_id, k.id
),
last AS (
    SELECT coalesce(max(position), 0) AS position FROM proposal_speakers WHERE edition_id = $1 AND proposal_id = $3
)
INSERT INTO proposal_speakers (edition_id, proposal_id, position, display_name, function, entity_id, country, role)
SELECT kept.edition_id, kept.id, last.position + row_number() OVER (ORDER BY s.position), s.display_name, s.function, s.entity_id,
       s.country, s.role
FROM kept, last, proposal_speakers s
WHERE s.edition_id = $1 AND s.proposal_id = $2
  AND NOT EXISTS (SELECT FROM proposal_speakers t
                  WHERE t.edition_id = $1 AND t.proposal_id = $3 AND fold_text(t.display_name) = fold_text(s.display_name)
                    AND t.entity_id IS NOT DISTINCT FROM s.entity_id);

-- name: find_proposal_notice
-- Whom to tell what became of a proposal; no row when its contact was forgotten.
SELECT c.email AS recipient, c.language, p.title, e.title AS edition_title
FROM proposals p
JOIN proposal_contacts c ON c.edition_id = p.edition_id AND c.proposal_id = p.id
JOIN editions e ON e.id = p.edition_id
WHERE p.edition_id = $1 AND p.id = $2;

-- name: find_proposal_title
-- What a proposal is called.
SELECT title FROM proposals WHERE edition_id = $1 AND id = $2;

-- name: list_transitions
-- The history of a proposal.
SELECT number, before, status, at, by_token, reason
FROM proposal_transitions
WHERE edition_id = $1 AND proposal_id = $2 AND ($3::bigint IS NULL OR number > $3)
ORDER BY number LIMIT $4;

-- name: count_transitions
-- How long the history of a proposal is.
SELECT count(*) FROM proposal_transitions WHERE edition_id = $1 AND proposal_id = $2;

-- name: forget_person
-- Take out of proposals who somebody was: as their owner, contact and reviewer, and in the reasons that they gave. Their own
-- drafts go altogether. Returns out of how many rows it was taken.
WITH theirs AS (SELECT t.id FROM tokens t WHERE t.person_id = $1::uuid),
drafts AS (DELETE FROM proposals WHERE owner_id = $1 AND status = 'draft' RETURNING 1),
disowned AS (UPDATE proposals SET owner_id = NULL, version = version + 1 WHERE owner_id = $1 AND status <> 'draft' RETURNING 1),
contacts AS (
    DELETE FROM proposal_contacts WHERE lower(email) = (SELECT lower(p.email) FROM persons p WHERE p.id = $1) RETURNING 1
),
comments AS (
    UPDATE proposal_scores SET comment = NULL, version = version + 1 WHERE person_id = $1 AND comment IS NOT NULL RETURNING 1
),
history AS (
    UPDATE proposal_transitions h SET by_token = NULL, reason = NULL FROM theirs WHERE h.by_token = theirs.id RETURNING 1
)
SELECT (SELECT count(*) FROM drafts) + (SELECT count(*) FROM disowned) AS proposals,
       (SELECT count(*) FROM contacts) AS proposal_contacts, (SELECT count(*) FROM comments) AS proposal_scores,
       (SELECT count(*) FROM history) AS proposal_transitions;

-- name: forget_particulars
-- Forget contacts, speakers and comments of the editions that were over 90 days ago, by the calendar of each.
WITH over AS (
    SELECT e.id FROM editions e WHERE e.ends_on + 90 < ($1::timestamptz AT TIME ZONE e.timezone)::date
),
contacts AS (DELETE FROM proposal_contacts c USING over WHERE c.edition_id = over.id),
speakers AS (DELETE FROM proposal_speakers s USING over WHERE s.edition_id = over.id)
UPDATE proposal_scores s SET comment = NULL FROM over WHERE s.edition_id = over.id AND s.comment IS NOT NULL;
