-- What editions say in their mails in words of their own, and reminders of sessions.

CREATE TABLE message_texts (
    edition_id uuid NOT NULL CONSTRAINT message_texts_edition_exists REFERENCES editions,
    key text NOT NULL,
    language text NOT NULL CONSTRAINT message_texts_language_is_known CHECK (language IN ('ar', 'en', 'es', 'fr', 'ru', 'zh')),
    text text CONSTRAINT message_texts_are_one_line CHECK (length(text) BETWEEN 1 AND 1000 AND text !~ '[[:cntrl:]]'),
    version integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL,
    CONSTRAINT message_texts_pkey PRIMARY KEY (edition_id, key, language)
);
COMMENT ON TABLE message_texts IS 'What an edition says in its mails instead of a text of the catalogue, or beside them all (note_...).';
COMMENT ON COLUMN message_texts.text IS
    'Plain text with the placeholders of the catalogue''s. Null: taken back. The row stays, so that no version comes twice.';

CREATE TABLE edition_reminders (
    edition_id uuid NOT NULL CONSTRAINT edition_reminders_edition_exists REFERENCES editions,
    minutes integer[] NOT NULL CONSTRAINT edition_reminders_are_five_at_most CHECK (cardinality(minutes) <= 5),
    registered boolean NOT NULL,
    set_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT edition_reminders_pkey PRIMARY KEY (edition_id),
    CONSTRAINT edition_reminders_lie_ahead_of_a_session CHECK (5 <= ALL (minutes) AND 20160 >= ALL (minutes))
);
COMMENT ON TABLE edition_reminders IS 'How many minutes before a session its people are reminded of it. No row: never.';
COMMENT ON COLUMN edition_reminders.registered IS 'Whether of sessions for all who are registered, too, which nobody has booked.';
COMMENT ON COLUMN edition_reminders.set_at IS 'What would have been due before that is not made up for.';

CREATE TABLE session_reminders (
    edition_id uuid NOT NULL,
    session_id uuid NOT NULL,
    minutes integer[] CONSTRAINT session_reminders_are_five_at_most CHECK (cardinality(minutes) <= 5),
    set_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT session_reminders_pkey PRIMARY KEY (edition_id, session_id),
    CONSTRAINT session_reminders_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions ON DELETE CASCADE,
    CONSTRAINT session_reminders_lie_ahead_of_a_session CHECK (5 <= ALL (minutes) AND 20160 >= ALL (minutes))
);
COMMENT ON TABLE session_reminders IS 'The same for one session, instead of what its edition says.';
COMMENT ON COLUMN session_reminders.minutes IS 'Null: as the edition says. The row stays, so that no version comes twice.';

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal', 'speaker', 'change_request',
     'booking', 'revision', 'answer', 'reminder'));
CREATE UNIQUE INDEX messages_remind_once
    ON messages (edition_id, session_id, registration_id, (payload ->> 'starts_at'), (payload ->> 'minutes'))
    WHERE kind = 'reminder';
CREATE INDEX messages_reminding ON messages (session_id) WHERE kind = 'reminder' AND status = 'queued';

CREATE TABLE reminded_sessions (
    edition_id uuid NOT NULL,
    session_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    minutes integer NOT NULL,
    CONSTRAINT reminded_sessions_pkey PRIMARY KEY (edition_id, session_id, starts_at, minutes),
    CONSTRAINT reminded_sessions_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions ON DELETE CASCADE
);
COMMENT ON TABLE reminded_sessions IS
    'Of which sessions, at which time, people were reminded so many minutes before: once, and whoever comes later is not. A session that moves is another.';

CREATE FUNCTION remindable_places(of_sessions uuid[])
RETURNS TABLE (edition_id uuid, session_id uuid, release integer, starts_at timestamptz, registration_id uuid, person_id uuid,
               mode text, placed_at timestamptz)
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    -- No nested loops: what was published a moment ago has no statistics, and would be taken for one row.
    WITH published AS MATERIALIZED (
        SELECT s.edition_id, s.id, s.number, s.starts_at, s.access, s.mode
        FROM sessions c
        JOIN (SELECT x.edition_id, max(x.number) AS number FROM releases x GROUP BY x.edition_id) l ON l.edition_id = c.edition_id
        JOIN release_sessions s ON s.edition_id = c.edition_id AND s.number = l.number AND s.id = c.id
        WHERE c.id = ANY (of_sessions) AND c.status <> 'cancelled' AND s.status = 'confirmed' AND s.starts_at IS NOT NULL
    )
    SELECT s.edition_id, s.id, s.number, s.starts_at, r.id, r.person_id, r.mode, r.placed_at
    FROM published s JOIN registrations r ON r.edition_id = s.edition_id AND r.status = 'approved' AND s.mode IN ('hybrid', r.mode)
    WHERE s.access = 'registered'
    UNION ALL
    SELECT s.edition_id, s.id, s.number, s.starts_at, r.id, r.person_id, r.mode, b.confirmed_at
    FROM published s
    JOIN bookings b ON b.edition_id = s.edition_id AND b.session_id = s.id AND b.status = 'confirmed'
    JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id AND r.status = 'approved'
     AND s.mode IN ('hybrid', r.mode)
    WHERE s.access = 'booking'
$$;
COMMENT ON FUNCTION remindable_places IS
    'Who has a place in which of these sessions, or comes with all who are registered, by the last release: it tells the time that people know. Of what the staff has cancelled nobody is reminded, published or not.';
