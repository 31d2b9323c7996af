-- name: record_scan
-- Record that a badge was shown ($5: null when its signature is wrong), and what follows from it. A badge is live when it was
-- not revoked at $11, and a booking when it was not cancelled. Nothing is inserted when the device sent this scan_id before, even at the same instant. `is_settled` is
-- false when another scan of the person happened later, or was recorded in the meantime: then their presences are to be built
-- anew, while their trail is held. The unsettled way is rare, the settled one is one statement.
WITH shown AS (
    SELECT CASE WHEN b.edition_id = e.id THEN b.id END AS badge_id, r.id AS registration_id,
           concat_ws(' ', r.given_name, r.family_name) AS display_name, r.category, r.country, n.name AS represents,
           ($9::timestamptz AT TIME ZONE e.timezone)::date AS held_on, coalesce(t.scans, 0) AS scans, t.last_at,
           scan_refusal(b.id IS NOT NULL, r.id IS NOT NULL, b.revoked_at IS NULL OR b.revoked_at > $11::timestamptz, r.status,
                        r.mode, s.status, s.mode,
                        s.access IS DISTINCT FROM 'booking' OR is_booking_admitted(e.id, s.id, r.id, $11), $8::text) AS reason
    FROM editions e
    LEFT JOIN badges b ON b.id = $5::uuid
    LEFT JOIN registrations r ON r.edition_id = e.id AND b.edition_id = e.id AND r.id = b.registration_id
    LEFT JOIN delegations d ON d.edition_id = e.id AND d.id = r.delegation_id
    LEFT JOIN entities n ON n.id = coalesce(r.entity_id, d.entity_id)
    LEFT JOIN trails t ON t.edition_id = e.id AND t.registration_id = r.id
    LEFT JOIN sessions s ON s.edition_id = e.id AND s.id = $7::uuid
    WHERE e.id = $1::uuid
),
scan AS (
    INSERT INTO scans (edition_id, id, device_id, scan_id, badge_id, registration_id, gate, session_id, direction, result,
                       reason, occurred_at, recorded_at)
    SELECT $1, $2::uuid, $3::uuid, $4::text, badge_id, registration_id, $6::text, $7, $8,
           CASE WHEN reason IS NULL THEN 'accepted' ELSE 'denied' END, reason, $9, $10::timestamptz
    FROM shown
    ON CONFLICT ON CONSTRAINT scans_one_per_device_and_scan_id DO NOTHING
    RETURNING registration_id, result
),
trail AS (
    INSERT INTO trails (edition_id, registration_id, scans, last_at)
    SELECT $1, registration_id, 1, $9 FROM scan
    WHERE registration_id IS NOT NULL AND (result = 'accepted' OR $8 = 'out')
    ON CONFLICT ON CONSTRAINT trails_pkey
        DO UPDATE SET scans = trails.scans + 1, last_at = greatest(trails.last_at, excluded.last_at)
    RETURNING registration_id, scans
),
step AS (
    SELECT trail.registration_id, trail.scans = shown.scans + 1 AND (shown.last_at IS NULL OR shown.last_at < $9) AS follows
    FROM trail, shown
),
opened AS (
    INSERT INTO presences (edition_id, id, registration_id, session_id, mode, started_at, seen_at)
    SELECT $1, $2, registration_id, $7, 'in_person', $9, $9 FROM step WHERE follows AND $8 = 'in'
    ON CONFLICT (edition_id, registration_id, session_id, mode) WHERE ended_at IS NULL DO UPDATE SET seen_at = excluded.seen_at
),
closed AS (  -- a subquery, no join: a plan made while few were inside would read all of them
    UPDATE presences p SET ended_at = $9, seen_at = $9
    WHERE p.edition_id = $1 AND p.registration_id = (SELECT registration_id FROM step WHERE follows AND $8 = 'out')
      AND p.session_id IS NOT DISTINCT FROM $7 AND p.mode = 'in_person' AND p.ended_at IS NULL
),
attended AS (
    INSERT INTO attendances (edition_id, session_id, held_on, registration_id, mode, category, country, first_at, recorded_at)
    SELECT $1, place.session_id, place.held_on, scan.registration_id, 'in_person', shown.category, shown.country, $9, $10
    FROM scan, shown, LATERAL (SELECT NULL::uuid, NULL::date UNION ALL SELECT NULL, shown.held_on
                               UNION ALL SELECT $7, NULL WHERE $7 IS NOT NULL) AS place (session_id, held_on)
    WHERE scan.result = 'accepted' AND $8 = 'in'
    ON CONFLICT DO NOTHING
)
SELECT EXISTS (SELECT FROM scan) AS is_new, coalesce((SELECT follows FROM step), true) AS is_settled,
       registration_id, display_name, category, represents, reason
