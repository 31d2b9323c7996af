-- name: insert_appearance
-- A new appearance: the speaker is invited, and written to ($9) or not. Without a place in the order it comes last.
INSERT INTO appearances (edition_id, session_id, id, speaker_id, role, position, on_behalf_of, allotted_seconds, status, invited_at,
                         created_at)
SELECT $1, $2, $3, $4, $5,
       coalesce($6, (SELECT coalesce(max(a.position), 0) + 1 FROM appearances a WHERE a.edition_id = $1 AND a.session_id = $2)),
       $7, $8, 'invited', CASE WHEN $9 THEN $10::timestamptz END, $10
RETURNING id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
          invited_at, version;

-- name: find_appearance
-- One appearance in a session.
SELECT id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
       invited_at, version
FROM appearances WHERE edition_id = $1 AND session_id = $2 AND id = $3;

-- name: find_session_of
-- The session of an appearance, by its speaker.
SELECT session_id FROM appearances WHERE edition_id = $1 AND speaker_id = $2 AND id = $3;

-- name: find_same_appearance
-- The appearance, other than $5, of a speaker in a session in a role.
SELECT id FROM appearances
WHERE edition_id = $1 AND session_id = $2 AND speaker_id = $3 AND role = $4 AND id IS DISTINCT FROM $5::uuid;

-- name: lock_appearance
-- Lock an appearance until the transaction ends.
SELECT id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
       invited_at, version
FROM appearances WHERE edition_id = $1 AND session_id = $2 AND id = $3 FOR NO KEY UPDATE;

-- name: list_appearances
-- Who appears in a session, in their order.
SELECT id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
       invited_at, version
FROM appearances
WHERE edition_id = $1 AND session_id = $2 AND ($4::uuid IS NULL OR (position, id) > ($3, $4))
ORDER BY position, id LIMIT $5;

-- name: count_appearances
-- How many appearances a session has.
SELECT count(*) FROM appearances WHERE edition_id = $1 AND session_id = $2;

-- name: list_edition_appearances
-- Who appears where in an edition, in the order in which they were added, and whether they can be there.
SELECT a.id, a.session_id AS session, s.title AS session_title, s.starts_at, a.speaker_id AS speaker, p.display_name, a.role,
       a.position AS "order", a.on_behalf_of, a.allotted_seconds, a.status, a.invited_at, a.answered_at, a.note,
       is_speaker_available(p.availabilities, s.starts_at, s.ends_at) AS is_available, a.calendar_answer, a.calendar_answered_at,
       a.version
FROM appearances a
JOIN sessions s ON s.edition_id = a.edition_id AND s.id = a.session_id
JOIN speakers p ON p.edition_id = a.edition_id AND p.id = a.speaker_id
WHERE a.edition_id = $1 AND ($2::text IS NULL OR a.status = $2) AND ($3::uuid IS NULL OR a.speaker_id = $3)
  AND ($4::uuid IS NULL OR a.session_id = $4) AND ($5::text IS NULL OR a.calendar_answer = $5)
  AND ($6::uuid IS NULL OR a.id > $6)
ORDER BY a.id LIMIT $7;

-- name: count_edition_appearances
-- How many appearances the list has.
SELECT count(*) FROM appearances a
WHERE a.edition_id = $1 AND ($2::text IS NULL OR a.status = $2) AND ($3::uuid IS NULL OR a.speaker_id = $3)
  AND ($4::uuid IS NULL OR a.session_id = $4) AND ($5::text IS NULL OR a.calendar_answer = $5);

-- name: update_appearance
-- Write every field that can change; the version rises.
UPDATE appearances SET role = $3, position = $4, on_behalf_of = $5, allotted_seconds = $6, status = $7, invited_at = $8,
       version = version + 1
WHERE edition_id = $1 AND id = $2
RETURNING id, session_id AS session, speaker_id AS speaker, role, position AS "order", on_behalf_of, allotted_seconds, status,
          invited_at, version;

-- name: answer_appearance
-- Note what a speaker answered, when, and with which words.
UPDATE appearances SET status = $3, answered_at = $4, note = $5, version = version + 1 WHERE edition_id = $1 AND id = $2;

-- name: record_calendar_answer
-- Note what somebody's calendar answered to the invitation to a session, with all that they are confirmed for in it: who speaks
-- by this registration ($3), or, without one, who is reached at this address ($4). The version rises.
UPDATE appearances a
SET calendar_answer = $5, calendar_answered_at = $6, calendar_sequence = $7, calendar_stamped_at = $8, version = a.version + 1
FROM speaker_addresses h
WHERE h.edition_id = $1 AND a.edition_id = $1 AND a.session_id = $2 AND a.speaker_id = h.speaker_id
  AND a.status IN ('confirmed', 'spoke')
  AND CASE WHEN $3::uuid IS NULL THEN h.address = lower($4) ELSE h.registration_id = $3 END;

-- name: update_outcome
-- What became of an appearance in the hall. Who declined or withdrew is not absent; `confirmed` takes an absence back.
UPDATE appearances SET status = $3::text, version = version + 1
WHERE edition_id = $1 AND id = $2 AND status <> $3
  AND CASE $3 WHEN 'spoke' THEN true WHEN 'absent' THEN status IN ('invited', 'confirmed', 'spoke') ELSE status = 'absent' END;
