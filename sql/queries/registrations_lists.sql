-- name: list_registrations
-- One page of the registrations of an edition ($28 at most), of those delegations that the reader sees ($23; null: all,
-- sensitive answers included).
SELECT d.id, d.edition_id, d.person, d.entity, d.delegation, d.country, d.category, d.counts_against_quota, d.mode, d.status,
       d.accessibility_needs, d.consents, d.source, d.waits_for, d.waitlist_position, d.offer_expires_at, d.external_id,
       d.created_at, d.version, CASE WHEN $23::uuid[] IS NULL THEN d.answers ELSE d.open_answers END AS answers,
       r.placed_at AS status_changed_at
FROM registrations_wanted($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                          $23, $24, $25, $26, $27, $28) w
JOIN registration_details d ON d.edition_id = $1 AND d.id = w.id
JOIN registrations r ON r.edition_id = $1 AND r.id = w.id
ORDER BY w.place;

-- name: count_registrations
-- How many registrations the list has.
SELECT count(*)
FROM registrations_wanted($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                          $23, NULL, NULL, NULL, NULL, NULL);

-- name: list_registration_rows
-- The same page as lines of a table. Who waits is numbered once for all rows: counting for each who is before them, as for a
-- single one, would take the square of the waiting list's length.
WITH waiting AS (
    SELECT id, row_number() OVER (PARTITION BY waits_for ORDER BY waitlist_priority, waitlist_ticket) AS position
    FROM registrations WHERE edition_id = $1 AND waits_for IS NOT NULL AND offer_expires_at IS NULL
)
SELECT d.id, d.status, d.mode, w.position AS waitlist_position, r.given_name, r.family_name, d.person ->> 'email' AS email,
       d.language, r.timezone, d.country, d.category, d.entity, e.name AS entity_name, d.delegation, n.name AS delegation_name,
       d.consents, d.source, d.external_id, d.created_at, r.placed_at AS status_changed_at, d.open_answers AS answers
FROM registrations_wanted($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                          $23, $24, $25, $26, $27, $28) chosen
JOIN registration_details d ON d.edition_id = $1 AND d.id = chosen.id
JOIN registrations r ON r.edition_id = $1 AND r.id = chosen.id
LEFT JOIN waiting w ON w.id = d.id
LEFT JOIN entities e ON e.id = d.entity
LEFT JOIN delegations t ON t.edition_id = $1 AND t.id = d.delegation
LEFT JOIN entities n ON n.id = t.entity_id
ORDER BY chosen.place;

-- name: count_registrations_by
-- How many registrations there are of each value, the largest number first; null for those without one.
SELECT CASE $2::text WHEN 'status' THEN r.status WHEN 'mode' THEN r.mode WHEN 'category' THEN r.category
                     WHEN 'country' THEN r.country WHEN 'delegation' THEN r.delegation_id::text END AS value,
       min(e.name) AS name, count(*) AS count
FROM registrations r
LEFT JOIN delegations d ON $2 = 'delegation' AND d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities e ON e.id = d.entity_id
WHERE r.edition_id = $1 AND ($3::text IS NULL OR r.status = $3) AND ($4::text IS NULL OR r.mode = $4)
  AND ($5::uuid[] IS NULL OR r.delegation_id = ANY ($5))
GROUP BY value ORDER BY count DESC, value;
