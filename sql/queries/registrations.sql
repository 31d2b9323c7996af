-- name: get_registration_references
-- What a new registration names: whether the category ($2), entity and delegation are there, and whether the address ($6) is
-- that of the person ($5) who asks. No row: there is no such edition.
SELECT e.status AS edition_status,
       EXISTS (SELECT FROM terms t WHERE t.series_code = e.series_code AND t.vocabulary = 'stakeholder_category' AND t.value = $2)
           AS is_category_known,
       $3::uuid IS NULL OR EXISTS (SELECT FROM entities n WHERE n.id = $3) AS is_entity_known,
       $4::uuid IS NULL OR EXISTS (SELECT FROM delegations d WHERE d.edition_id = e.id AND d.id = $4) AS is_delegation_known,
       EXISTS (SELECT FROM persons p WHERE p.id = $5::uuid AND lower(p.email) = lower($6::text)) AS is_own_address
FROM editions e WHERE e.id = $1;

-- name: list_registration_references
-- The same for many new registrations ($2), in the order of their numbers. No rows: there is no such edition.
SELECT e.status AS edition_status,
       EXISTS (SELECT FROM terms t
               WHERE t.series_code = e.series_code AND t.vocabulary = 'stakeholder_category' AND t.value = a.category)
           AS is_category_known,
       a.entity IS NULL OR EXISTS (SELECT FROM entities n WHERE n.id = a.entity) AS is_entity_known,
       a.delegation IS NULL OR EXISTS (SELECT FROM delegations d WHERE d.edition_id = e.id AND d.id = a.delegation)
           AS is_delegation_known,
       EXISTS (SELECT FROM persons p WHERE p.id = a.asked_by AND lower(p.email) = lower(a.email)) AS is_own_address
FROM editions e,
     jsonb_to_recordset($2::jsonb)
         AS a (number integer, category text, entity uuid, delegation uuid, asked_by uuid, email text)
WHERE e.id = $1 ORDER BY a.number;

-- name: lock_places
-- The places of an edition in these modes, locked in a fixed order until the transaction ends, with the edition's rules.
-- Who acts, and why, is remembered for the history that a trigger writes.
SELECT p.mode, p.capacity, p.taken, e.status, e.mode AS edition_mode, e.approval,
       CASE p.mode WHEN 'in_person' THEN e.in_person_opens_at ELSE e.online_opens_at END AS opens_at,
       CASE p.mode WHEN 'in_person' THEN e.in_person_closes_at ELSE e.online_closes_at END AS closes_at,
       set_config('forum.token_id', $3::text, true) AS token_id, set_config('forum.reason', $4::text, true) AS reason
FROM places p JOIN editions e ON e.id = p.edition_id
WHERE p.edition_id = $1 AND p.mode = ANY ($2::text[])
ORDER BY p.mode FOR UPDATE OF p;

-- name: insert_registration
-- Register a person, made when the address is new, and count the place when one was given. No row: there is an active
-- registration of this person, or the external_id is taken. The caller holds the lock on the places.
WITH person AS (
    INSERT INTO persons (id, email, language, timezone, created_at) VALUES ($3, $4, $7, $8, $19)
    ON CONFLICT (lower(email)) DO UPDATE SET language = persons.language
    RETURNING id, email
),
made AS (
    INSERT INTO registrations (edition_id, id, person_id, given_name, family_name, language, timezone, entity_id,
                               delegation_id, country, category, mode, status, accessibility_needs, consents, source,
                               waitlist_ticket, external_id, created_at, placed_at)
    SELECT $1, $2, person.id, $5, $6, $7, $8, $9, $10,
           coalesce($11, (SELECT country FROM entities WHERE id = $9)), $12, $13, $14, $15, $16, $17,
           CASE WHEN $14 = 'waitlisted' THEN nextval('waitlist_tickets') END, $18, $19, $19
    FROM person
    ON CONFLICT DO NOTHING
    RETURNING id, edition_id, given_name, family_name, language, timezone, entity_id, delegation_id, country, category, mode,
              status, accessibility_needs, consents, source, external_id, created_at, version
),
counted AS (
    UPDATE places SET taken = taken + 1 FROM made
    WHERE places.edition_id = $1 AND places.mode = made.mode AND made.status = 'approved'
)
SELECT m.id, m.edition_id,
       jsonb_build_object('given_name', m.given_name, 'family_name', m.family_name, 'email', person.email,
                          'language', m.language, 'timezone', m.timezone) AS person,
       m.entity_id AS entity, m.delegation_id AS delegation, m.country, m.category, m.mode, m.status, m.accessibility_needs,
       m.consents, m.source,
       CASE WHEN m.status = 'waitlisted' THEN
           1 + (SELECT count(*) FROM registrations w
                WHERE w.edition_id = $1 AND w.mode = m.mode AND w.status = 'waitlisted') END AS waitlist_position,
       m.external_id, m.created_at, m.version
