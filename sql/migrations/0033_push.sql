-- What people read of their messages in the API, and what browsers and phones are pushed of them.

CREATE INDEX messages_by_person ON messages (person_id, number) WHERE person_id IS NOT NULL;
CREATE INDEX messages_by_addressee ON messages (lower(recipient), number) WHERE person_id IS NULL AND kind <> 'sign_in';

CREATE VIEW told_messages AS
SELECT m.id, m.number, m.kind, m.edition_id, e.slug AS edition, coalesce(m.session_id, a.session_id) AS session_id,
       m.registration_id, m.person_id, m.recipient, m.payload, m.digest_id, m.created_at,
       coalesce(r.language, m.payload ->> 'language') AS language, e.title AS edition_title, e.timezone,
       coalesce(x.title, s.title) AS session_title,
       coalesce((SELECT o.payload ->> 'method' FROM messages o
                 WHERE o.kind = 'invitation' AND m.kind = 'invitation' AND o.edition_id = m.edition_id
                   AND o.registration_id = m.registration_id AND o.session_id = m.session_id
                   AND o.number < m.number AND o.status IN ('sending', 'sent')
                 ORDER BY o.number DESC LIMIT 1) = 'REQUEST', false) AS is_update
FROM messages m
LEFT JOIN editions e ON e.id = m.edition_id
LEFT JOIN registrations r ON r.edition_id = m.edition_id AND r.id = m.registration_id
LEFT JOIN appearances a ON m.kind = 'speaker' AND a.edition_id = m.edition_id AND a.id = (m.payload ->> 'appearance')::uuid
LEFT JOIN release_sessions x ON x.edition_id = m.edition_id AND x.number = (m.payload ->> 'release')::integer AND x.id = m.session_id
LEFT JOIN sessions s ON s.edition_id = m.edition_id AND s.id = coalesce(m.session_id, a.session_id)
WHERE m.kind <> 'sign_in' AND m.status NOT IN ('superseded', 'cancelled')
  AND NOT EXISTS (SELECT FROM messages o WHERE o.id = m.resend_of AND o.status NOT IN ('superseded', 'cancelled'));
COMMENT ON VIEW told_messages IS
    'What stays of the messages that were queued: not codes, not what later news took the place of or the staff took back, and what was sent once more only once.';

CREATE TABLE notification_reads (
    message_id uuid CONSTRAINT notification_reads_pkey PRIMARY KEY
        CONSTRAINT notification_reads_message_exists REFERENCES messages ON DELETE CASCADE,
    person_id uuid NOT NULL,
    edition_id uuid,
    registration_id uuid,
    read_at timestamptz NOT NULL
);
COMMENT ON TABLE notification_reads IS 'What a person has read of what they were told.';
COMMENT ON COLUMN notification_reads.person_id IS 'No reference, as in messages: it keeps nobody from being forgotten.';
CREATE INDEX notification_reads_by_person ON notification_reads (person_id);
CREATE INDEX notification_reads_by_registration ON notification_reads (edition_id, registration_id)
    WHERE registration_id IS NOT NULL;
INSERT INTO erasure_rules (table_name, rule) VALUES ('notification_reads', 'deleted');

CREATE TABLE push_keys (
    id smallint GENERATED ALWAYS AS IDENTITY CONSTRAINT push_keys_pkey PRIMARY KEY,
    private_key bytea NOT NULL CONSTRAINT push_keys_private_part_is_a_number_of_32_bytes CHECK (length(private_key) = 32),
    public_key bytea NOT NULL CONSTRAINT push_keys_public_part_is_a_point CHECK (length(public_key) = 65),
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE push_keys IS 'The keys (VAPID, on P-256) by which push services know us; the newest is for new subscriptions, the others for those made with them.';

CREATE TABLE push_subscriptions (
    id uuid CONSTRAINT push_subscriptions_pkey PRIMARY KEY,
    person_id uuid NOT NULL,
    edition_id uuid,
    registration_id uuid,
    endpoint text NOT NULL CONSTRAINT push_subscriptions_one_per_endpoint UNIQUE
        CONSTRAINT push_subscriptions_endpoints_are_short CHECK (length(endpoint) <= 1000),
    p256dh bytea NOT NULL CONSTRAINT push_subscriptions_key_is_a_point CHECK (length(p256dh) = 65),
    auth bytea NOT NULL CONSTRAINT push_subscriptions_secret_has_16_bytes CHECK (length(auth) = 16),
    key_id smallint NOT NULL CONSTRAINT push_subscriptions_key_exists REFERENCES push_keys,
    language text,
    created_at timestamptz NOT NULL,
    last_failed_at timestamptz,
    last_error text,
    CONSTRAINT push_subscriptions_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT push_subscriptions_name_the_edition_of_a_registration CHECK ((edition_id IS NULL) = (registration_id IS NULL)),
    CONSTRAINT push_subscriptions_say_why_they_failed CHECK ((last_failed_at IS NULL) = (last_error IS NULL))
);
COMMENT ON TABLE push_subscriptions IS 'Where the browsers and phones of people take pushes (RFC 8030).';
COMMENT ON COLUMN push_subscriptions.person_id IS 'No reference, as in messages: it keeps nobody from being forgotten.';
COMMENT ON COLUMN push_subscriptions.registration_id IS 'Of who came by the link of one: pushed is what is about it, and nothing else.';
COMMENT ON COLUMN push_subscriptions.endpoint IS 'Secret: who knows it can claim the subscription.';
CREATE INDEX push_subscriptions_by_person ON push_subscriptions (person_id, id);
CREATE INDEX push_subscriptions_by_registration ON push_subscriptions (edition_id, registration_id)
    WHERE registration_id IS NOT NULL;
INSERT INTO erasure_rules (table_name, rule) VALUES ('push_subscriptions', 'deleted');

CREATE FUNCTION push_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM push_subscriptions) THEN
        INSERT INTO outbox (kind, payload, next_try_at)
        SELECT 'push_message', jsonb_build_object('kind', 'push_message', 'subscription_id', s.id, 'message_id', m.id), m.next_try_at
        FROM made m
        LEFT JOIN persons p ON m.person_id IS NULL AND lower(p.email) = lower(m.recipient)
        JOIN push_subscriptions s ON s.person_id = coalesce(m.person_id, p.id)
         AND (s.registration_id IS NULL OR (s.edition_id, s.registration_id) = (m.edition_id, m.registration_id))
        WHERE m.kind <> 'sign_in'
        ORDER BY m.number, s.id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION push_messages IS
    'What is queued for somebody is pushed to where they take pushes, when the mail is due, so that no service can forget it. Whether it still stands then is asked by who pushes it.';
CREATE TRIGGER messages_are_pushed AFTER INSERT ON messages
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION push_messages();
