-- name: find_plan
-- When the people of an edition are reminded of sessions. No row: never.
SELECT minutes AS reminder_minutes, registered, version FROM edition_reminders WHERE edition_id = $1;

-- name: put_plan
-- Decide anew, if it still has the version that was read; 0: nobody has decided yet.
INSERT INTO edition_reminders AS t (edition_id, minutes, registered, set_at)
VALUES ($1, $2, $3, $5)
ON CONFLICT (edition_id) DO UPDATE
SET minutes = excluded.minutes, registered = excluded.registered, set_at = excluded.set_at, version = t.version + 1
WHERE t.version = $4::integer
RETURNING minutes AS reminder_minutes, registered, version;

-- name: find_session_plan
-- When people are reminded of a session: null where its edition decides. No row: there is no such session.
SELECT s.id AS session, r.minutes AS reminder_minutes, coalesce(r.version, 0) AS version
FROM sessions s LEFT JOIN session_reminders r ON r.edition_id = s.edition_id AND r.session_id = s.id
WHERE s.edition_id = $1 AND s.id = $2;

-- name: put_session_plan
-- Decide anew for a session, or leave it to its edition (null), if it still has the version that was read.
INSERT INTO session_reminders AS t (edition_id, session_id, minutes, set_at)
VALUES ($1, $2, $3, $5)
ON CONFLICT (edition_id, session_id) DO UPDATE
SET minutes = excluded.minutes, set_at = excluded.set_at, version = t.version + 1
WHERE t.version = $4::integer
RETURNING session_id AS session, minutes AS reminder_minutes, version;

-- name: queue_reminders
-- Queue what reminds people of the sessions that begin soon: once for each session, time and lead. Of several leads that are
-- due, because nobody worked for a while, the shortest; none of before it was set, and none for who got the place after it.
WITH due AS MATERIALIZED (
    SELECT s.edition_id, s.id, s.starts_at, d.minutes
    FROM editions e
    LEFT JOIN edition_reminders p ON p.edition_id = e.id
    JOIN release_sessions s ON s.edition_id = e.id AND s.status = 'confirmed' AND s.access IN ('booking', 'registered')
     AND s.number = (SELECT max(x.number) FROM releases x WHERE x.edition_id = e.id)
    LEFT JOIN session_reminders o ON o.edition_id = e.id AND o.session_id = s.id AND o.minutes IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT m.minutes
        FROM unnest(CASE WHEN o.minutes IS NOT NULL THEN o.minutes
                         WHEN s.access = 'booking' OR p.registered THEN p.minutes END) AS m (minutes)
        WHERE s.starts_at - make_interval(mins => m.minutes) BETWEEN coalesce(o.set_at, p.set_at) AND $1
        ORDER BY m.minutes LIMIT 1
    ) d
    WHERE e.status IN ('announced', 'open', 'closed', 'live') AND s.starts_at > $1
),
begun AS (
    INSERT INTO reminded_sessions (edition_id, session_id, starts_at, minutes)
    SELECT edition_id, id, starts_at, minutes FROM due ORDER BY edition_id, id
    ON CONFLICT DO NOTHING
    RETURNING edition_id, session_id, starts_at, minutes
)
INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload, created_at, next_try_at)
SELECT b.edition_id, 'reminder', a.email, a.id, b.session_id, h.registration_id,
       jsonb_build_object('release', h.release, 'starts_at', h.starts_at, 'minutes', b.minutes, 'mode', h.mode), $1, now()
FROM begun b
JOIN remindable_places(ARRAY(SELECT session_id FROM begun)) h ON h.edition_id = b.edition_id AND h.session_id = b.session_id
 AND h.placed_at <= b.starts_at - make_interval(mins => b.minutes)
JOIN persons a ON a.id = h.person_id
WHERE NOT EXISTS (SELECT FROM unsubscriptions u
                  WHERE u.edition_id = b.edition_id AND u.person_id = a.id AND u.kind = 'reminder')
ORDER BY b.starts_at, b.session_id, h.registration_id
ON CONFLICT DO NOTHING;

-- name: supersede_reminders
-- Reminders that wait and have nothing left to say: of what was moved, cancelled or has begun, or to who has no place any more.
WITH waiting AS MATERIALIZED (
    SELECT id, session_id, registration_id, (payload ->> 'starts_at')::timestamptz AS starts_at
    FROM messages WHERE kind = 'reminder' AND status = 'queued'
),
held AS MATERIALIZED (
    SELECT session_id, registration_id, starts_at
    FROM remindable_places(ARRAY(SELECT DISTINCT session_id FROM waiting)) WHERE starts_at > $1
)
UPDATE messages m SET status = 'superseded'
WHERE m.status = 'queued' AND m.id IN (
    SELECT w.id FROM waiting w LEFT JOIN held h USING (session_id, registration_id, starts_at) WHERE h.session_id IS NULL);

-- name: copy_plan
-- When the people of an edition are reminded, for those of another.
INSERT INTO edition_reminders (edition_id, minutes, registered, set_at)
SELECT $2, r.minutes, r.registered, $3 FROM edition_reminders r WHERE r.edition_id = $1;

-- name: copy_session_plans
-- The same of sessions, for what became of them in another edition: $3 pairs the ids.
INSERT INTO session_reminders (edition_id, session_id, minutes, set_at)
SELECT $2, m.new_id::uuid, r.minutes, $4
FROM session_reminders r JOIN jsonb_each_text($3::jsonb) AS m (old_id, new_id) ON m.old_id = r.session_id::text
WHERE r.edition_id = $1 AND r.minutes IS NOT NULL;
