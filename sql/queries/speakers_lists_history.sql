-- name: list_list_transitions
-- The rules that a list had, oldest first.
SELECT number, session_ids[1] AS session, session_ids[2:] AS continued_in, opens_at, closes_at, delegation_seconds, group_seconds,
       extra_seconds, changeover_seconds, published, at, by_token
FROM speakers_list_transitions
WHERE edition_id = $1 AND list_id = $2 AND ($3::integer IS NULL OR number > $3)
ORDER BY number LIMIT $4;

-- name: count_list_transitions
-- How often the rules of a list were written.
SELECT count(*) FROM speakers_list_transitions WHERE edition_id = $1 AND list_id = $2;

-- name: list_request_transitions
-- What became of a request, oldest first.
SELECT number, status, rank, allotted_seconds, at, by_token, reason
FROM speaking_request_transitions
WHERE edition_id = $1 AND request_id = $2 AND ($3::integer IS NULL OR number > $3)
ORDER BY number LIMIT $4;

-- name: count_request_transitions
-- How long the history of a request is.
SELECT count(*) FROM speaking_request_transitions WHERE edition_id = $1 AND request_id = $2;

-- name: list_statement_transitions
-- What became of the text of a statement, oldest first.
SELECT number, language, media_type, bytes, encode(sha256, 'hex') AS sha256, published, at, by_token
FROM speaking_statement_transitions
WHERE edition_id = $1 AND request_id = $2 AND ($3::integer IS NULL OR number > $3)
ORDER BY number LIMIT $4;

-- name: count_statement_transitions
-- How long the history of a text is.
SELECT count(*) FROM speaking_statement_transitions WHERE edition_id = $1 AND request_id = $2;
