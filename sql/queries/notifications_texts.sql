-- name: list_texts
-- What an edition says in its own words, or said once.
SELECT key, language, text, version FROM message_texts WHERE edition_id = $1;

-- name: find_text
-- What an edition says, or said once, in place of one text.
SELECT key, language, text, version FROM message_texts WHERE edition_id = $1 AND key = $2 AND language = $3;

-- name: put_text
-- Write a text, or take it back (null), if it still has the version that was read; 0: nobody has written it yet.
INSERT INTO message_texts AS t (edition_id, key, language, text, changed_at)
VALUES ($1, $2, $3, $4, $6)
ON CONFLICT (edition_id, key, language) DO UPDATE
SET text = excluded.text, changed_at = excluded.changed_at, version = t.version + 1
WHERE t.version = $5::integer
RETURNING key, language, text, version;

-- name: list_wordings
-- What several editions say in their own words.
SELECT edition_id, key, language, text FROM message_texts WHERE edition_id = ANY ($1::uuid[]) AND text IS NOT NULL;

-- name: copy_texts
-- What an edition says in its own words, said by another; not what it took back.
INSERT INTO message_texts (edition_id, key, language, text, changed_at)
SELECT $2, t.key, t.language, t.text, $3 FROM message_texts t WHERE t.edition_id = $1 AND t.text IS NOT NULL;
