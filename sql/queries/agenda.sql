-- name: is_published
-- Whether the last release has a session.
SELECT EXISTS (SELECT FROM release_sessions s
               WHERE s.edition_id = $1 AND s.id = $2 AND s.number = (SELECT max(number) FROM releases WHERE edition_id = $1));

-- name: insert_star
-- Star a session; one that is starred keeps its time.
INSERT INTO stars (edition_id, registration_id, session_id, starred_at) VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT stars_pkey DO NOTHING;

-- name: delete_star
-- Take a star back, if there is one.
DELETE FROM stars WHERE edition_id = $1 AND registration_id = $2 AND session_id = $3;

-- name: list_agenda
-- What a person has starred or booked of the last release, or speaks in, by time, with what of it takes place at the same time. The session
-- inside which another is held is the same place. $6: touches a day of the edition's zone; $7: one session alone.
WITH own AS (
    SELECT s.id, s.title, s.type, s.track, s.parent_id, s.status, s.starts_at, s.ends_at, s.held_on, s.room, s.mode, s.access,
           t.starred_at,
           CASE WHEN b.id IS NOT NULL THEN jsonb_build_object('id', b.id, 'mode', b.mode, 'status', b.status) END AS booking,
           coalesce(a.roles, '{}') AS roles
    FROM release_sessions s
    LEFT JOIN stars t ON t.edition_id = s.edition_id AND t.registration_id = $2 AND t.session_id = s.id
    LEFT JOIN bookings b ON b.edition_id = s.edition_id AND b.registration_id = $2 AND b.session_id = s.id
     AND b.status <> 'cancelled'
    LEFT JOIN (SELECT a.session_id, array_agg(a.role ORDER BY a.role) AS roles
               FROM appearances a JOIN speakers p ON p.edition_id = a.edition_id AND p.id = a.speaker_id
               WHERE a.edition_id = $1 AND p.registration_id = $2 AND a.status IN ('confirmed', 'spoke')
               GROUP BY a.session_id) a ON a.session_id = s.id
    WHERE s.edition_id = $1 AND s.number = (SELECT max(number) FROM releases WHERE edition_id = $1)
      AND (t.session_id IS NOT NULL OR b.id IS NOT NULL OR a.roles IS NOT NULL)
)
SELECT o.id AS session, o.title, o.type, o.track, o.status, o.starts_at, o.ends_at, o.held_on, o.room, o.mode, o.access,
       o.starred_at, o.booking, o.roles,
       ARRAY(SELECT p.id FROM own p
             WHERE p.id <> o.id AND 'cancelled' NOT IN (p.status, o.status)
               AND p.starts_at IS NOT NULL AND o.starts_at IS NOT NULL
               AND p.id IS DISTINCT FROM o.parent_id AND p.parent_id IS DISTINCT FROM o.id
               AND session_span(p.starts_at, p.ends_at) && session_span(o.starts_at, o.ends_at)
             ORDER BY p.starts_at, p.id) AS overlaps
FROM own o JOIN editions e ON e.id = $1
WHERE ($5::uuid IS NULL OR (coalesce(o.starts_at, o.held_on::timestamp AT TIME ZONE 'UTC', 'infinity'), o.id)
                           > (coalesce($4::timestamptz, 'infinity'), $5))
  AND ($6::date IS NULL OR o.held_on = $6
       OR $6 BETWEEN (o.starts_at AT TIME ZONE e.timezone)::date  -- what ends at midnight is over by then
                 AND (coalesce(o.ends_at - interval '1 us', o.starts_at) AT TIME ZONE e.timezone)::date)
  AND ($7::uuid IS NULL OR o.id = $7)
ORDER BY coalesce(o.starts_at, o.held_on::timestamp AT TIME ZONE 'UTC', 'infinity'), o.id
LIMIT $3;

-- name: count_agenda
-- How many sessions the agenda has.
SELECT count(*)
FROM release_sessions s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1 AND s.number = (SELECT max(number) FROM releases WHERE edition_id = $1)
  AND (EXISTS (SELECT FROM stars t WHERE t.edition_id = $1 AND t.registration_id = $2 AND t.session_id = s.id)
       OR EXISTS (SELECT FROM bookings b WHERE b.edition_id = $1 AND b.registration_id = $2 AND b.session_id = s.id
                    AND b.status <> 'cancelled')
       OR EXISTS (SELECT FROM appearances a JOIN speakers p ON p.edition_id = a.edition_id AND p.id = a.speaker_id
                  WHERE a.edition_id = $1 AND p.registration_id = $2 AND a.session_id = s.id
                    AND a.status IN ('confirmed', 'spoke')))
  AND ($3::date IS NULL OR s.held_on = $3
       OR $3 BETWEEN (s.starts_at AT TIME ZONE e.timezone)::date
                 AND (coalesce(s.ends_at - interval '1 us', s.starts_at) AT TIME ZONE e.timezone)::date);

-- name: count_stars
-- How many people who take part, or wait for it, have starred a session; no row without the session.
SELECT (SELECT count(*) FROM stars t JOIN registrations r ON r.edition_id = t.edition_id AND r.id = t.registration_id
        WHERE t.edition_id = s.edition_id AND t.session_id = s.id AND r.status IN ('submitted', 'approved', 'waitlisted')) AS stars
FROM sessions s WHERE s.edition_id = $1 AND s.id = $2;
