-- name: find_call
-- The call for proposals of an edition, as it is at an instant ($2).
SELECT c.opens_at, c.closes_at, c.decides_on, c.session_types, c.max_per_entity, c.proposers, c.criteria, c.instructions,
       $2::timestamptz >= c.opens_at AND $2 < c.closes_at AND e.status IN ('announced', 'open', 'closed', 'live') AS is_open,
       c.version
FROM proposal_calls c JOIN editions e ON e.id = c.edition_id
WHERE c.edition_id = $1;

-- name: lock_call
-- Lock an edition's call, also one that is still to be made, until the transaction ends.
SELECT id FROM editions WHERE id = $1 FOR NO KEY UPDATE;

-- name: hold_call
-- Keep an edition's call as it is until the transaction ends: a sheet is written before or after it is changed.
SELECT id FROM editions WHERE id = $1 FOR SHARE;

-- name: get_call_state
-- What decides whether a call may be changed. Version 0: there is none.
SELECT e.timezone, coalesce(c.criteria, '[]') AS criteria,
       EXISTS (SELECT FROM proposal_scores s WHERE s.edition_id = e.id) AS is_scored, coalesce(c.version, 0) AS version
FROM editions e LEFT JOIN proposal_calls c ON c.edition_id = e.id
WHERE e.id = $1;

-- name: upsert_call
-- Write the call of an edition; the version rises.
INSERT INTO proposal_calls (edition_id, opens_at, closes_at, decides_on, session_types, max_per_entity, proposers, criteria,
                            instructions)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (edition_id) DO UPDATE
SET opens_at = excluded.opens_at, closes_at = excluded.closes_at, decides_on = excluded.decides_on,
    session_types = excluded.session_types, max_per_entity = excluded.max_per_entity, proposers = excluded.proposers,
    criteria = excluded.criteria, instructions = excluded.instructions, version = proposal_calls.version + 1;

-- name: get_call_terms
-- What a proposal must fit, at an instant ($2); without times where the edition has no call.
SELECT e.status AS edition_status,
       coalesce($2::timestamptz >= c.opens_at AND $2 < c.closes_at, false)
           AND e.status IN ('announced', 'open', 'closed', 'live') AS is_open,
       c.opens_at, c.closes_at, c.decides_on, coalesce(c.session_types, '{}') AS session_types,
       coalesce(c.max_per_entity, 1) AS max_per_entity, coalesce(c.proposers, 'anyone') AS proposers
FROM editions e LEFT JOIN proposal_calls c ON c.edition_id = e.id
WHERE e.id = $1;

-- name: get_proposal_references
-- Which of the entities ($2) that a proposal names are not there, which of its slots ($3) lie outside the edition's dates in
-- the edition's zone (the last day may run past midnight), and whether its lead ($4) is an entity of the person ($5, $6).
SELECT ARRAY(SELECT o.id FROM unnest($2::uuid[]) AS o (id)
             WHERE NOT EXISTS (SELECT FROM entities n WHERE n.id = o.id AND n.merged_into IS NULL)) AS unknown_entities,
       ARRAY(SELECT (s.number - 1)::integer FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY AS s (slot, number)
             WHERE NOT coalesce(((s.slot ->> 'starts_at')::timestamptz AT TIME ZONE e.timezone)::date
                                    BETWEEN e.starts_on AND e.ends_on
                                AND ((s.slot ->> 'ends_at')::timestamptz AT TIME ZONE e.timezone)::date <= e.ends_on + 1, true)
             ORDER BY s.number) AS outside_slots,
       EXISTS (SELECT FROM entities_of($1, $5, $6::uuid[]) AS own (id) WHERE own.id = $4::uuid) AS is_own_entity
FROM editions e WHERE e.id = $1;
