-- What an edition asks of those who register, beyond what it asks of everybody, and what they answered.

CREATE TABLE questions (
    edition_id uuid NOT NULL CONSTRAINT questions_edition_exists REFERENCES editions,
    key text NOT NULL CONSTRAINT questions_key_is_a_name CHECK (key ~ '^[a-z][a-z0-9_]{0,59}$'),
    kind text NOT NULL CONSTRAINT questions_kind_is_known CHECK (kind IN
        ('text', 'long_text', 'choice', 'choices', 'boolean', 'integer', 'date', 'country', 'url')),
    label jsonb NOT NULL,
    help jsonb,
    purpose jsonb NOT NULL,
    options jsonb NOT NULL DEFAULT '[]',
    is_required boolean NOT NULL,
    is_sensitive boolean NOT NULL,
    condition jsonb,
    modes text[] NOT NULL DEFAULT '{}' CONSTRAINT questions_modes_are_known CHECK (modes <@ ARRAY['in_person', 'online']),
    categories text[] NOT NULL DEFAULT '{}',
    retention text NOT NULL CONSTRAINT questions_retention_is_known CHECK (retention IN
        ('until_edition_ends', 'thirty_days_after', 'one_year_after', 'keep_anonymised')),
    position integer NOT NULL CONSTRAINT questions_position_is_positive CHECK (position > 0),
    status text NOT NULL DEFAULT 'active' CONSTRAINT questions_status_is_known CHECK (status IN ('active', 'retired')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT questions_one_per_key PRIMARY KEY (edition_id, key),
    CONSTRAINT questions_have_options_when_there_is_a_choice CHECK
        ((kind IN ('choice', 'choices')) = (jsonb_array_length(options) > 0)),
    CONSTRAINT questions_kept_anonymised_can_be_counted CHECK
        (retention <> 'keep_anonymised' OR kind IN ('choice', 'choices', 'boolean', 'country'))
);
COMMENT ON TABLE questions IS 'A question of an edition. Its key is never changed nor given to another: answers are known by it.';
COMMENT ON COLUMN questions.modes IS 'Who is asked, by how they take part; empty: everybody. Likewise categories.';
COMMENT ON COLUMN questions.condition IS 'Asked only of those who gave one of these values to another question.';
COMMENT ON COLUMN questions.is_sensitive IS 'The answer is for the person and for registrars alone, and is in no file.';

CREATE TABLE answers (
    edition_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL CONSTRAINT answers_say_something CHECK (value <> 'null'),
    answered_at timestamptz NOT NULL,
    CONSTRAINT answers_one_per_registration_and_question PRIMARY KEY (edition_id, registration_id, key),
    CONSTRAINT answers_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT answers_question_exists FOREIGN KEY (edition_id, key) REFERENCES questions
);
COMMENT ON TABLE answers IS 'What a person answered to a question, until the question''s retention is over.';
CREATE INDEX answers_by_question ON answers (edition_id, key);

CREATE TABLE answer_counts (
    edition_id uuid NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL,
    count integer NOT NULL CONSTRAINT answer_counts_are_positive CHECK (count > 0),
    CONSTRAINT answer_counts_one_per_value PRIMARY KEY (edition_id, key, value),
    CONSTRAINT answer_counts_question_exists FOREIGN KEY (edition_id, key) REFERENCES questions
);
COMMENT ON TABLE answer_counts IS 'What is left of answers that are kept anonymised: how many gave a value, and not who.';

CREATE FUNCTION answers_due_at(retention text, ends_on date, timezone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (ends_on + 1 + CASE retention WHEN 'until_edition_ends' THEN 0 WHEN 'one_year_after' THEN 365 ELSE 30 END)::timestamp
       AT TIME ZONE timezone;
COMMENT ON FUNCTION answers_due_at IS 'When answers are deleted: days after the last day of the edition is over, in its zone. Null while it has no dates.';

CREATE VIEW registration_details AS
SELECT r.edition_id, r.id, r.person_id,
       jsonb_build_object('given_name', r.given_name, 'family_name', r.family_name, 'email', p.email,
                          'language', r.language, 'timezone', r.timezone) AS person,
       r.entity_id AS entity, r.delegation_id AS delegation, r.country, r.category, r.counts_against_quota, r.mode, r.status,
       r.accessibility_needs, r.consents, r.source, r.waits_for,
       CASE WHEN r.waits_for IS NOT NULL AND r.offer_expires_at IS NULL THEN
           (SELECT count(*) FROM registrations w WHERE w.edition_id = r.edition_id AND w.waits_for = r.waits_for
             AND w.offer_expires_at IS NULL
             AND (w.waitlist_priority, w.waitlist_ticket) <= (r.waitlist_priority, r.waitlist_ticket)) END AS waitlist_position,
       r.offer_expires_at,
       r.external_id, r.created_at, r.version, lower(p.email) AS address, r.language,
       fold_text(concat_ws(' ', r.given_name, r.family_name, p.email)) AS searched_text,
       coalesce((SELECT jsonb_object_agg(a.key, a.value) FROM answers a
                 WHERE a.edition_id = r.edition_id AND a.registration_id = r.id), '{}') AS answers,
       coalesce((SELECT jsonb_object_agg(a.key, a.value)
                 FROM answers a JOIN questions q ON q.edition_id = a.edition_id AND q.key = a.key
                 WHERE a.edition_id = r.edition_id AND a.registration_id = r.id AND NOT q.is_sensitive), '{}') AS open_answers
FROM registrations r JOIN persons p ON p.id = r.person_id;
COMMENT ON VIEW registration_details IS 'A registration as the contract shows it.';
COMMENT ON COLUMN registration_details.open_answers IS 'The answers without the sensitive ones.';

INSERT INTO erasure_rules (table_name, rule) VALUES ('answers', 'deleted');
