-- name: get_pledge_references
-- Whether the entities and the values of the series' vocabularies that a pledge names are there.
SELECT EXISTS (SELECT FROM entities n WHERE n.id = $2 AND n.merged_into IS NULL) AS is_lead_entity_known,
       ARRAY(SELECT u.id FROM unnest($3::uuid[]) AS u (id) WHERE NOT EXISTS (SELECT FROM entities n WHERE n.id = u.id AND n.merged_into IS NULL))
           AS unknown_partners,
       ARRAY(SELECT unnest($4::text[]) EXCEPT SELECT t.value FROM terms t
             WHERE t.series_code = e.series_code AND t.vocabulary = 'contribution_kind') AS unknown_contribution_kinds,
       ARRAY(SELECT unnest($5::text[]) EXCEPT SELECT t.value FROM terms t
             WHERE t.series_code = e.series_code AND t.vocabulary = 'objective') AS unknown_objectives,
       ARRAY(SELECT unnest($6::text[]) EXCEPT SELECT t.value FROM terms t
             WHERE t.series_code = e.series_code AND t.vocabulary = 'focus_area') AS unknown_focus_areas,
       ARRAY(SELECT unnest($7::text[]) EXCEPT SELECT t.value FROM terms t
             WHERE t.series_code = e.series_code AND t.vocabulary = 'multistakeholder_pledge')
           AS unknown_multistakeholder_pledges
FROM editions e WHERE e.id = $1;

-- name: insert_pledge
-- A new pledge, as a draft, under the next reference of its edition: drawn under the lock on pledge_numbers, so that who
-- rolls back leaves no gap.
WITH drawn AS (
    INSERT INTO pledge_numbers (edition_id, last_pledge) VALUES ($1, 1)
    ON CONFLICT (edition_id) DO UPDATE SET last_pledge = pledge_numbers.last_pledge + 1
    RETURNING last_pledge AS number
),
made AS (
    INSERT INTO pledges (edition_id, id, number, reference, title, description, original_language, lead_entity_id,
                         contribution_kinds, objectives, focus_areas, multistakeholder_pledges, countries, amount, currency,
                         usd_rate, usd_rate_on, quantities, starts_on, ends_on, need, source_url, external_id, stage, owner_id,
                         status, created_at)
    SELECT $1, $2, d.number, upper(e.slug) || '-' || lpad(d.number::text, greatest(4, length(d.number::text)), '0'),
           $3, $4, $5, $6, $8, $9, $10, $11, $12, ($13::jsonb ->> 'amount')::numeric, $13::jsonb ->> 'currency',
           $14::text::numeric, $15, $16, $17, $18, $19, $20, $21, $22, $23, 'draft', $24
    FROM drawn d JOIN editions e ON e.id = $1
)
INSERT INTO pledge_partners (edition_id, pledge_id, entity_id, position)
SELECT $1, $2, u.id, u.position FROM unnest($7::uuid[]) WITH ORDINALITY AS u (id, position);

-- name: lock_pledge
-- Lock a pledge until the transaction ends, and tell whether it is $3's own. No row: there is none.
SELECT coalesce(owner_id = $3, false) FROM pledges WHERE edition_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: find_pledge
-- One pledge that is public, or of one who sees all ($3), or $4's own. Others see only the partners that have accepted.
SELECT title, description, original_language, lead_entity,
       CASE WHEN $3 OR owner_id = $4 THEN partners ELSE accepted_partners END AS partners,
       contribution_kinds, objectives, focus_areas, multistakeholder_pledges, countries, amount, usd_rate, usd_rate_on,
       quantities, starts_on, ends_on, need, source_url, external_id, id, number, reference, lead_entity_name,
       CASE WHEN $3 OR owner_id = $4 THEN pending_partners ELSE '{}' END AS pending_partners,
       usd_equivalent, stage, status, submitted_at, verified_at, withdrawn_at, version
FROM pledge_details
WHERE edition_id = $1 AND id = $2 AND ($3 OR owner_id = $4 OR is_public);

-- name: find_external_pledge
-- The pledge that has an external_id.
SELECT id FROM pledges WHERE edition_id = $1 AND external_id = $2;

-- name: list_pledges
-- Pledges by number, as find_pledge shows them; withdrawn ones only where that status ($4) is asked for.
SELECT title, description, original_language, lead_entity,
       CASE WHEN $2 OR owner_id = $3 THEN partners ELSE accepted_partners END AS partners,
       contribution_kinds, objectives, focus_areas, multistakeholder_pledges, countries, amount, usd_rate, usd_rate_on,
       quantities, starts_on, ends_on, need, source_url, external_id, id, number, reference, lead_entity_name,
       CASE WHEN $2 OR owner_id = $3 THEN pending_partners ELSE '{}' END AS pending_partners,
       usd_equivalent, stage, status, submitted_at, verified_at, withdrawn_at, version
