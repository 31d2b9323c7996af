-- name: list_registration_references
-- What new registrations ($2) name, in the order of their numbers: whether category, entity and delegation are there, whether
-- the address is that of the person who asks, and who is registered already. No rows: there is no such edition.
SELECT e.status AS edition_status,
       EXISTS (SELECT FROM terms t
               WHERE t.series_code = e.series_code AND t.vocabulary = 'stakeholder_category' AND t.value = a.category)
           AS is_category_known,
       a.entity IS NULL OR EXISTS (SELECT FROM entities n WHERE n.id = a.entity AND n.merged_into IS NULL) AS is_entity_known,
       a.delegation IS NULL OR EXISTS (SELECT FROM delegations d
                                   WHERE d.edition_id = e.id AND d.id = a.delegation AND d.merged_into IS NULL)
           AS is_delegation_known,
       a.delegation IS NOT NULL
       AND (EXISTS (SELECT FROM grants g WHERE g.edition_id = e.id AND g.delegation_id = a.delegation)
            OR EXISTS (SELECT FROM quotas q WHERE q.edition_id = e.id AND q.delegation_id = a.delegation AND q.quota IS NOT NULL))
           AS is_delegation_guarded,
       EXISTS (SELECT FROM persons p WHERE p.id = a.asked_by AND lower(p.email) = lower(a.email)) AS is_own_address,
       (SELECT r.id FROM registrations r
        WHERE r.edition_id = e.id AND r.status IN ('submitted', 'approved', 'waitlisted')
          AND r.person_id = (SELECT p.id FROM persons p WHERE lower(p.email) = lower(a.email))) AS active_id,
       EXISTS (SELECT FROM registrations r WHERE r.edition_id = e.id AND r.external_id = a.external_id)
           AS is_external_id_taken,
       EXISTS (SELECT FROM questions q WHERE q.edition_id = e.id) AS has_questions,
       EXISTS (SELECT FROM objections o JOIN persons p ON p.id = o.person_id
               WHERE o.edition_id = e.id AND lower(p.email) = lower(a.email)) AS has_objected
FROM editions e,
     jsonb_to_recordset($2::jsonb)
         AS a (number integer, category text, entity uuid, delegation uuid, asked_by uuid, email text, external_id text)
WHERE e.id = $1 ORDER BY a.number;

-- name: lock_places
-- The places of an edition in these modes, locked in a fixed order until the transaction ends, with the edition's rules.
-- Who acts, and why, is remembered for the history that a trigger writes.
SELECT p.mode, e.status, e.mode AS edition_mode,
       CASE p.mode WHEN 'online' THEN coalesce(e.online_approval, e.approval) ELSE e.approval END AS approval,
       CASE p.mode WHEN 'in_person' THEN e.in_person_opens_at ELSE e.online_opens_at END AS opens_at,
       CASE p.mode WHEN 'in_person' THEN e.in_person_closes_at ELSE e.online_closes_at END AS closes_at,
       set_config('forum.token_id', $3::text, true) AS token_id, set_config('forum.reason', $4::text, true) AS reason
FROM places p JOIN editions e ON e.id = p.edition_id
WHERE p.edition_id = $1 AND p.mode = ANY ($2::text[])
ORDER BY p.mode FOR UPDATE OF p;

