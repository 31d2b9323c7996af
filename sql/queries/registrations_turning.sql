-- name: turn_online
-- Have everybody who takes part in person, or waits for it, do so online; how many, and how many badges are void. The caller
-- holds the places of both modes and the programme.
SELECT switched, badges FROM turn_online($1, $2);