FROM pledge_details p
WHERE edition_id = $1 AND ($2 OR owner_id = $3 OR is_public)
  AND CASE WHEN $4::text IS NULL THEN status <> 'withdrawn' ELSE status = $4 END
  AND ($5::text IS NULL OR stage = $5)
  AND ($6::uuid IS NULL OR lead_entity = $6)
  AND ($7::uuid IS NULL OR EXISTS (
      SELECT FROM pledge_partners m WHERE m.edition_id = p.edition_id AND m.pledge_id = p.id AND m.entity_id = $7
        AND ($2 OR p.owner_id = $3 OR m.accepted_at IS NOT NULL)))
  AND ($8::text IS NULL OR $8 = ANY (objectives))
  AND ($9::text IS NULL OR $9 = ANY (focus_areas))
  AND ($10::text IS NULL OR $10 = ANY (contribution_kinds))
  AND ($11::text IS NULL OR $11 = ANY (multistakeholder_pledges))
  AND ($12::text IS NULL OR $12 = ANY (countries))
  AND ($13::text IS NULL OR external_id = $13)
  AND ($14::text IS NULL OR EXISTS (
      SELECT FROM jsonb_each_text(title) AS t (language, words) WHERE position(lower($14) IN lower(t.words)) > 0))
  AND ($15::integer IS NULL OR number > $15)
ORDER BY number LIMIT $16;

-- name: count_pledges
-- How many pledges the list has.
SELECT count(*)
FROM pledge_details p
WHERE edition_id = $1 AND ($2 OR owner_id = $3 OR is_public)
  AND CASE WHEN $4::text IS NULL THEN status <> 'withdrawn' ELSE status = $4 END
  AND ($5::text IS NULL OR stage = $5)
  AND ($6::uuid IS NULL OR lead_entity = $6)
  AND ($7::uuid IS NULL OR EXISTS (
      SELECT FROM pledge_partners m WHERE m.edition_id = p.edition_id AND m.pledge_id = p.id AND m.entity_id = $7
        AND ($2 OR p.owner_id = $3 OR m.accepted_at IS NOT NULL)))
  AND ($8::text IS NULL OR $8 = ANY (objectives))
  AND ($9::text IS NULL OR $9 = ANY (focus_areas))
  AND ($10::text IS NULL OR $10 = ANY (contribution_kinds))
  AND ($11::text IS NULL OR $11 = ANY (multistakeholder_pledges))
  AND ($12::text IS NULL OR $12 = ANY (countries))
  AND ($13::text IS NULL OR external_id = $13)
  AND ($14::text IS NULL OR EXISTS (
      SELECT FROM jsonb_each_text(title) AS t (language, words) WHERE position(lower($14) IN lower(t.words)) > 0));

-- name: update_pledge
-- Write every field that can change; partners that stay keep their acceptance; the version rises.
WITH changed AS (
    UPDATE pledges SET title = $3, description = $4, original_language = $5, lead_entity_id = $6, contribution_kinds = $8,
           objectives = $9, focus_areas = $10, multistakeholder_pledges = $11, countries = $12,
           amount = ($13::jsonb ->> 'amount')::numeric, currency = $13::jsonb ->> 'currency', usd_rate = $14::text::numeric,
           usd_rate_on = $15, quantities = $16, starts_on = $17, ends_on = $18, need = $19, source_url = $20,
           external_id = $21, version = version + 1
    WHERE edition_id = $1 AND id = $2
),
gone AS (
    DELETE FROM pledge_partners WHERE edition_id = $1 AND pledge_id = $2 AND entity_id <> ALL ($7::uuid[])
)
INSERT INTO pledge_partners (edition_id, pledge_id, entity_id, position)
SELECT $1, $2, u.id, u.position FROM unnest($7::uuid[]) WITH ORDINALITY AS u (id, position)
ON CONFLICT (edition_id, pledge_id, entity_id) DO UPDATE SET position = excluded.position;

-- name: update_pledge_status
-- Move a pledge to another status, with the time of the move; the version rises.
UPDATE pledges SET status = $3, version = version + 1,
       submitted_at = CASE WHEN $3 = 'submitted' THEN $4 ELSE submitted_at END,
       verified_at = CASE WHEN $3 = 'verified' THEN $4 ELSE verified_at END,
       withdrawn_at = CASE WHEN $3 = 'withdrawn' THEN $4::timestamptz END
WHERE edition_id = $1 AND id = $2;