-- name: insert_registrations
-- Register people ($3) for one mode, in the order of their numbers. Who wants a place gets one while there is one for them,
-- then waits: online meanwhile, when they wish so and there is one; who was invited only comes when there is one, which is
-- then held for them. Who was registered at the same moment elsewhere is left out. The caller holds the lock on the places.
WITH asked AS (
    SELECT a.number, a.id, a.new_person_id, a.email, a.given_name, a.family_name, a.language, a.timezone, a.entity,
           a.delegation, a.country, a.category, a.counts_against_quota, a.wants_place, a.online_while_waiting,
           a.offer_expires_at, a.accessibility_needs, a.consents, a.source, a.external_id, a.token_id, a.at
    FROM jsonb_to_recordset($3::jsonb)
        AS a (number integer, id uuid, new_person_id uuid, email text, given_name text, family_name text, language text,
              timezone text, entity uuid, delegation uuid, country text, category text, counts_against_quota boolean,
              wants_place boolean, online_while_waiting boolean, offer_expires_at timestamptz, accessibility_needs text,
              consents text[], source text, external_id text, token_id uuid, at timestamptz)
),
seated AS (
    SELECT dealt.id FROM deal_places($1, $2, (
        SELECT array_agg(ROW(id, delegation, counts_against_quota, category)::claimant ORDER BY number)
        FROM asked WHERE wants_place)) dealt (id)
),
online AS (
    SELECT dealt.id FROM deal_places($1, 'online', (
        SELECT array_agg(ROW(id, delegation, counts_against_quota, category)::claimant ORDER BY number)
        FROM asked WHERE wants_place AND online_while_waiting AND id NOT IN (SELECT id FROM seated))) dealt (id)
),
standing AS (
    SELECT a.id,
           CASE WHEN NOT a.wants_place THEN 'submitted' WHEN a.offer_expires_at IS NOT NULL THEN 'waitlisted'
                WHEN s.id IS NOT NULL OR o.id IS NOT NULL THEN 'approved' ELSE 'waitlisted' END AS status,
           CASE WHEN o.id IS NULL THEN $2 ELSE 'online' END AS mode,
           CASE WHEN a.wants_place AND (s.id IS NULL OR a.offer_expires_at IS NOT NULL) THEN $2 END AS waits_for
    FROM asked a LEFT JOIN seated s ON s.id = a.id LEFT JOIN online o ON o.id = a.id
    WHERE a.offer_expires_at IS NULL OR s.id IS NOT NULL
),
people AS (
    INSERT INTO persons (id, email, language, timezone, created_at)
    SELECT a.new_person_id, a.email, a.language, a.timezone, a.at
    FROM standing JOIN asked a USING (id) ORDER BY lower(a.email)
    ON CONFLICT (lower(email)) DO UPDATE SET language = persons.language
    RETURNING id, email
),
made AS (
    INSERT INTO registrations (edition_id, id, person_id, given_name, family_name, language, timezone, entity_id,
                               delegation_id, country, category, counts_against_quota, mode, status, waits_for,
                               offer_expires_at, online_while_waiting, accessibility_needs, consents, source, external_id,
                               made_by_token, created_at, placed_at)
    SELECT $1, a.id, people.id, a.given_name, a.family_name, a.language, a.timezone, a.entity, a.delegation,
           coalesce(a.country, (SELECT country FROM entities WHERE id = a.entity)), a.category, a.counts_against_quota,
           s.mode, s.status, s.waits_for, a.offer_expires_at, a.online_while_waiting, a.accessibility_needs, a.consents,
           a.source, a.external_id, a.token_id, a.at, a.at
    FROM standing s JOIN asked a USING (id) JOIN people ON lower(people.email) = lower(a.email)
    ORDER BY a.number
    ON CONFLICT DO NOTHING
    RETURNING id, edition_id, person_id, given_name, family_name, language, timezone, entity_id, delegation_id, country,
              category, counts_against_quota, mode, status, accessibility_needs, consents, source, waits_for,
              waitlist_priority, waitlist_ticket, offer_expires_at, external_id, created_at, version
),
line AS MATERIALIZED (
    SELECT priority, sum(waiting)::bigint AS waiting FROM line_blocks WHERE edition_id = $1 AND mode = $2 GROUP BY priority
)
SELECT m.id, m.edition_id,
       jsonb_build_object('given_name', m.given_name, 'family_name', m.family_name, 'email', people.email,
                          'language', m.language, 'timezone', m.timezone) AS person,
       m.entity_id AS entity, m.delegation_id AS delegation, m.country, m.category, m.counts_against_quota, m.mode, m.status,
       m.accessibility_needs, m.consents, m.source, m.waits_for,
       CASE WHEN m.waits_for IS NOT NULL AND m.offer_expires_at IS NULL THEN
           (SELECT coalesce(sum(l.waiting), 0)::bigint FROM line l WHERE l.priority <= m.waitlist_priority)
           + count(m.waits_for) FILTER (WHERE m.offer_expires_at IS NULL) OVER (ORDER BY m.waitlist_priority, m.waitlist_ticket)
       END AS waitlist_position,
       m.offer_expires_at, m.external_id, m.created_at, m.version, '{}'::jsonb AS answers