FROM shown;

-- name: find_scan
-- What was answered to a scan the first time.
SELECT s.registration_id, concat_ws(' ', r.given_name, r.family_name) AS display_name, r.category, n.name AS represents, s.reason
FROM scans s
LEFT JOIN registrations r ON r.edition_id = s.edition_id AND r.id = s.registration_id
LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities n ON n.id = coalesce(r.entity_id, d.entity_id)
WHERE s.edition_id = $1 AND s.device_id = $2 AND s.scan_id = $3;

-- name: list_known_sessions
-- Which of these are sessions of the edition; no row at all for one that is not there.
SELECT id FROM sessions WHERE edition_id = $1 AND id = ANY ($2::uuid[]);

-- name: insert_scans
-- Record many scans at once, in a fixed order so that two uploads of the same scans wait for each other instead of forever.
-- A badge is live when it was not revoked at the moment of the scan, and a booking when it was not cancelled. The scans that
-- were new.
INSERT INTO scans (edition_id, id, device_id, scan_id, badge_id, registration_id, gate, session_id, direction, result, reason,
                   occurred_at, recorded_at)
SELECT $1, j.id, $2, j.scan_id, j.badge_id, j.registration_id, j.gate, j.session_id, j.direction,
       CASE WHEN j.reason IS NULL THEN 'accepted' ELSE 'denied' END, j.reason, j.occurred_at, $4
FROM (
    SELECT k.number, k.id, k.scan_id, CASE WHEN r.id IS NOT NULL THEN b.id END AS badge_id, r.id AS registration_id, k.gate,
           k.session_id, k.direction, k.occurred_at,
           scan_refusal(b.id IS NOT NULL, r.id IS NOT NULL, b.revoked_at IS NULL OR b.revoked_at > k.occurred_at, r.status,
                        r.mode, s.status, s.mode,
                        s.access IS DISTINCT FROM 'booking' OR is_booking_admitted($1, s.id, r.id, k.occurred_at),
                        k.direction) AS reason
    FROM jsonb_to_recordset($3::jsonb) AS k (number integer, id uuid, scan_id text, badge_id uuid, gate text, session_id uuid,
                                             direction text, occurred_at timestamptz)
    LEFT JOIN badges b ON b.id = k.badge_id
    LEFT JOIN registrations r ON r.edition_id = $1 AND b.edition_id = $1 AND r.id = b.registration_id
    LEFT JOIN sessions s ON s.edition_id = $1 AND s.id = k.session_id
) j
ORDER BY j.scan_id, j.number
ON CONFLICT ON CONSTRAINT scans_one_per_device_and_scan_id DO NOTHING
RETURNING id, registration_id, session_id, direction, result;

-- name: list_reasons
-- What was answered to these scans of a device, the first time.
SELECT scan_id, id, reason FROM scans WHERE edition_id = $1 AND device_id = $2 AND scan_id = ANY ($3::text[]);

-- name: lock_trails
-- Note that more scans of these people are there, and hold their trails until the transaction ends, in the order of their
-- badges, as the desk does. What is read from then on is all there is.
INSERT INTO trails (edition_id, registration_id, scans, last_at)
SELECT $1, s.registration_id, count(*), max(s.occurred_at)
FROM scans s WHERE s.edition_id = $1 AND s.id = ANY ($2::uuid[])
GROUP BY s.registration_id ORDER BY min(s.badge_id::text)
ON CONFLICT ON CONSTRAINT trails_pkey
    DO UPDATE SET scans = trails.scans + excluded.scans, last_at = greatest(trails.last_at, excluded.last_at);