-- name: accept_partner
-- A partner joins a pledge in public from now on: the pledge's version rises. Nothing happens when it has accepted before.
WITH accepted AS (
    UPDATE pledge_partners SET accepted_at = $4
    WHERE edition_id = $1 AND pledge_id = $2 AND entity_id = $3 AND accepted_at IS NULL
    RETURNING pledge_id
)
UPDATE pledges p SET version = version + 1 FROM accepted a WHERE p.edition_id = $1 AND p.id = a.pledge_id;

-- name: get_summary
-- The public pledges of an edition, counted once in all and once under each of their values. A sum of unknown amounts is
-- unknown.
WITH counted AS (
    SELECT p.status, p.stage, p.contribution_kinds, p.objectives, p.focus_areas, p.multistakeholder_pledges,
           p.usd_equivalent, n.category, n.country
    FROM pledges p JOIN entities n ON n.id = p.lead_entity_id
    WHERE p.edition_id = $1 AND p.status IN ('verified', 'announced')
),
rows AS (
    SELECT v.vocabulary, u.value, count(*) AS count, sum(c.usd_equivalent)::text AS usd
    FROM counted c
    CROSS JOIN LATERAL (VALUES
        ('status', ARRAY[c.status]), ('stage', ARRAY[c.stage]), ('contribution_kind', c.contribution_kinds),
        ('objective', c.objectives), ('focus_area', c.focus_areas), ('multistakeholder_pledge', c.multistakeholder_pledges),
        ('stakeholder_category', ARRAY[c.category]), ('lead_country', ARRAY[c.country])) AS v (vocabulary, terms)
    CROSS JOIN unnest(v.terms) AS u (value)
    WHERE u.value IS NOT NULL
    GROUP BY v.vocabulary, u.value
),
vocabularies AS (
    SELECT vocabulary, jsonb_agg(jsonb_build_object('value', value, 'count', count, 'usd', usd) ORDER BY count DESC, value) AS rows
    FROM rows GROUP BY vocabulary
)
SELECT (SELECT count(*) FROM counted) AS total, (SELECT sum(usd_equivalent)::text FROM counted) AS usd_total,
       coalesce((SELECT jsonb_object_agg(vocabulary, rows) FROM vocabularies), '{}') AS by, $2::timestamptz AS as_of;

-- name: find_named_by_announcement
-- The announcement that a pledge has already, if any, and whether the edition has the speaker ($3).
SELECT (SELECT a.id FROM announcements a WHERE a.edition_id = $1 AND a.pledge_id = $2) AS announcement_id,
       $3::uuid IS NULL OR EXISTS (SELECT FROM speakers s WHERE s.edition_id = $1 AND s.id = $3) AS is_speaker_known;

-- name: insert_announcement
-- An announcement under the next number of its edition: drawn under the lock on pledge_numbers, so that numbers become
-- visible in their order.
WITH drawn AS (
    INSERT INTO pledge_numbers (edition_id, last_announcement) VALUES ($1, 1)
    ON CONFLICT (edition_id) DO UPDATE SET last_announcement = pledge_numbers.last_announcement + 1
    RETURNING last_announcement AS number
)
INSERT INTO announcements (edition_id, id, number, session_id, pledge_id, speaker_id, revision, announced_at)
SELECT $1, $2, number, $3, $4, $5, $6, $7 FROM drawn;

-- name: find_announcement
-- One announcement in a session; who announced it is told to those who see all ($4), else where they agreed to be named.
SELECT id, number, session, pledge, pledge_status, CASE WHEN $4 OR is_speaker_public THEN speaker END AS speaker,
       announced_at, revision
FROM announcement_details
WHERE edition_id = $1 AND session = $2 AND id = $3 AND ($4 OR is_public);

-- name: list_announcements
-- The announcements of an edition, newest first, of one session or all.
SELECT id, number, session, pledge, pledge_status, CASE WHEN $2 OR is_speaker_public THEN speaker END AS speaker,
       announced_at, revision
FROM announcement_details
WHERE edition_id = $1 AND ($2 OR is_public) AND ($3::uuid IS NULL OR session = $3) AND ($4::integer IS NULL OR number < $4)
ORDER BY number DESC LIMIT $5;

-- name: count_announcements
-- How many announcements the list has.
SELECT count(*) FROM announcement_details
WHERE edition_id = $1 AND ($2 OR is_public) AND ($3::uuid IS NULL OR session = $3);

-- name: list_announcements_after
-- The announcements after a number, in their order, as everybody sees them.
SELECT id, number, session, pledge, pledge_status, CASE WHEN is_speaker_public THEN speaker END AS speaker,
       announced_at, revision
FROM announcement_details WHERE edition_id = $1 AND number > $2 ORDER BY number LIMIT $3;

-- name: get_last_announcement
-- The number of the last announcement of an edition; 0 when there is none.
SELECT coalesce(max(number), 0) FROM announcements WHERE edition_id = $1;
