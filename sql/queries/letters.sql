-- name: find_letter_rules
-- Within how many days an edition issues letters, and who signs them.
SELECT coalesce(w.due_days, 10) AS due_days, w.signatory_name, w.signatory_function, coalesce(w.version, 1) AS version
FROM editions e LEFT JOIN letter_rules w ON w.edition_id = e.id
WHERE e.id = $1;

-- name: ensure_letter_rules
-- The rules of an edition as a row that can be locked.
INSERT INTO letter_rules (edition_id) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: lock_letter_rules
-- Lock the rules of an edition until the transaction ends.
SELECT due_days, signatory_name, signatory_function, version FROM letter_rules WHERE edition_id = $1 FOR UPDATE;

-- name: update_letter_rules
-- Write every field; the version rises.
UPDATE letter_rules SET due_days = $2, signatory_name = $3, signatory_function = $4, version = version + 1
WHERE edition_id = $1
RETURNING due_days, signatory_name, signatory_function, version;

-- name: find_request_terms
-- What a request for a letter must fit: the registration, for its owner or for who may ask for all of the edition ($3), and
-- what day it is where the edition is held. `live_id`: the letter of this kind ($5) that there is already.
SELECT r.status, r.mode, r.language, e.languages, ($6::timestamptz AT TIME ZONE e.timezone)::date AS today,
       coalesce(w.due_days, 10) AS due_days,
       (SELECT l.id FROM letters l WHERE l.edition_id = r.edition_id AND l.registration_id = r.id AND l.kind = $5
         AND l.status IN ('requested', 'issued')) AS live_id
FROM registrations r
JOIN editions e ON e.id = r.edition_id
LEFT JOIN letter_rules w ON w.edition_id = e.id
WHERE r.edition_id = $1 AND r.id = $2 AND ($3 OR r.person_id = $4);

-- name: insert_letter
-- A new request. The registration is held as it is until the transaction ends; no row: it is no longer active, or neither in
-- person nor waiting for the hall.
WITH held AS (
    SELECT id FROM registrations
    WHERE edition_id = $1 AND id = $3 AND 'in_person' IN (mode, waits_for) AND status IN ('submitted', 'approved', 'waitlisted')
    FOR SHARE
),
made AS (
    INSERT INTO letters (edition_id, id, registration_id, kind, language, due_on, requested_at, requested_by_token)
    SELECT $1, $2, held.id, $4, $5, $6, $7, $8 FROM held
    RETURNING id, registration_id
)
INSERT INTO letter_particulars (edition_id, letter_id, registration_id, passport_name, document_type, nationality,
                                passport_number, born_on, consulate_city)
SELECT $1, made.id, made.registration_id, $9, $10, $11, $12, $13, $14 FROM made
RETURNING letter_id AS id;

-- name: find_letter
-- A letter with what it says of the person, for the owner of its registration or for who may read all of the edition.
SELECT l.id, l.edition_id, l.registration_id AS registration, r.given_name, r.family_name, l.kind, l.language, l.status, l.due_on,
       l.status = 'requested' AND l.due_on < ($5::timestamptz AT TIME ZONE e.timezone)::date AS is_overdue, l.reference, l.reason,
       l.requested_at, l.issued_at, l.closed_at,
       CASE WHEN p.letter_id IS NOT NULL THEN jsonb_build_object(
           'passport_name', p.passport_name, 'document_type', p.document_type, 'nationality', p.nationality,
           'passport_number', p.passport_number, 'born_on', p.born_on, 'consulate_city', p.consulate_city) END AS particulars,
       e.ends_on + 90 AS particulars_kept_until, l.version
FROM letters l
JOIN editions e ON e.id = l.edition_id
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
LEFT JOIN letter_particulars p ON p.edition_id = l.edition_id AND p.letter_id = l.id
WHERE l.edition_id = $1 AND l.id = $2 AND ($3 OR r.person_id = $4);

-- name: list_registration_letters
-- The letters of a registration, for its owner or for who may read all of the edition.
SELECT l.id, l.edition_id, l.registration_id AS registration, r.given_name, r.family_name, l.kind, l.language, l.status, l.due_on,
       l.status = 'requested' AND l.due_on < ($5::timestamptz AT TIME ZONE e.timezone)::date AS is_overdue, l.reference, l.reason,
       l.requested_at, l.issued_at, l.closed_at, l.version