FROM made m JOIN people ON people.id = m.person_id;

-- name: find_active
-- The active registration of an address.
SELECT id FROM registration_details
WHERE edition_id = $1 AND address = lower($2) AND status IN ('submitted', 'approved', 'waitlisted');

-- name: list_named
-- The registrations of an edition that have one of these external_ids ($2).
SELECT id, external_id FROM registrations WHERE edition_id = $1 AND external_id = ANY ($2::text[]);

-- name: find_registration
-- A registration, for its owner, its delegation's focal points ($3) or (null) for who may read all of the edition.
SELECT id, edition_id, person, entity, delegation, country, category, counts_against_quota, mode, status,
       accessibility_needs, consents, source, waits_for, waitlist_position, offer_expires_at, external_id, created_at, version,
       CASE WHEN $3::uuid[] IS NULL OR person_id = $4 THEN answers ELSE open_answers END AS answers
FROM registration_details
WHERE edition_id = $1 AND id = $2 AND ($3::uuid[] IS NULL OR person_id = $4 OR delegation = ANY ($3));

-- name: lock_registration
-- Lock a registration until the transaction ends, for its owner, its delegation's focal points ($3) or (null) for who may
-- change all of the edition.
SELECT id, delegation_id AS delegation, source, status, mode, waits_for, offer_expires_at, online_while_waiting, version
FROM registrations
WHERE edition_id = $1 AND id = $2 AND ($3::uuid[] IS NULL OR person_id = $4 OR delegation_id = ANY ($3)) FOR NO KEY UPDATE;

-- name: is_place_free
-- Whether there is a place of a mode ($3) for a registration. The caller holds the lock on the places.
SELECT EXISTS (SELECT FROM deal_places($1, $3, (
    SELECT ARRAY[ROW(id, delegation_id, counts_against_quota, category)::claimant]
    FROM registrations WHERE edition_id = $1 AND id = $2)));

-- name: list_own_registrations
-- A person's registrations in every edition.
SELECT id, edition_id, person, entity, delegation, country, category, counts_against_quota, mode, status,
       accessibility_needs, consents, source, waits_for, waitlist_position, offer_expires_at, external_id, created_at, version,
       answers
FROM registration_details
WHERE person_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3;

-- name: update_registration
-- Write every field that can be edited; the version rises.
UPDATE registrations SET given_name = $3, family_name = $4, language = $5, timezone = $6, entity_id = $7, delegation_id = $8,
       country = $9, category = $10, counts_against_quota = $11, accessibility_needs = $12, consents = $13, edited_at = $14,
       version = version + 1
WHERE edition_id = $1 AND id = $2;

-- name: move_registration
-- Change status, mode and line; triggers write the history, make or revoke the badge, and count.
UPDATE registrations SET status = $3, mode = $4, waits_for = $5, placed_at = $6, version = version + 1
WHERE edition_id = $1 AND id = $2;

-- name: list_lapsing
-- The editions in which offers have expired.
SELECT DISTINCT edition_id FROM registrations WHERE offer_expires_at <= $1 ORDER BY edition_id;

-- name: lapse_offers
-- End the offers of an edition that nobody accepted in time: who waited for nothing else leaves, the others stay as they are.
UPDATE registrations SET status = CASE status WHEN 'waitlisted' THEN 'withdrawn' ELSE status END,
       waits_for = NULL, placed_at = $2, version = version + 1
WHERE edition_id = $1 AND offer_expires_at <= $2;

-- name: list_transitions
-- The changes of status and mode of a registration, oldest first.
SELECT number, status, mode, waits_for, offer_expires_at, at, by_token, reason
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
-- What stands on a badge; who may see it was asked before.
SELECT b.id, b.serial, b.key_id, b.created_at, r.given_name, r.family_name, r.language, r.country, r.category,
       t.label AS category_label, n.name AS entity_name, o.name AS delegation_name, e.title AS edition_title, e.starts_on,
       e.ends_on, e.city