FROM made m, person;

-- name: insert_registrations
-- Register many people ($3) for one mode in the order of their numbers: those who want a place get one while there are any
-- ($4; null: no limit), then they wait. Who has an active registration, or whose external_id is taken, gets nothing and
-- takes nothing. The caller holds the lock on the places. What is there already is
-- looked up one by one: a plan that was kept from when the tables were small would read them whole.
WITH asked AS (
    SELECT a.number, a.id, a.new_person_id, a.email, a.given_name, a.family_name, a.language, a.timezone, a.entity,
           a.delegation, a.country, a.category, a.wants_place, a.accessibility_needs, a.consents, a.source, a.external_id,
           a.token_id, a.at,
           (SELECT r.id FROM registrations r
            WHERE r.edition_id = $1 AND r.status IN ('submitted', 'approved', 'waitlisted')
              AND r.person_id = (SELECT p.id FROM persons p WHERE lower(p.email) = lower(a.email))) AS active_id,
           (SELECT r.id FROM registrations r WHERE r.edition_id = $1 AND r.external_id = a.external_id) AS namesake_id
    FROM jsonb_to_recordset($3::jsonb)
        AS a (number integer, id uuid, new_person_id uuid, email text, given_name text, family_name text, language text,
              timezone text, entity uuid, delegation uuid, country text, category text, wants_place boolean,
              accessibility_needs text, consents text[], source text, external_id text, token_id uuid, at timestamptz)
),
admitted AS (
    SELECT id, number, lower(email) AS address,
           CASE WHEN wants_place THEN count(*) FILTER (WHERE wants_place) OVER (ORDER BY number) END AS turn
    FROM asked WHERE active_id IS NULL AND namesake_id IS NULL
),
dealt AS (
    SELECT id, number, address,
           CASE WHEN turn IS NULL THEN 'submitted' WHEN turn > $4::integer THEN 'waitlisted' ELSE 'approved' END AS status,
           CASE WHEN turn > $4::integer THEN turn - $4::integer END AS line
    FROM admitted
),
tickets AS (
    SELECT ticket, row_number() OVER (ORDER BY ticket) AS line
    FROM (SELECT nextval('waitlist_tickets') AS ticket FROM dealt WHERE status = 'waitlisted') drawn
),
people AS (
    INSERT INTO persons (id, email, language, timezone, created_at)
    SELECT a.new_person_id, a.email, a.language, a.timezone, a.at FROM dealt d JOIN asked a ON a.id = d.id ORDER BY d.address
    ON CONFLICT (lower(email)) DO UPDATE SET language = persons.language
    RETURNING id, email
),
made AS (
    INSERT INTO registrations (edition_id, id, person_id, given_name, family_name, language, timezone, entity_id,
                               delegation_id, country, category, mode, status, accessibility_needs, consents, source,
                               waitlist_ticket, external_id, made_by_token, created_at, placed_at)
    SELECT $1, a.id, people.id, a.given_name, a.family_name, a.language, a.timezone, a.entity, a.delegation,
           coalesce(a.country, (SELECT country FROM entities WHERE id = a.entity)), a.category, $2, d.status,
           a.accessibility_needs, a.consents, a.source, t.ticket, a.external_id, a.token_id, a.at, a.at
    FROM dealt d
    JOIN asked a ON a.id = d.id
    JOIN people ON lower(people.email) = d.address
    LEFT JOIN tickets t ON t.line = d.line
    ORDER BY d.number
    RETURNING id, edition_id, person_id, given_name, family_name, language, timezone, entity_id, delegation_id, country,
              category, mode, status, accessibility_needs, consents, source, external_id, created_at, version
),
counted AS (
    UPDATE places SET taken = taken + (SELECT count(*) FROM made WHERE status = 'approved')
    WHERE edition_id = $1 AND mode = $2 AND EXISTS (SELECT FROM made WHERE status = 'approved')
),
before AS (
    SELECT count(*) AS waiting FROM registrations
    WHERE edition_id = $1 AND mode = $2 AND status = 'waitlisted'
)
SELECT m.id, m.edition_id,
       jsonb_build_object('given_name', m.given_name, 'family_name', m.family_name, 'email', people.email,
                          'language', m.language, 'timezone', m.timezone) AS person,
       m.entity_id AS entity, m.delegation_id AS delegation, m.country, m.category, m.mode, m.status, m.accessibility_needs,
       m.consents, m.source, before.waiting + d.line AS waitlist_position, m.external_id, m.created_at, m.version