FROM letters l
JOIN editions e ON e.id = l.edition_id
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
WHERE l.edition_id = $1 AND l.registration_id = $2 AND ($3 OR r.person_id = $4) AND ($6::uuid IS NULL OR l.id > $6)
ORDER BY l.id LIMIT $7;

-- name: list_letters
-- Letters of an edition, the most pressing first, as they are at an instant ($2).
SELECT l.id, l.edition_id, l.registration_id AS registration, r.given_name, r.family_name, l.kind, l.language, l.status, l.due_on,
       l.status = 'requested' AND l.due_on < ($2::timestamptz AT TIME ZONE e.timezone)::date AS is_overdue, l.reference, l.reason,
       l.requested_at, l.issued_at, l.closed_at, l.version
FROM letters l
JOIN editions e ON e.id = l.edition_id
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
WHERE l.edition_id = $1 AND ($3::text IS NULL OR l.status = $3) AND ($4::text IS NULL OR l.kind = $4)
  AND ($5::boolean IS NULL OR (l.status = 'requested' AND l.due_on < ($2::timestamptz AT TIME ZONE e.timezone)::date) = $5)
  AND ($6::date IS NULL OR l.due_on < $6) AND ($7::uuid IS NULL OR l.registration_id = $7)
  AND ($8::date IS NULL OR (l.due_on, l.id) > ($8, $9::uuid))
ORDER BY l.due_on, l.id LIMIT $10;

-- name: count_letters
-- How many letters the list has.
SELECT count(*)
FROM letters l
JOIN editions e ON e.id = l.edition_id
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
WHERE l.edition_id = $1 AND ($3::text IS NULL OR l.status = $3) AND ($4::text IS NULL OR l.kind = $4)
  AND ($5::boolean IS NULL OR (l.status = 'requested' AND l.due_on < ($2::timestamptz AT TIME ZONE e.timezone)::date) = $5)
  AND ($6::date IS NULL OR l.due_on < $6) AND ($7::uuid IS NULL OR l.registration_id = $7);

-- name: list_letter_rows
-- The same letters as lines of a table. Nothing of a passport is among them.
SELECT l.id, l.reference, l.kind, l.status, l.due_on,
       CASE WHEN l.status = 'requested' AND l.due_on < ($2::timestamptz AT TIME ZONE e.timezone)::date THEN 'yes' ELSE 'no' END
           AS overdue,
       l.language, l.registration_id AS registration, r.given_name, r.family_name, m.email, r.country, r.category,
       n.name AS delegation_name, l.requested_at, l.issued_at, l.closed_at, l.reason
FROM letters l
JOIN editions e ON e.id = l.edition_id
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
JOIN persons m ON m.id = r.person_id
LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities n ON n.id = d.entity_id
WHERE l.edition_id = $1 AND ($3::text IS NULL OR l.status = $3) AND ($4::text IS NULL OR l.kind = $4)
  AND ($5::boolean IS NULL OR (l.status = 'requested' AND l.due_on < ($2::timestamptz AT TIME ZONE e.timezone)::date) = $5)
  AND ($6::date IS NULL OR l.due_on < $6) AND ($7::uuid IS NULL OR l.registration_id = $7)
  AND ($8::date IS NULL OR (l.due_on, l.id) > ($8, $9::uuid))
ORDER BY l.due_on, l.id LIMIT $10;

-- name: count_letters_by
-- How many letters of each kind have which status, and how many of them are overdue at an instant.
SELECT l.kind, l.status, count(*) AS count,
       count(*) FILTER (WHERE l.status = 'requested' AND l.due_on < ($2::timestamptz AT TIME ZONE e.timezone)::date) AS overdue
FROM letters l JOIN editions e ON e.id = l.edition_id
WHERE l.edition_id = $1
GROUP BY l.kind, l.status ORDER BY l.kind, l.status;

-- name: lock_letter
-- Lock a letter until the transaction ends, for the owner of its registration or for who may change all of the edition.
SELECT l.id, l.status, l.version
FROM letters l JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
WHERE l.edition_id = $1 AND l.id = $2 AND ($3 OR r.person_id = $4) FOR NO KEY UPDATE OF l;

-- name: update_letter
-- Write what can be corrected while a letter is not issued; the version rises.
WITH changed AS (
    UPDATE letters SET language = $3, due_on = $4, version = version + 1 WHERE edition_id = $1 AND id = $2 RETURNING id
)
UPDATE letter_particulars p SET passport_name = $5, document_type = $6, nationality = $7, passport_number = $8, born_on = $9,
       consulate_city = $10