FROM badges b
JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id
JOIN editions e ON e.id = b.edition_id
LEFT JOIN terms t ON t.series_code = e.series_code AND t.vocabulary = 'stakeholder_category' AND t.value = r.category
LEFT JOIN entities n ON n.id = r.entity_id
LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities o ON o.id = d.entity_id
WHERE b.edition_id = $1 AND b.id = $2;

-- name: list_printed_badges
-- What stands on the live badges of an edition, in the order of their serials: who gets a badge later comes last.
SELECT b.id, b.serial, b.key_id, b.created_at, r.given_name, r.family_name, r.language, r.country, r.category,
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

-- name: insert_reserve
-- Hold places of a mode back for a category; who of it has one already counts. The caller holds the lock on the places.
INSERT INTO reserves (edition_id, id, mode, category, places, taken, release_at)
SELECT $1, $2, $3, $4, $5,
       count(*) FILTER (WHERE r.status = 'approved' AND r.mode = $3)
       + count(*) FILTER (WHERE r.offer_expires_at IS NOT NULL AND r.waits_for = $3), $6
FROM registrations r WHERE r.edition_id = $1 AND r.category = $4
RETURNING id, mode, category, places, taken, release_at, released_at, version;

-- name: find_reserve
-- One reserve of an edition.
SELECT id, mode, category, places, taken, release_at, released_at, version FROM reserves WHERE edition_id = $1 AND id = $2;

-- name: list_reserves
-- The reserves of an edition.
SELECT id, mode, category, places, taken, release_at, released_at, version FROM reserves
WHERE edition_id = $1 AND ($2::text IS NULL OR mode = $2) AND ($3::text IS NULL OR category = $3)
  AND ($4::boolean IS NULL OR (released_at IS NOT NULL) = $4) AND ($5::uuid IS NULL OR id > $5)
ORDER BY id LIMIT $6;

-- name: count_reserves
-- How many reserves the list has.
SELECT count(*) FROM reserves
WHERE edition_id = $1 AND ($2::text IS NULL OR mode = $2) AND ($3::text IS NULL OR category = $3)
  AND ($4::boolean IS NULL OR (released_at IS NOT NULL) = $4);

-- name: update_reserve
-- Hold more or fewer places back, until another time. The caller holds the lock on the places.
UPDATE reserves SET places = $3, release_at = $4, version = version + 1 WHERE edition_id = $1 AND id = $2;

-- name: list_editions_to_release
-- The editions that have reserves whose time is up.
SELECT DISTINCT edition_id FROM reserves WHERE released_at IS NULL AND release_at <= $1 ORDER BY edition_id;

-- name: release_reserves
-- Release one reserve ($2), or those whose time is up, for all. The caller holds the lock on the places.
UPDATE reserves SET released_at = $3, version = version + 1
WHERE edition_id = $1 AND released_at IS NULL AND (id = $2 OR ($2::uuid IS NULL AND release_at <= $3));

-- name: get_change_rules
-- What decides whether the owner of a registration may change it directly: its mode's window, and what organizers approve.
SELECT e.status, CASE $2::text WHEN 'in_person' THEN e.in_person_closes_at ELSE e.online_closes_at END AS closes_at,
       coalesce(p.needs_approval, '{}') AS needs_approval
FROM editions e LEFT JOIN change_policies p ON p.edition_id = e.id
WHERE e.id = $1;

-- name: lock_own_registration
-- A person's own registration, locked until the transaction ends: the latest, an active one before all others; for who came by a
-- link, that registration ($3) alone. Erased ones are nobody's.
SELECT id, status, mode, entity_id AS entity, delegation_id AS delegation FROM registrations
WHERE edition_id = $1 AND person_id = $2 AND ($3::uuid IS NULL OR id = $3)
ORDER BY status IN ('submitted', 'approved', 'waitlisted') DESC, id DESC LIMIT 1
FOR NO KEY UPDATE;

-- name: find_own_registration
-- The same one, to read by.
SELECT id FROM registrations
WHERE edition_id = $1 AND person_id = $2 AND ($3::uuid IS NULL OR id = $3)
ORDER BY status IN ('submitted', 'approved', 'waitlisted') DESC, id DESC LIMIT 1;
