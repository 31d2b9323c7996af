-- How mails reach people who can be reached: domains that make us wait, addresses that are written to no more, and what
-- became of a mail after a server took it.

CREATE TABLE mail_domains (
    domain text CONSTRAINT mail_domains_pkey PRIMARY KEY,
    paused_until timestamptz NOT NULL,
    reason text NOT NULL,
    words text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT mail_domains_are_in_small_letters CHECK (domain = lower(domain))
);
COMMENT ON TABLE mail_domains IS 'Domains whose servers made us wait, last time: nobody there is sent anything until the pause is over.';
COMMENT ON COLUMN mail_domains.words IS 'What the server said, without addresses.';

CREATE TABLE suppressions (
    id uuid CONSTRAINT suppressions_pkey PRIMARY KEY,
    email text NOT NULL CONSTRAINT suppressions_one_per_address UNIQUE
        CONSTRAINT suppressions_are_in_small_letters CHECK (email = lower(email)),
    reason text NOT NULL CONSTRAINT suppressions_reason_is_known CHECK (reason IN ('bounced', 'complained')),
    detail text,
    suppressed_at timestamptz NOT NULL,
    edition_id uuid CONSTRAINT suppressions_edition_exists REFERENCES editions
);
COMMENT ON TABLE suppressions IS 'Addresses that are written to no more, until somebody lifts it. Text and not a hash: staff must be able to read and lift it; it goes when its person is erased.';
COMMENT ON COLUMN suppressions.edition_id IS 'Whose mail it was that came back; null for a sign-in code.';
CREATE INDEX suppressions_by_edition ON suppressions (edition_id, id) WHERE edition_id IS NOT NULL;
INSERT INTO erasure_rules (table_name, rule) VALUES ('suppressions', 'emptied');

ALTER TABLE messages
    ADD COLUMN domain text NOT NULL GENERATED ALWAYS AS (lower(substring(recipient FROM '[^@]*$'))) STORED,
    ADD COLUMN batched_at timestamptz,
    ADD COLUMN bounced_at timestamptz,
    ADD COLUMN complained_at timestamptz,
    ADD COLUMN resend_of uuid;
COMMENT ON COLUMN messages.domain IS 'What stands behind the @ of the recipient.';
COMMENT ON COLUMN messages.batched_at IS 'When it was handed out, by the real clock; kept only where mails to a domain are counted by the minute.';
COMMENT ON COLUMN messages.bounced_at IS 'When a server said that it did not reach the recipient after all.';
COMMENT ON COLUMN messages.complained_at IS 'When the recipient called it unwanted. They have it: it stays sent.';
COMMENT ON COLUMN messages.resend_of IS 'The message that was sent once more, on purpose, as this one.';
CREATE INDEX messages_paced ON messages (batched_at) WHERE batched_at IS NOT NULL;

ALTER TABLE messages DROP CONSTRAINT messages_status_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_status_is_known CHECK (status IN
    ('queued', 'sending', 'sent', 'superseded', 'failed', 'cancelled', 'suppressed', 'bounced'));
ALTER TABLE messages DROP CONSTRAINT messages_sent_have_a_time;
ALTER TABLE messages ADD CONSTRAINT messages_sent_have_a_time CHECK ((status IN ('sent', 'bounced')) = (sent_at IS NOT NULL));
ALTER TABLE messages ADD CONSTRAINT messages_bounced_have_a_time CHECK ((status = 'bounced') = (bounced_at IS NOT NULL));

CREATE OR REPLACE FUNCTION follow_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'superseded' THEN
        UPDATE messages SET digest_id = NULL WHERE digest_id = NEW.id AND status = 'queued';
    ELSE
        UPDATE messages SET status = NEW.status, sent_at = NEW.sent_at, attempts = NEW.attempts, last_error = NEW.last_error,
               bounced_at = NEW.bounced_at
        WHERE digest_id = NEW.id AND (status IN ('queued', 'sending') OR (status, NEW.status) = ('sent', 'bounced'));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_digest IS 'The entries of a digest are queued, under way, sent, given up and sent back with it; those of one that another takes the place of are free.';

