-- What leaves the system: jobs for the workers, and the mails that they send.

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    tries integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    last_error text
);
COMMENT ON TABLE outbox IS 'Jobs stored with the change that caused them; relayed to the queue until done_at is set.';
CREATE INDEX outbox_waiting ON outbox (next_try_at, id) WHERE done_at IS NULL;

CREATE TABLE messages (
    id uuid CONSTRAINT messages_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    number bigint GENERATED ALWAYS AS IDENTITY,
    edition_id uuid CONSTRAINT messages_edition_exists REFERENCES editions,
    kind text NOT NULL CONSTRAINT messages_kind_is_known CHECK (kind IN
        ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter')),
    recipient text NOT NULL,
    person_id uuid,
    session_id uuid,
    registration_id uuid,
    payload jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'queued' CONSTRAINT messages_status_is_known CHECK (status IN
        ('queued', 'sending', 'sent', 'superseded', 'failed')),
    batch_id uuid,
    created_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    sent_at timestamptz,
    last_error text,
    CONSTRAINT messages_sent_have_a_time CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);
COMMENT ON TABLE messages IS 'Every mail: whom it is for, what it says, and what became of it.';
COMMENT ON COLUMN messages.payload IS 'What the mail needs beside the rows it names; emptied of secrets once sent.';
CREATE INDEX messages_waiting ON messages (next_try_at, number) WHERE status = 'queued';
CREATE INDEX messages_urgent ON messages (next_try_at, number) WHERE status = 'queued' AND kind = 'sign_in';
CREATE INDEX messages_of_batch ON messages (batch_id) WHERE status = 'sending';
CREATE INDEX messages_by_invitation ON messages (edition_id, registration_id, session_id, number) WHERE kind = 'invitation';
CREATE INDEX messages_by_registration ON messages (edition_id, registration_id, number) WHERE kind = 'registration';
CREATE INDEX messages_by_edition ON messages (edition_id, number);

CREATE FUNCTION wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM made) AND pg_try_advisory_xact_lock(hashtextextended('wake relay', 0)) THEN
        NOTIFY forum_outbox;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION wake_relay IS 'A hint that there is something to relay. A transaction that notifies holds a lock of the whole server until it has committed, so only one at a time does: what the others wrote is found a moment later. A statement that made nothing wakes nobody, not even the relay that ran it.';
CREATE TRIGGER outbox_wakes_relay AFTER INSERT ON outbox
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION wake_relay();
CREATE TRIGGER messages_wake_relay AFTER INSERT ON messages
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION wake_relay();