FROM made m JOIN people ON people.id = m.person_id JOIN dealt d ON d.id = m.id CROSS JOIN before;

-- name: find_active
-- The active registration of an address.
SELECT id FROM registration_details
WHERE edition_id = $1 AND address = lower($2) AND status IN ('submitted', 'approved', 'waitlisted');

-- name: find_registration
-- A registration, for its owner or for who may read all of the edition.
SELECT id, edition_id, person, entity, delegation, country, category, mode, status, accessibility_needs, consents, source,
       waitlist_position, external_id, created_at, version
FROM registration_details
WHERE edition_id = $1 AND id = $2 AND ($3 OR person_id = $4);

-- name: lock_registration
-- Lock a registration until the transaction ends, for its owner or for who may change all of the edition.
SELECT id, status, mode, version FROM registrations
WHERE edition_id = $1 AND id = $2 AND ($3 OR person_id = $4) FOR NO KEY UPDATE;

-- name: list_registrations
-- The registrations of an edition.
SELECT id, edition_id, person, entity, delegation, country, category, mode, status, accessibility_needs, consents, source,
       waitlist_position, external_id, created_at, version
FROM registration_details
WHERE edition_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR mode = $3)
  AND ($4::text IS NULL OR category = $4) AND ($5::text IS NULL OR country = $5)
  AND ($6::uuid IS NULL OR delegation = $6) AND ($7::uuid IS NULL OR entity = $7)
  AND ($8::text IS NULL OR address = lower($8)) AND ($9::text IS NULL OR external_id = $9)
  AND ($10::text IS NULL OR source = $10) AND ($11::text IS NULL OR language = $11)
  AND ($12::text IS NULL OR $12 = ANY (consents))
  AND ($13::text IS NULL OR searched_text LIKE ALL ((SELECT word_patterns($13))::text[]))
  AND ($14::uuid IS NULL OR id > $14)
ORDER BY id LIMIT $15;

-- name: count_registrations
-- How many registrations the list has.
SELECT count(*) FROM registration_details
WHERE edition_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR mode = $3)
  AND ($4::text IS NULL OR category = $4) AND ($5::text IS NULL OR country = $5)
  AND ($6::uuid IS NULL OR delegation = $6) AND ($7::uuid IS NULL OR entity = $7)
  AND ($8::text IS NULL OR address = lower($8)) AND ($9::text IS NULL OR external_id = $9)
  AND ($10::text IS NULL OR source = $10) AND ($11::text IS NULL OR language = $11)
  AND ($12::text IS NULL OR $12 = ANY (consents))
  AND ($13::text IS NULL OR searched_text LIKE ALL ((SELECT word_patterns($13))::text[]));