CREATE TABLE unsubscriptions (
    edition_id uuid NOT NULL CONSTRAINT unsubscriptions_edition_exists REFERENCES editions,
    person_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT unsubscriptions_are_from_what_is_optional CHECK (kind = 'attendance_report'),
    unsubscribed_at timestamptz NOT NULL,
    CONSTRAINT unsubscriptions_pkey PRIMARY KEY (edition_id, person_id, kind)
);
COMMENT ON TABLE unsubscriptions IS 'Who wants no more mails of a kind that one can do without.';
COMMENT ON COLUMN unsubscriptions.person_id IS 'No reference, as in messages: it keeps nobody from being forgotten.';
INSERT INTO erasure_rules (table_name, rule) VALUES ('unsubscriptions', 'emptied');

CREATE TABLE quiet_hours (
    edition_id uuid CONSTRAINT quiet_hours_pkey PRIMARY KEY CONSTRAINT quiet_hours_edition_exists REFERENCES editions,
    begins time NOT NULL,
    ends time NOT NULL
);
COMMENT ON TABLE quiet_hours IS 'When mails of an edition that can wait do, where their reader is; as long as none are set, from 21:00 to 07:00.';
COMMENT ON COLUMN quiet_hours.ends IS 'Equal to begins: never.';

CREATE FUNCTION after_quiet_hours(at timestamptz, zone text, quiet_from time, quiet_until time) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN quiet_from = quiet_until THEN at
        WHEN quiet_from < quiet_until AND here.hour >= quiet_from AND here.hour < quiet_until
            THEN (here.day + quiet_until) AT TIME ZONE zone
        WHEN quiet_from > quiet_until AND here.hour < quiet_until THEN (here.day + quiet_until) AT TIME ZONE zone
        WHEN quiet_from > quiet_until AND here.hour >= quiet_from THEN (here.day + 1 + quiet_until) AT TIME ZONE zone
        ELSE at END
    FROM (SELECT (at AT TIME ZONE zone)::time AS hour, (at AT TIME ZONE zone)::date AS day) here
$$;
COMMENT ON FUNCTION after_quiet_hours IS 'The instant itself, or the end of the quiet hours in which it lies, by the clocks of a zone.';

CREATE FUNCTION wait_for_morning() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    quiet quiet_hours := (SELECT q FROM quiet_hours q WHERE q.edition_id = NEW.edition_id);
    zone text := coalesce((SELECT r.timezone FROM registrations r WHERE r.edition_id = NEW.edition_id AND r.id = NEW.registration_id),
                          (SELECT p.timezone FROM persons p WHERE p.id = NEW.person_id),
                          (SELECT p.timezone FROM persons p WHERE lower(p.email) = lower(NEW.recipient)),
                          (SELECT e.timezone FROM editions e WHERE e.id = NEW.edition_id), 'UTC');
BEGIN
    NEW.next_try_at := NEW.next_try_at + (after_quiet_hours(NEW.created_at, zone, coalesce(quiet.begins, '21:00'),
                                                            coalesce(quiet.ends, '07:00')) - NEW.created_at);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION wait_for_morning IS
    'What can wait until its reader is awake does. How long is told by the clock by which it was made, and added to the queue''s own.';
CREATE TRIGGER messages_wait_for_morning BEFORE INSERT ON messages
    FOR EACH ROW WHEN (NEW.kind IN ('proposal', 'change_request') AND NEW.resend_of IS NULL) EXECUTE FUNCTION wait_for_morning();

CREATE FUNCTION spare_cancellation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE messages m SET status = 'superseded'
    WHERE m.kind = 'invitation' AND m.edition_id = NEW.edition_id AND m.registration_id = NEW.registration_id
      AND m.session_id = NEW.session_id AND m.number > NEW.number AND m.status = 'queued' AND m.payload ->> 'method' = 'CANCEL'
      AND NOT EXISTS (SELECT FROM messages o
                      WHERE o.kind = 'invitation' AND o.edition_id = m.edition_id AND o.registration_id = m.registration_id
                        AND o.session_id = m.session_id AND o.number < m.number AND o.status IN ('queued', 'sending', 'sent'));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION spare_cancellation IS
    'Whom no invitation reached is sent no cancellation of it: one that was queued while the invitation was under way is dropped.';
CREATE TRIGGER messages_spare_cancellations AFTER UPDATE OF status ON messages
    FOR EACH ROW WHEN (NEW.kind = 'invitation' AND NEW.status IN ('failed', 'cancelled', 'suppressed', 'bounced')
                       AND NEW.status <> OLD.status)
    EXECUTE FUNCTION spare_cancellation();
