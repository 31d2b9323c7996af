-- name: get_scoring
-- What a reviewer ($3) must fit. They belong to the proposal where they act for it, or are of one of its organisers ($4: their
-- delegations). The caller has locked the proposal and holds the call.
SELECT p.status, c.criteria,
       is_proposer(p, $3, $4::uuid[])
           OR EXISTS (SELECT FROM entities_of($1, $3, $4) AS own (id) WHERE own.id = ANY (p.organiser_ids)) AS is_own,
       coalesce((SELECT s.version FROM proposal_scores s
                 WHERE s.edition_id = p.edition_id AND s.proposal_id = p.id AND s.person_id = $3), 0) AS version
FROM proposals p JOIN proposal_calls c ON c.edition_id = p.edition_id
WHERE p.edition_id = $1 AND p.id = $2;

-- name: upsert_score
-- Write the sheet of a reviewer; the version rises.
INSERT INTO proposal_scores (edition_id, proposal_id, person_id, points, comment, scored_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (edition_id, proposal_id, person_id) DO UPDATE
SET points = excluded.points, comment = excluded.comment, scored_at = excluded.scored_at, version = proposal_scores.version + 1;

-- name: find_score
-- The sheet of a reviewer.
SELECT s.person_id AS reviewer, s.points, s.comment, round(sheet_score(c.criteria, s.points), 2)::double precision AS score,
       s.scored_at, s.version
FROM proposal_scores s JOIN proposal_calls c ON c.edition_id = s.edition_id
WHERE s.edition_id = $1 AND s.proposal_id = $2 AND s.person_id = $3;

-- name: list_scores
-- The sheets of a proposal, by reviewer.
SELECT s.person_id AS reviewer, s.points, s.comment, round(sheet_score(c.criteria, s.points), 2)::double precision AS score,
       s.scored_at, s.version
FROM proposal_scores s JOIN proposal_calls c ON c.edition_id = s.edition_id
WHERE s.edition_id = $1 AND s.proposal_id = $2 AND ($3::uuid IS NULL OR s.person_id > $3)
ORDER BY s.person_id LIMIT $4;

-- name: count_scores
-- How many sheets a proposal has.
SELECT count(*) FROM proposal_scores WHERE edition_id = $1 AND proposal_id = $2;