-- name: delete_presences
-- Forget when these people were at these places in the hall: it is told anew from their scans.
DELETE FROM presences p
USING unnest($2::uuid[], $3::uuid[]) AS place (registration_id, session_id)
WHERE p.edition_id = $1 AND p.registration_id = place.registration_id
  AND p.session_id IS NOT DISTINCT FROM place.session_id AND p.mode = 'in_person';

-- name: insert_presences
-- Tell from their scans when these people were at these places in the hall, in whatever order the scans arrived. An `in` opens
-- unless somebody is inside; the first `out` closes, and leaving is believed of everybody, whatever became of the badge.
WITH steps AS (
    SELECT s.id, s.registration_id, s.session_id, s.direction, s.occurred_at,
           s.direction = 'in' AND lag(s.direction, 1, 'out') OVER trail = 'out' AS opens
    FROM unnest($2::uuid[], $3::uuid[]) AS place (registration_id, session_id)
    JOIN scans s ON s.edition_id = $1 AND s.registration_id = place.registration_id
     AND s.session_id IS NOT DISTINCT FROM place.session_id AND (s.result = 'accepted' OR s.direction = 'out')
    WINDOW trail AS (PARTITION BY s.registration_id, s.session_id ORDER BY s.occurred_at, s.direction, s.id)
),
stays AS (
    SELECT *, count(*) FILTER (WHERE opens) OVER (
        PARTITION BY registration_id, session_id ORDER BY occurred_at, direction, id) AS stay
    FROM steps
)
INSERT INTO presences (edition_id, id, registration_id, session_id, mode, started_at, seen_at, ended_at)
SELECT $1, (array_agg(id) FILTER (WHERE opens))[1], registration_id, session_id, 'in_person', min(occurred_at),
       coalesce(min(occurred_at) FILTER (WHERE direction = 'out'), max(occurred_at)),
       min(occurred_at) FILTER (WHERE direction = 'out')
FROM stays WHERE stay > 0
GROUP BY registration_id, session_id, stay;

-- name: insert_attendances
-- Keep what these people's scans say of where they were at all; what was known stays, with its first moment if that was earlier.
INSERT INTO attendances (edition_id, session_id, held_on, registration_id, mode, category, country, first_at, recorded_at)
SELECT $1, fact.session_id, fact.held_on, s.registration_id, 'in_person', r.category, r.country, min(s.occurred_at), $4
FROM (SELECT DISTINCT registration_id, session_id FROM unnest($2::uuid[], $3::uuid[]) AS p (registration_id, session_id)) place
JOIN scans s ON s.edition_id = $1 AND s.registration_id = place.registration_id
 AND s.session_id IS NOT DISTINCT FROM place.session_id AND s.result = 'accepted' AND s.direction = 'in'
JOIN registrations r ON r.edition_id = $1 AND r.id = s.registration_id
JOIN editions e ON e.id = $1
CROSS JOIN LATERAL (SELECT NULL::uuid, NULL::date UNION ALL SELECT NULL, (s.occurred_at AT TIME ZONE e.timezone)::date
                    UNION ALL SELECT s.session_id, NULL WHERE s.session_id IS NOT NULL) AS fact (session_id, held_on)
GROUP BY fact.session_id, fact.held_on, s.registration_id, r.category, r.country
ORDER BY s.registration_id
ON CONFLICT ON CONSTRAINT attendances_once_per_person_place_day_and_mode
    DO UPDATE SET first_at = excluded.first_at WHERE excluded.first_at < attendances.first_at;

-- name: find_online_place
-- Whether a person may follow a session online: their latest registration, and what the session is. No row: no such session.
SELECT s.status AS session_status, s.mode AS session_mode, e.status AS edition_status,
       r.id AS registration_id, r.status, r.mode
