-- name: list_frame_ids
-- What of an edition can be copied under a new id, in the order in which it was made: rooms, tracks, interpretation
-- teams, sessions that are not cancelled, delegations that are not merged.
SELECT 'rooms' AS part, r.id FROM rooms r WHERE r.edition_id = $1
UNION ALL SELECT 'tracks', t.id FROM tracks t WHERE t.edition_id = $1
UNION ALL SELECT 'interpretation_teams', i.id FROM interpretation_teams i WHERE i.edition_id = $1
UNION ALL SELECT 'sessions', s.id FROM sessions s WHERE s.edition_id = $1 AND s.status <> 'cancelled'
UNION ALL SELECT 'delegations', d.id FROM delegations d WHERE d.edition_id = $1 AND d.merged_into IS NULL
ORDER BY part, id;

-- name: copy_rooms
-- The rooms of an edition ($1) in another, under their new ids ($3); opening hours of single days belong to the old one alone.
INSERT INTO rooms (edition_id, id, name, venue, capacity, wheelchair_accessible, hearing_loop, equipment, part_ids, opening_hours,
                   setup_minutes, teardown_minutes, external_id, created_at, revised_at)
SELECT $2, m.new_id::uuid, r.name, r.venue, r.capacity, r.wheelchair_accessible, r.hearing_loop, r.equipment,
       ARRAY(SELECT ($3::jsonb ->> p.id::text)::uuid FROM unnest(r.part_ids) WITH ORDINALITY AS p (id, number) ORDER BY p.number),
       jsonb_path_query_array(r.opening_hours, '$[*] ? (!exists(@.on) || @.on == null)'),
       r.setup_minutes, r.teardown_minutes, r.external_id, $4, $4
FROM rooms r JOIN jsonb_each_text($3::jsonb) AS m (old_id, new_id) ON m.old_id = r.id::text
WHERE r.edition_id = $1;

-- name: copy_levels
-- What an edition does about each kind of conflict, in another.
UPDATE conflict_levels n
SET speaker_double_booked = o.speaker_double_booked, chair_double_booked = o.chair_double_booked,
    interpretation_double_booked = o.interpretation_double_booked, plenary_parallel = o.plenary_parallel,
    capacity_below_bookings = o.capacity_below_bookings, outside_opening_hours = o.outside_opening_hours,
    outside_edition = o.outside_edition, setup_time = o.setup_time
FROM conflict_levels o WHERE o.edition_id = $1 AND n.edition_id = $2;

-- name: copy_tracks
-- The tracks of an edition in another, likewise.
INSERT INTO tracks (edition_id, id, name, external_id, created_at)
SELECT $2, m.new_id::uuid, t.name, t.external_id, $4
FROM tracks t JOIN jsonb_each_text($3::jsonb) AS m (old_id, new_id) ON m.old_id = t.id::text
WHERE t.edition_id = $1;

-- name: copy_teams
-- The interpretation teams of an edition in another, likewise.
INSERT INTO interpretation_teams (edition_id, id, name, languages, external_id, created_at)
SELECT $2, m.new_id::uuid, i.name, i.languages, i.external_id, $4
FROM interpretation_teams i JOIN jsonb_each_text($3::jsonb) AS m (old_id, new_id) ON m.old_id = i.id::text
WHERE i.edition_id = $1;

-- name: copy_sessions
-- The sessions of an edition in another, as drafts so many days ($5) later by the clocks of each ($6, $7). What they name of
-- their edition becomes what was copied of it; streams and what partners call them belong to the old ones alone.
INSERT INTO sessions (edition_id, id, title, abstract, type, track_id, parent_id, status, starts_at, ends_at, held_on, room_id,
                      mode, in_person_capacity, online_capacity, access, languages, organiser_ids,
                      interpretation_team_ids, created_at, revised_at)
SELECT $2, m.new_id::uuid, s.title, s.abstract, s.type, ($3::jsonb ->> s.track_id::text)::uuid,
       ($3 ->> s.parent_id::text)::uuid, 'draft', move_by_days(s.starts_at, $5, $6, $7), move_by_days(s.ends_at, $5, $6, $7),
       s.held_on + $5::integer, ($3 ->> s.room_id::text)::uuid, s.mode, s.in_person_capacity, s.online_capacity, s.access,
       s.languages, s.organiser_ids,
       ARRAY(SELECT ($3 ->> t.id::text)::uuid FROM unnest(s.interpretation_team_ids) WITH ORDINALITY AS t (id, number)
             WHERE $3 ? t.id::text ORDER BY t.number), $4, $4
FROM sessions s JOIN jsonb_each_text($3) AS m (old_id, new_id) ON m.old_id = s.id::text
WHERE s.edition_id = $1;

-- name: copy_questions
-- The questions that an edition asks now, in another; no answers.
INSERT INTO questions (edition_id, key, kind, label, help, purpose, options, is_required, is_sensitive, condition, modes,
                       categories, retention, position, created_at)
SELECT $2, q.key, q.kind, q.label, q.help, q.purpose, q.options, q.is_required, q.is_sensitive, q.condition, q.modes,
       q.categories, q.retention, q.position, $3
FROM questions q WHERE q.edition_id = $1 AND q.status = 'active';

-- name: copy_reserves
-- The places that an edition reserves, or reserved until they were released, in another; nobody has taken any. $3 pairs a mode
-- and category with its new id.
INSERT INTO reserves (edition_id, id, mode, category, places, release_at)
SELECT DISTINCT ON (v.mode, v.category) $2, ($3::jsonb ->> (v.mode || ' ' || v.category))::uuid, v.mode, v.category, v.places,
       move_by_days(v.release_at, $4, $5, $6)
FROM reserves v WHERE v.edition_id = $1
ORDER BY v.mode, v.category, v.id DESC;

-- name: list_reserved
-- For which modes and categories an edition reserves places.
SELECT DISTINCT v.mode || ' ' || v.category AS name FROM reserves v WHERE v.edition_id = $1 ORDER BY name;

-- name: copy_delegations
-- The delegations of an edition in another, without their people and who looks after them. Triggers give each its quotas.
INSERT INTO delegations (edition_id, id, entity_id, created_at)
SELECT $2, m.new_id::uuid, d.entity_id, $4
FROM delegations d JOIN jsonb_each_text($3::jsonb) AS m (old_id, new_id) ON m.old_id = d.id::text
WHERE d.edition_id = $1;

-- name: copy_quotas
-- How many people those delegations may have.
UPDATE quotas n SET quota = o.quota
FROM quotas o JOIN jsonb_each_text($3::jsonb) AS m (old_id, new_id) ON m.old_id = o.delegation_id::text
WHERE o.edition_id = $1 AND n.edition_id = $2 AND n.delegation_id = m.new_id::uuid AND n.mode = o.mode;