-- name: list_registration_rows
-- The same registrations as lines of a table. Who waits is numbered once for all rows: counting for each who is before them,
-- as for a single one, would take the square of the waiting list's length.
WITH chosen AS (
    SELECT id, status, mode, person, language, country, category, entity, delegation, consents, source, external_id, created_at
    FROM registration_details
    WHERE edition_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR mode = $3)
      AND ($4::text IS NULL OR category = $4) AND ($5::text IS NULL OR country = $5)
      AND ($6::uuid IS NULL OR delegation = $6) AND ($7::uuid IS NULL OR entity = $7)
      AND ($8::text IS NULL OR address = lower($8)) AND ($9::text IS NULL OR external_id = $9)
      AND ($10::text IS NULL OR source = $10) AND ($11::text IS NULL OR language = $11)
      AND ($12::text IS NULL OR $12 = ANY (consents))
      AND ($13::text IS NULL OR searched_text LIKE ALL ((SELECT word_patterns($13))::text[]))
      AND ($14::uuid IS NULL OR id > $14)
    ORDER BY id LIMIT $15
),
waiting AS (
    SELECT id, row_number() OVER (PARTITION BY mode ORDER BY waitlist_ticket) AS position
    FROM registrations WHERE edition_id = $1 AND status = 'waitlisted'
)
SELECT c.id, c.status, c.mode, w.position AS waitlist_position, c.person ->> 'given_name' AS given_name,
       c.person ->> 'family_name' AS family_name, c.person ->> 'email' AS email, c.language,
       c.person ->> 'timezone' AS timezone, c.country, c.category, c.entity, e.name AS entity_name, c.delegation,
       n.name AS delegation_name, c.consents, c.source, c.external_id, c.created_at
FROM chosen c
LEFT JOIN waiting w ON w.id = c.id
LEFT JOIN entities e ON e.id = c.entity
LEFT JOIN delegations d ON d.edition_id = $1 AND d.id = c.delegation
LEFT JOIN entities n ON n.id = d.entity_id
ORDER BY c.id;

-- name: count_registrations_by
-- How many registrations there are of each value, the largest number first; null for those without one.
SELECT CASE $2::text WHEN 'status' THEN r.status WHEN 'mode' THEN r.mode WHEN 'category' THEN r.category
                     WHEN 'country' THEN r.country WHEN 'delegation' THEN r.delegation_id::text END AS value,
       min(e.name) AS name, count(*) AS count
FROM registrations r
LEFT JOIN delegations d ON $2 = 'delegation' AND d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities e ON e.id = d.entity_id
WHERE r.edition_id = $1 AND ($3::text IS NULL OR r.status = $3) AND ($4::text IS NULL OR r.mode = $4)
GROUP BY value ORDER BY count DESC, value;

-- name: list_own_registrations
-- A person's registrations in every edition.
SELECT id, edition_id, person, entity, delegation, country, category, mode, status, accessibility_needs, consents, source,
       waitlist_position, external_id, created_at, version
FROM registration_details
WHERE person_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3;

-- name: update_registration
-- Write every field that can be edited; the version rises.
UPDATE registrations SET given_name = $3, family_name = $4, language = $5, timezone = $6, entity_id = $7, delegation_id = $8,
       country = $9, category = $10, accessibility_needs = $11, consents = $12, edited_at = $13, version = version + 1
WHERE edition_id = $1 AND id = $2;

-- name: move_registration
-- Change status and mode; a trigger writes the history and makes or revokes the badge.
UPDATE registrations SET status = $3, mode = $4, placed_at = $5, version = version + 1,
       waitlist_ticket = CASE WHEN $3 = 'waitlisted' THEN nextval('waitlist_tickets') END
WHERE edition_id = $1 AND id = $2;

-- name: take_place
-- One place more is taken. The caller holds the lock.
UPDATE places SET taken = taken + 1 WHERE edition_id = $1 AND mode = $2;

-- name: free_place
-- One place less is taken. The caller holds the lock, and promotes who waits.
UPDATE places SET taken = taken - 1, kept_over_capacity = greatest(kept_over_capacity - 1, 0)
WHERE edition_id = $1 AND mode = $2;

-- name: promote_waiting
-- Give the free places of a mode to who has waited longest; the ids of their registrations.
SELECT promote_waiting($1, $2, $3) AS id;

-- name: list_transitions
-- The changes of status and mode of a registration, oldest first.
SELECT number, status, mode, at, by_token, reason
FROM registration_transitions
WHERE edition_id = $1 AND registration_id = $2 AND is_move AND ($3::integer IS NULL OR number > $3)
ORDER BY number LIMIT $4;

