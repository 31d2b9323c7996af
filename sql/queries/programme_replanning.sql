-- name: hold_programme
-- Lock the sessions, rooms and session places of an edition, and the active registrations if need be, until the transaction
-- ends.
SELECT hold_programme($1, $2);

-- name: replan_sessions
-- Move the sessions that have not begun with their edition: along by days ($3), from the clocks of one zone ($4) to those of
-- another, or off their times, or online; those that changed, in the order in which they were planned.
SELECT id, title, old_starts_at, old_ends_at, old_held_on, old_mode, starts_at, ends_at, held_on, mode, loses_room
FROM replan_sessions($1, $2, $3, $4, $5, $6, $7, $8);
