-- name: find_due_days
-- On which days updates on the pledges of an edition are due. No row: nobody has decided.
SELECT due_on, remind_days, version FROM edition_pledge_updates WHERE edition_id = $1;

-- name: put_due_days
-- Decide anew, if it still has the version that was read; 0: nobody has decided yet.
INSERT INTO edition_pledge_updates AS t (edition_id, due_on, remind_days, set_at)
VALUES ($1, $2, $3, $5)
ON CONFLICT (edition_id) DO UPDATE
SET due_on = excluded.due_on, remind_days = excluded.remind_days, set_at = excluded.set_at, version = t.version + 1
WHERE t.version = $4::integer
RETURNING due_on, remind_days, version;

-- name: queue_pledge_updates
-- Ask those who keep public pledges which are not fulfilled for an update, before the next day on which one is due: one mail
-- a person and day, about all their pledges. Those are the person who submitted a pledge and the focal points of its lead.
WITH due AS MATERIALIZED (
    SELECT e.id AS edition_id, e.title, next.due_on
    FROM edition_pledge_updates u
    JOIN editions e ON e.id = u.edition_id AND e.status <> 'draft'
    CROSS JOIN LATERAL (SELECT min(day) AS due_on FROM unnest(u.due_on) AS d (day)
                        WHERE day >= ($1 AT TIME ZONE e.timezone)::date) next
    WHERE next.due_on - u.remind_days <= ($1 AT TIME ZONE e.timezone)::date
),
kept AS (
    SELECT p.edition_id, p.number, p.reference, p.title, keeper.person_id
    FROM due
    JOIN pledges p ON p.edition_id = due.edition_id AND p.status IN ('verified', 'announced') AND p.stage <> 'fulfilled'
    CROSS JOIN LATERAL (
        SELECT p.owner_id AS person_id
        UNION
        SELECT g.person_id FROM delegations d JOIN grants g ON g.edition_id = d.edition_id AND g.delegation_id = d.id
        WHERE d.edition_id = p.edition_id AND d.entity_id = p.lead_entity_id AND d.merged_into IS NULL AND g.role = 'focal_point'
    ) keeper
)
INSERT INTO messages (edition_id, kind, recipient, person_id, payload, created_at, next_try_at)
SELECT due.edition_id, 'pledge_update', a.email, a.id,
       jsonb_build_object('due_on', due.due_on, 'language', a.language, 'edition', due.title, 'more', greatest(count(*) - $2, 0),
           'pledges', jsonb_path_query_array(
               jsonb_agg(jsonb_build_object('reference', k.reference, 'title', k.title) ORDER BY k.number),
               '$[0 to $last]', jsonb_build_object('last', $2::integer - 1))),
       $1, now()
FROM due
JOIN kept k USING (edition_id)
JOIN persons a ON a.id = k.person_id
WHERE NOT EXISTS (SELECT FROM unsubscriptions u
                  WHERE u.edition_id = due.edition_id AND u.person_id = a.id AND u.kind = 'pledge_update')
GROUP BY due.edition_id, due.title, due.due_on, a.id
ORDER BY due.due_on, due.edition_id, a.id
ON CONFLICT DO NOTHING;
