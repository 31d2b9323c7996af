-- Visa and invitation letters: what is asked for, what consulates need to know, and what was issued.

CREATE TABLE letter_rules (
    edition_id uuid CONSTRAINT letter_rules_pkey PRIMARY KEY CONSTRAINT letter_rules_edition_exists REFERENCES editions,
    due_days integer NOT NULL DEFAULT 10 CONSTRAINT letter_rules_due_days_are_at_most_a_year CHECK (due_days BETWEEN 0 AND 365),
    signatory_name text,
    signatory_function text,
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE letter_rules IS 'Within how many days an edition issues letters, and who signs them; an edition without a row has the defaults.';

CREATE SEQUENCE letter_numbers;
COMMENT ON SEQUENCE letter_numbers IS 'The numbers in the references of letters: drawn once, also when nothing comes of it, so none is used again.';

CREATE TABLE letters (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    registration_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT letters_kind_is_known CHECK (kind IN ('visa', 'invitation')),
    language text NOT NULL,
    status text NOT NULL DEFAULT 'requested' CONSTRAINT letters_status_is_known CHECK (status IN
        ('requested', 'issued', 'declined', 'cancelled')),
    due_on date NOT NULL,
    reference text CONSTRAINT letters_reference_is_unique UNIQUE,
    token_sha256 bytea CONSTRAINT letters_token_is_unique UNIQUE,
    reason text,
    requested_at timestamptz NOT NULL,
    requested_by_token uuid NOT NULL,
    issued_at timestamptz,
    closed_at timestamptz,
    decided_by_token uuid,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT letters_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT letters_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT letters_issued_have_a_reference CHECK
        ((issued_at IS NULL) = (reference IS NULL) AND (issued_at IS NULL) = (token_sha256 IS NULL)),
    CONSTRAINT letters_issued_have_a_time CHECK (status <> 'issued' OR issued_at IS NOT NULL),
    CONSTRAINT letters_closed_have_a_time CHECK ((status IN ('declined', 'cancelled')) = (closed_at IS NOT NULL))
);
COMMENT ON TABLE letters IS 'A letter that somebody asked for: for which registration, until when, and what became of it. Nothing of a passport.';
COMMENT ON COLUMN letters.token_sha256 IS 'Of the secret in the QR code of an issued letter, by which anybody who holds it can check it.';
CREATE UNIQUE INDEX letters_one_live_per_registration_and_kind ON letters (edition_id, registration_id, kind)
    WHERE status IN ('requested', 'issued');
CREATE INDEX letters_by_due_day ON letters (edition_id, due_on, id);

CREATE TABLE letter_particulars (
    edition_id uuid NOT NULL,
    letter_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    passport_name text NOT NULL,
    document_type text NOT NULL CONSTRAINT letter_particulars_document_type_is_known CHECK (document_type IN
        ('passport', 'refugee_travel_document', 'stateless_travel_document', 'other')),
    nationality text CONSTRAINT letter_particulars_nationality_is_two_letters CHECK (nationality ~ '^[A-Z]{2}$'),
    passport_number text,
    born_on date,
    consulate_city text,
    document bytea,
    CONSTRAINT letter_particulars_pkey PRIMARY KEY (edition_id, letter_id),
    CONSTRAINT letter_particulars_letter_exists FOREIGN KEY (edition_id, letter_id) REFERENCES letters,
    CONSTRAINT letter_particulars_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT letter_particulars_of_a_passport_have_a_nationality CHECK (document_type <> 'passport' OR nationality IS NOT NULL)
);
COMMENT ON TABLE letter_particulars IS
    'What consulates need to know of a person, and the issued letter, which says it: deleted 90 days after the edition, or when the person is erased.';
COMMENT ON COLUMN letter_particulars.document IS 'The issued letter as PDF. It is kept, not made again: a letter stays the same whatever changes.';

CREATE FUNCTION close_letters() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE letters SET status = 'cancelled', closed_at = NEW.placed_at, version = version + 1,
                       reason = 'The registration in person has ended.',
                       decided_by_token = nullif(current_setting('forum.token_id', true), '')::uuid
    WHERE edition_id = NEW.edition_id AND registration_id = NEW.id AND status IN ('requested', 'issued');
    IF NEW.status = 'erased' THEN
        UPDATE letters SET reason = 'The registration was erased.'
        WHERE edition_id = NEW.edition_id AND registration_id = NEW.id AND reason IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION close_letters IS 'Letters end with the registration in person that they are for, and their reasons with the person''s data, so that no service can forget it.';
CREATE TRIGGER registrations_close_letters AFTER UPDATE OF status, mode, waits_for ON registrations
    FOR EACH ROW WHEN ((NEW.mode <> 'in_person' AND NEW.waits_for IS DISTINCT FROM 'in_person')
                       OR NEW.status NOT IN ('submitted', 'approved', 'waitlisted'))
    EXECUTE FUNCTION close_letters();

INSERT INTO erasure_rules (table_name, rule, basis) VALUES
    ('letters', 'kept', 'official_record'),
    ('letter_particulars', 'deleted', NULL);
