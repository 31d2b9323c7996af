-- name: find_addressee
-- Where a speaker is written to, if anywhere, and what the edition is.
SELECT coalesce(s.email, p.email) AS email, e.status AS edition_status
FROM speakers s
JOIN editions e ON e.id = s.edition_id
LEFT JOIN registrations r ON r.edition_id = s.edition_id AND r.id = s.registration_id AND r.status <> 'erased'
LEFT JOIN persons p ON p.id = r.person_id
WHERE s.edition_id = $1 AND s.id = $2;

-- name: ensure_link
-- A link for a speaker who has none.
INSERT INTO speaker_links (edition_id, speaker_id, id, created_at) VALUES ($1, $2, gen_random_uuid(), $3)
ON CONFLICT ON CONSTRAINT speaker_links_pkey DO NOTHING;

-- name: find_linked
-- The speaker that a link leads to, and until when: so many days ($2) after the edition, by its clocks.
SELECT l.edition_id, e.slug AS edition, l.speaker_id,
       CASE WHEN e.ends_on IS NOT NULL THEN (e.ends_on + 1 + $2::integer)::timestamp AT TIME ZONE e.timezone END AS expires_at
FROM speaker_links l JOIN editions e ON e.id = l.edition_id
WHERE l.id = $1;

-- name: find_invitation
-- What a speaker reads by their link: what is kept of them, and what they were asked to or are confirmed for, drafts included.
SELECT s.display_name, s.honorific, s.function, s.biography, s.published, s.language, windows_of(s.availabilities) AS availabilities,
       CASE WHEN s.photo_tag IS NOT NULL THEN '/v1/editions/' || s.edition_id || '/speakers/' || s.id || '/photo' END AS photo,
       s.version, e.title AS edition_title, e.timezone,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'id', a.id, 'title', n.title, 'starts_at', n.starts_at, 'ends_at', n.ends_at, 'held_on', n.held_on,
                   'room', r.name, 'venue', coalesce(r.venue, e.venue), 'mode', n.mode, 'role', a.role,
                   'on_behalf_of', a.on_behalf_of, 'allotted_seconds', a.allotted_seconds, 'status', a.status,
                   'is_session_cancelled', n.status = 'cancelled')
                   ORDER BY n.starts_at NULLS LAST, a.id), '[]')
        FROM appearances a
        JOIN sessions n ON n.edition_id = a.edition_id AND n.id = a.session_id
        LEFT JOIN rooms r ON r.edition_id = n.edition_id AND r.id = n.room_id
        WHERE a.edition_id = s.edition_id AND a.speaker_id = s.id
          AND (a.invited_at IS NOT NULL OR a.status IN ('confirmed', 'spoke'))) AS appearances
FROM speakers s JOIN editions e ON e.id = s.edition_id
WHERE s.edition_id = $1 AND s.id = $2;