FROM sessions s JOIN editions e ON e.id = s.edition_id
LEFT JOIN LATERAL (
    SELECT id, status, mode FROM registrations
    WHERE edition_id = s.edition_id AND person_id = $3
    ORDER BY status IN ('submitted', 'approved', 'waitlisted') DESC, id DESC LIMIT 1
) r ON true
WHERE s.edition_id = $1 AND s.id = $2;

-- name: join_session
-- Open a presence online, or find the open one. A person who joins attends the session, the day and the edition.
WITH attended AS (
    INSERT INTO attendances (edition_id, session_id, held_on, registration_id, mode, category, country, first_at, recorded_at)
    SELECT $1, fact.session_id, fact.held_on, r.id, 'online', r.category, r.country, $5, $5
    FROM registrations r JOIN editions e ON e.id = r.edition_id
    CROSS JOIN LATERAL (VALUES (NULL::uuid, NULL::date), (NULL, ($5::timestamptz AT TIME ZONE e.timezone)::date), ($2::uuid, NULL))
        AS fact (session_id, held_on)
    WHERE r.edition_id = $1 AND r.id = $3
    ON CONFLICT DO NOTHING
)
INSERT INTO presences (edition_id, id, registration_id, session_id, mode, started_at, seen_at)
VALUES ($1, $4, $3, $2, 'online', $5, $5)
ON CONFLICT (edition_id, registration_id, session_id, mode) WHERE ended_at IS NULL
    DO UPDATE SET seen_at = greatest(presences.seen_at, excluded.seen_at)
RETURNING started_at, seen_at, ended_at;

-- name: end_stale_presence
-- A person's own presence of which nothing was heard since $4 ended when it was last heard of.
UPDATE presences SET ended_at = seen_at
WHERE edition_id = $1 AND registration_id = $3 AND session_id = $2 AND mode = 'online' AND ended_at IS NULL AND seen_at < $4;

-- name: extend_presence
-- A person is still there; no row when nothing was heard of them since $5.
UPDATE presences SET seen_at = greatest(seen_at, $4)
WHERE edition_id = $1 AND registration_id = $3 AND session_id = $2 AND mode = 'online' AND ended_at IS NULL AND seen_at >= $5
RETURNING started_at, seen_at, ended_at;

-- name: leave_session
-- A person leaves; when nothing was heard of them since $5, they left when they were last heard of.
UPDATE presences SET ended_at = CASE WHEN seen_at < $5 THEN seen_at ELSE greatest(seen_at, $4) END,
       seen_at = CASE WHEN seen_at < $5 THEN seen_at ELSE greatest(seen_at, $4) END
WHERE edition_id = $1 AND registration_id = $3 AND session_id = $2 AND mode = 'online' AND ended_at IS NULL
RETURNING started_at, seen_at, ended_at;

-- name: end_stale_presences
-- Everybody's presences online of which nothing was heard since $1 ended when they were last heard of.
UPDATE presences SET ended_at = seen_at WHERE mode = 'online' AND ended_at IS NULL AND seen_at < $1;

-- name: get_occupancy
-- How many people are on site, and in each session by mode. In the hall: who was let in today, by the edition's clocks, and not
-- out since. Online: of whom something was heard since $3. No row: there is no such edition.
WITH inside AS (
    SELECT p.session_id, count(*) FILTER (WHERE p.mode = 'in_person') AS in_person, count(*) FILTER (WHERE p.mode = 'online') AS online
    FROM presences p JOIN editions e ON e.id = p.edition_id
    WHERE p.edition_id = $1 AND p.ended_at IS NULL
      AND CASE p.mode WHEN 'online' THEN p.seen_at >= $3
          ELSE (p.seen_at AT TIME ZONE e.timezone)::date = ($2::timestamptz AT TIME ZONE e.timezone)::date END
    GROUP BY p.session_id
)
SELECT $2::timestamptz AS as_of, coalesce((SELECT in_person FROM inside WHERE session_id IS NULL), 0) AS on_site,
       coalesce((SELECT jsonb_agg(jsonb_build_object('session', session_id, 'in_person', in_person, 'online', online) ORDER BY session_id)
                 FROM inside WHERE session_id IS NOT NULL), '[]') AS sessions
FROM editions WHERE id = $1;