-- name: ensure_badge_key
-- The first badge key, unless there is one.
INSERT INTO badge_keys (private_key, public_key, created_at)
SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM badge_keys);

-- name: insert_badge_key
-- One more key, which signs from now on.
INSERT INTO badge_keys (private_key, public_key, created_at) VALUES ($1, $2, $3) RETURNING id;

-- name: lock_badge_keys
-- Several processes may start at once: only one makes the first key.
SELECT pg_advisory_xact_lock(hashtextextended('badge keys', 0));

-- name: list_badge_keys
-- Every key, for verifying and (the private part) for signing.
SELECT id, private_key, public_key, created_at FROM badge_keys ORDER BY id;

-- name: list_badges
-- The badges of a registration, for its owner or for who may read all of the edition.
SELECT b.id, b.registration_id, b.serial, b.key_id, b.revoked_at
FROM badges b JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id
WHERE b.edition_id = $1 AND b.registration_id = $2 AND ($3 OR r.person_id = $4)
  AND ($5::uuid IS NULL OR b.id > $5)
ORDER BY b.id LIMIT $6;

-- name: find_badge
-- A badge, for the owner of its registration or for who may read all of the edition.
SELECT b.id, b.registration_id, b.serial, b.key_id, b.revoked_at
FROM badges b JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id
WHERE b.edition_id = $1 AND b.id = $2 AND ($3 OR r.person_id = $4);

-- name: find_printed_badge
-- What stands on a badge, for the owner of its registration or for who may read all of the edition.
SELECT b.id, b.serial, b.key_id, b.revoked_at, b.created_at, r.given_name, r.family_name, r.language, r.country, r.category,
       t.label AS category_label, n.name AS entity_name, o.name AS delegation_name, e.title AS edition_title, e.starts_on,
       e.ends_on, e.city
FROM badges b
JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id
JOIN editions e ON e.id = b.edition_id
LEFT JOIN terms t ON t.series_code = e.series_code AND t.vocabulary = 'stakeholder_category' AND t.value = r.category
LEFT JOIN entities n ON n.id = r.entity_id
LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities o ON o.id = d.entity_id
WHERE b.edition_id = $1 AND b.id = $2 AND ($3 OR r.person_id = $4);

-- name: list_printed_badges
-- What stands on the live badges of an edition, in the order of their serials: who gets a badge later comes last.
SELECT b.id, b.serial, b.key_id, b.revoked_at, b.created_at, r.given_name, r.family_name, r.language, r.country, r.category,
       t.label AS category_label, n.name AS entity_name, o.name AS delegation_name, e.title AS edition_title, e.starts_on,
       e.ends_on, e.city
FROM badges b
JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id
JOIN editions e ON e.id = b.edition_id
LEFT JOIN terms t ON t.series_code = e.series_code AND t.vocabulary = 'stakeholder_category' AND t.value = r.category
LEFT JOIN entities n ON n.id = r.entity_id
LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities o ON o.id = d.entity_id
WHERE b.edition_id = $1 AND b.revoked_at IS NULL AND ($2::text IS NULL OR r.status = $2)
  AND ($3::text IS NULL OR r.category = $3) AND ($4::text IS NULL OR r.country = $4)
  AND ($5::uuid IS NULL OR r.delegation_id = $5) AND ($6::uuid IS NULL OR r.entity_id = $6)
  AND ($7::bigint IS NULL OR b.serial > $7)
ORDER BY b.serial LIMIT $8;

-- name: list_revoked_badges
-- The badges of an edition that were revoked, in the order in which that happened.
SELECT id, revoked_at FROM badges
WHERE edition_id = $1 AND revoked_at IS NOT NULL AND ($2::timestamptz IS NULL OR revoked_at >= $2)
  AND ($3::timestamptz IS NULL OR (revoked_at, id) > ($3, $4::uuid))
ORDER BY revoked_at, id LIMIT $5;

-- name: count_revoked_badges
-- How many badges the list has.
SELECT count(*) FROM badges
WHERE edition_id = $1 AND revoked_at IS NOT NULL AND ($2::timestamptz IS NULL OR revoked_at >= $2);