FROM changed WHERE p.edition_id = $1 AND p.letter_id = changed.id;

-- name: get_letter_content
-- What is written into a letter. The last fields tell whether it may be.
SELECT l.kind, l.language, p.passport_name, p.document_type, p.nationality, p.passport_number, p.born_on, p.consulate_city,
       coalesce(n.name, o.name) AS representing, e.title AS edition_title, e.slug AS edition_slug, e.starts_on, e.ends_on,
       e.venue, e.city, e.country, e.timezone, e.organizer_email, w.signatory_name, w.signatory_function,
       m.email AS recipient, r.language AS recipient_language, 
       CASE WHEN r.mode = 'in_person' THEN r.status ELSE 'waiting for the hall' END AS registration_status,
       e.status AS edition_status
FROM letters l
JOIN editions e ON e.id = l.edition_id
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
JOIN persons m ON m.id = r.person_id
JOIN letter_particulars p ON p.edition_id = l.edition_id AND p.letter_id = l.id
LEFT JOIN letter_rules w ON w.edition_id = e.id
LEFT JOIN entities n ON n.id = r.entity_id
LEFT JOIN delegations d ON d.edition_id = r.edition_id AND d.id = r.delegation_id
LEFT JOIN entities o ON o.id = d.entity_id
WHERE l.edition_id = $1 AND l.id = $2;

-- name: get_letter_news
-- Whom to tell what became of a letter.
SELECT l.kind, m.email AS recipient, r.language AS recipient_language, e.title AS edition_title
FROM letters l
JOIN editions e ON e.id = l.edition_id
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
JOIN persons m ON m.id = r.person_id
WHERE l.edition_id = $1 AND l.id = $2;

-- name: draw_letter_number
-- A number that no other letter has or will have.
SELECT nextval('letter_numbers');

-- name: issue_letter
-- A letter is issued, and its document kept.
WITH issued AS (
    UPDATE letters SET status = 'issued', reference = $3, token_sha256 = $4, issued_at = $5, decided_by_token = $6,
           version = version + 1
    WHERE edition_id = $1 AND id = $2
    RETURNING id
)
UPDATE letter_particulars p SET document = $7 FROM issued WHERE p.edition_id = $1 AND p.letter_id = issued.id;

-- name: close_letter
-- A letter is declined or cancelled.
UPDATE letters SET status = $3, reason = $4, closed_at = $5, decided_by_token = $6, version = version + 1
WHERE edition_id = $1 AND id = $2;

-- name: find_letter_document
-- The status and document of a letter, for the owner of its registration or for who may read all of the edition.
SELECT l.status, l.reference, p.document
FROM letters l
JOIN registrations r ON r.edition_id = l.edition_id AND r.id = l.registration_id
LEFT JOIN letter_particulars p ON p.edition_id = l.edition_id AND p.letter_id = l.id
WHERE l.edition_id = $1 AND l.id = $2 AND ($3 OR r.person_id = $4);

-- name: check_letter
-- What anybody may know of an issued letter who holds the secret of its QR code.
SELECT l.reference, l.kind, CASE l.status WHEN 'issued' THEN 'valid' ELSE 'cancelled' END AS status,
       (l.issued_at AT TIME ZONE e.timezone)::date AS issued_on, e.title AS edition_title, e.starts_on, e.ends_on
FROM letters l JOIN editions e ON e.id = l.edition_id
WHERE l.token_sha256 = $1;

-- name: compare_letter_holder
-- Whether an issued letter names this person, whatever case and accents; null when what it said was deleted.
SELECT fold_text(regexp_replace(p.passport_name, '\s+', ' ', 'g')) = fold_text(regexp_replace($2::text, '\s+', ' ', 'g'))
           AS is_holder
FROM letters l LEFT JOIN letter_particulars p ON p.edition_id = l.edition_id AND p.letter_id = l.id
WHERE l.token_sha256 = $1;

-- name: delete_old_particulars
-- Forget what letters say of people of the editions that were over 90 days ago, by the calendar of each.
DELETE FROM letter_particulars p USING editions e
WHERE e.id = p.edition_id AND e.ends_on + 90 < ($1::timestamptz AT TIME ZONE e.timezone)::date;
