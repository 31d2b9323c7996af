-- When those who keep pledges are to say how far they are, and are reminded of it; what else one can do without.

CREATE TABLE edition_pledge_updates (
    edition_id uuid CONSTRAINT edition_pledge_updates_pkey PRIMARY KEY
        CONSTRAINT edition_pledge_updates_edition_exists REFERENCES editions,
    due_on date[] NOT NULL CONSTRAINT edition_pledge_updates_are_forty_at_most CHECK (cardinality(due_on) <= 40),
    remind_days integer NOT NULL CONSTRAINT edition_pledge_updates_are_reminded_of_in_time CHECK (remind_days BETWEEN 0 AND 90),
    set_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE edition_pledge_updates IS 'On which days updates on pledges are due, and how many days before those who keep them are reminded. No row: never.';

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal', 'speaker', 'change_request',
     'booking', 'revision', 'answer', 'reminder', 'pledge_update'));
CREATE UNIQUE INDEX messages_ask_for_updates_once ON messages (edition_id, person_id, (payload ->> 'due_on'))
    WHERE kind = 'pledge_update' AND resend_of IS NULL;

ALTER TABLE unsubscriptions DROP CONSTRAINT unsubscriptions_are_from_what_is_optional;
ALTER TABLE unsubscriptions ADD CONSTRAINT unsubscriptions_are_from_what_is_optional
    CHECK (kind IN ('attendance_report', 'reminder', 'pledge_update'));

CREATE OR REPLACE FUNCTION wait_for_morning() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    quiet quiet_hours := (SELECT q FROM quiet_hours q WHERE q.edition_id = NEW.edition_id);
    zone text := coalesce((SELECT r.timezone FROM registrations r WHERE r.edition_id = NEW.edition_id AND r.id = NEW.registration_id),
                          (SELECT p.timezone FROM persons p WHERE p.id = NEW.person_id),
                          (SELECT p.timezone FROM persons p WHERE lower(p.email) = lower(NEW.recipient)),
                          (SELECT e.timezone FROM editions e WHERE e.id = NEW.edition_id), 'UTC');
    morning timestamptz := after_quiet_hours(NEW.created_at, zone, coalesce(quiet.begins, '21:00'), coalesce(quiet.ends, '07:00'));
BEGIN
    IF NEW.kind = 'reminder' AND (NEW.payload ->> 'starts_at')::timestamptz < morning + interval '1 hour' THEN
        RETURN NEW;
    END IF;
    IF NEW.kind = 'reminder' THEN
        NEW.payload := NEW.payload || jsonb_build_object('told_at', morning);
    END IF;
    NEW.next_try_at := NEW.next_try_at + (morning - NEW.created_at);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION wait_for_morning IS
    'What can wait until its reader is awake does; a reminder, while an hour is left then. How long is told by the clock by which it was made, and added to the queue''s own.';
DROP TRIGGER messages_wait_for_morning ON messages;
CREATE TRIGGER messages_wait_for_morning BEFORE INSERT ON messages
    FOR EACH ROW WHEN (NEW.kind IN ('proposal', 'change_request', 'reminder', 'pledge_update') AND NEW.resend_of IS NULL)
    EXECUTE FUNCTION wait_for_morning();
