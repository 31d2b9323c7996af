-- What people's calendars answer to invitations, and what became of each mail that came in.

CREATE TABLE calendar_answers (
    edition_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    session_id uuid NOT NULL,
    answer text NOT NULL CONSTRAINT calendar_answers_answer_is_known CHECK (answer IN ('accepted', 'declined', 'tentative')),
    sequence integer NOT NULL CONSTRAINT calendar_answers_sequence_is_not_negative CHECK (sequence >= 0),
    stamped_at timestamptz NOT NULL,
    answered_at timestamptz NOT NULL,
    offered_booking_id uuid,
    offered_at timestamptz,
    CONSTRAINT calendar_answers_pkey PRIMARY KEY (edition_id, registration_id, session_id),
    CONSTRAINT calendar_answers_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT calendar_answers_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT calendar_answers_offered_booking_exists FOREIGN KEY (edition_id, offered_booking_id) REFERENCES bookings,
    CONSTRAINT calendar_answers_offer_a_booking_at_a_time CHECK ((offered_booking_id IS NULL) = (offered_at IS NULL))
);
COMMENT ON TABLE calendar_answers IS 'The last answer of a person''s calendar to the invitation to a session.';
COMMENT ON COLUMN calendar_answers.sequence IS 'SEQUENCE of the invitation that was answered.';
COMMENT ON COLUMN calendar_answers.stamped_at IS 'DTSTAMP of the answer, by the clock of who gave it: what is older comes too late.';
COMMENT ON COLUMN calendar_answers.answered_at IS 'When it came in.';
COMMENT ON COLUMN calendar_answers.offered_booking_id IS
    'The booking that the person was last asked to free, after they declined: once for each time that they do.';
CREATE INDEX calendar_answers_by_session ON calendar_answers (edition_id, session_id, registration_id);

CREATE TABLE inbox_messages (
    sha256 bytea CONSTRAINT inbox_messages_pkey PRIMARY KEY,
    received_at timestamptz NOT NULL,
    came_by text NOT NULL CONSTRAINT inbox_messages_way_is_known CHECK (came_by IN ('mail', 'webhook')),
    outcome text NOT NULL CONSTRAINT inbox_messages_outcome_is_known CHECK (outcome IN
        ('recorded', 'unchanged', 'stale', 'refused', 'ignored')),
    reason text,
    CONSTRAINT inbox_messages_say_why_not CHECK ((outcome = 'recorded') = (reason IS NULL))
);
COMMENT ON TABLE inbox_messages IS
    'What became of each mail that came in, known by its SHA-256 so that the same one twice changes nothing. Nothing of the mail is kept, nor whose it was.';
CREATE INDEX inbox_messages_by_age ON inbox_messages (received_at);

CREATE INDEX messages_by_invited ON messages (session_id, lower(recipient)) WHERE kind = 'invitation';

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal', 'speaker', 'change_request',
     'booking', 'revision', 'answer'));

INSERT INTO erasure_rules (table_name, rule) VALUES ('calendar_answers', 'deleted');
