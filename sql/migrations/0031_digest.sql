-- One mail for many entries: what changes at once in somebody's calendar is told at once.

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal', 'speaker', 'change_request',
     'booking', 'revision', 'answer', 'reminder', 'pledge_update', 'programme_change'));
CREATE INDEX messages_digests_under_way ON messages (edition_id, registration_id, number)
    WHERE kind IN ('revision', 'programme_change') AND status IN ('queued', 'sending');
DROP INDEX messages_waiting;
CREATE INDEX messages_waiting ON messages (next_try_at, number) WHERE status = 'queued' AND digest_id IS NULL;

DROP TRIGGER messages_follow_digest ON messages;
CREATE TRIGGER messages_follow_digest AFTER UPDATE OF status ON messages
    FOR EACH ROW WHEN (NEW.kind IN ('revision', 'programme_change') AND NEW.status <> OLD.status)
    EXECUTE FUNCTION follow_digest();

CREATE FUNCTION last_told(of_edition uuid, of_registration uuid, of_session uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT m.payload || jsonb_build_object('status', m.status)
            FROM messages m
            WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.registration_id = of_registration
              AND m.session_id = of_session AND m.status IN ('sent', 'sending')
            ORDER BY m.number DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION last_told IS 'What was sent last, or is being sent, to somebody of a session; null: nothing.';

CREATE OR REPLACE FUNCTION changed_entries(of_edition uuid, of_registrations uuid[])
RETURNS TABLE (registration_id uuid, person_id uuid, session_id uuid, method text, mode text, latest_id uuid, latest_status text,
               is_held boolean, payload jsonb)
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    -- No nested loops: what was published a moment ago has no statistics, and would be taken for one row.
    -- What should be held: what is for all who are registered, what they have a place in, and where they speak.
    WITH published AS (
        SELECT s.id, s.number, s.calendar_sequence, s.access, s.mode, s.starts_at, s.ends_at, s.held_on, s.revised_at
        FROM release_sessions s
        WHERE s.edition_id = of_edition AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
          AND s.status = 'confirmed' AND (s.starts_at IS NOT NULL OR s.held_on IS NOT NULL)
    ),
    approved AS (
        SELECT r.id, r.person_id, r.mode, r.placed_at
        FROM registrations r
        WHERE r.edition_id = of_edition AND r.id = ANY (of_registrations) AND r.status = 'approved'
    ),
    due AS (
        SELECT r.id AS registration_id, s.id AS session_id, NULL::timestamptz AS confirmed_at
        FROM approved r JOIN published s ON s.mode IN ('hybrid', r.mode)
        WHERE s.access = 'registered'
        UNION ALL
        SELECT r.id, s.id, b.confirmed_at
        FROM bookings b
        JOIN approved r ON r.id = b.registration_id
        JOIN published s ON s.id = b.session_id AND s.mode IN ('hybrid', r.mode)
        WHERE b.edition_id = of_edition AND b.registration_id = ANY (of_registrations) AND b.status = 'confirmed'
          AND s.access = 'booking'
        UNION ALL
        SELECT r.id, s.id, max(a.answered_at)
        FROM appearances a
        JOIN speakers p ON p.edition_id = a.edition_id AND p.id = a.speaker_id
        JOIN approved r ON r.id = p.registration_id
        JOIN published s ON s.id = a.session_id
        WHERE a.edition_id = of_edition AND a.status IN ('confirmed', 'spoke')
          AND NOT (s.access = 'registered' AND s.mode IN ('hybrid', r.mode))
          AND NOT EXISTS (SELECT FROM bookings b WHERE b.edition_id = of_edition AND b.registration_id = r.id
                            AND b.session_id = s.id AND b.status = 'confirmed' AND s.access = 'booking')
        GROUP BY r.id, s.id
    ),
    wanted AS (
        SELECT d.registration_id, r.person_id, d.session_id, s.number AS release, s.calendar_sequence AS sequence,
               r.mode, s.starts_at, s.ends_at, s.held_on, greatest(s.revised_at, r.placed_at, d.confirmed_at) AS stamp
        FROM due d
        JOIN approved r ON r.id = d.registration_id
        JOIN published s ON s.id = d.session_id
    ),
    latest AS (
        SELECT DISTINCT ON (m.registration_id, m.session_id) m.id, m.session_id, m.registration_id, m.person_id, m.status, m.payload,
               bool_or(m.status IN ('sent', 'sending')) OVER (PARTITION BY m.registration_id, m.session_id) AS may_be_held
        FROM messages m
        WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.registration_id = ANY (of_registrations)
          AND m.status <> 'superseded'
        ORDER BY m.registration_id, m.session_id, m.number DESC
    ),
    -- Only where the two differ it is worth to look up what arrived, or may arrive, last.
    differing AS MATERIALIZED (
        SELECT w.registration_id, w.person_id, w.session_id, w.release, w.sequence, w.mode, w.starts_at, w.ends_at, w.held_on,
               w.stamp, l.id, l.status, coalesce(l.may_be_held AND l.payload ->> 'method' = 'REQUEST', false) AS is_held,
               CASE WHEN l.status IN ('sent', 'sending') THEN l.payload || jsonb_build_object('status', l.status)
                    WHEN l.may_be_held THEN last_told(of_edition, w.registration_id, w.session_id) END AS told
        FROM wanted w LEFT JOIN latest l USING (session_id, registration_id)
        WHERE l.id IS NULL OR l.payload ->> 'method' = 'CANCEL'
           OR (l.payload ->> 'sequence')::integer <> w.sequence OR l.payload ->> 'mode' <> w.mode
    ),
    places AS (
        SELECT s.id, md5(jsonb_build_array(s.mode, s.room -> 'id', s.room -> 'name', s.room -> 'venue', n.edition -> 'venue',
                                           n.edition -> 'city')::text) AS place
        FROM release_sessions s JOIN releases n ON n.edition_id = s.edition_id AND n.number = s.number
        WHERE s.edition_id = of_edition AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
    ),
    asked AS (
        SELECT d.*, p.place, coalesce(
                   d.told ->> 'status' = 'sent' AND d.told ->> 'method' = 'REQUEST' AND d.told ->> 'mode' = d.mode
                   AND ((d.told ->> 'sequence')::integer = d.sequence
                        OR d.told ? 'place' AND (d.told ->> 'place', (d.told ->> 'starts_at')::timestamptz,
                                                 (d.told ->> 'ends_at')::timestamptz, (d.told ->> 'held_on')::date)
                                                IS NOT DISTINCT FROM (p.place, d.starts_at, d.ends_at, d.held_on)), false) AS is_known
        FROM differing d JOIN places p ON p.id = d.session_id
    )
    SELECT a.registration_id, a.person_id, a.session_id, CASE WHEN a.is_known THEN 'KEEP' ELSE 'REQUEST' END, a.mode, a.id, a.status,
           a.is_held AND NOT a.is_known,
           jsonb_build_object('method', 'REQUEST', 'sequence', a.sequence, 'release', a.release, 'mode', a.mode,
                              'starts_at', a.starts_at, 'ends_at', a.ends_at, 'held_on', a.held_on, 'place', a.place, 'stamp', a.stamp)
    FROM asked a
    WHERE NOT a.is_known OR a.status = 'queued'
    UNION ALL
    SELECT l.registration_id, l.person_id, l.session_id, 'CANCEL', l.payload ->> 'mode', l.id, l.status,
           l.may_be_held AND (l.status IN ('sent', 'sending')
                              OR last_told(of_edition, l.registration_id, l.session_id) ->> 'method' = 'REQUEST'),
           l.payload || jsonb_build_object('method', 'CANCEL', 'stamp', greatest(s.revised_at, r.placed_at,
                   (SELECT max(b.cancelled_at) FROM bookings b WHERE b.edition_id = of_edition
                     AND b.registration_id = l.registration_id AND b.session_id = l.session_id)),
                                           'sequence', coalesce(s.calendar_sequence, (l.payload ->> 'sequence')::integer),
                                           'release', coalesce(s.number, (l.payload ->> 'release')::integer))
    FROM latest l
    LEFT JOIN wanted w USING (session_id, registration_id)
    JOIN registrations r ON r.edition_id = of_edition AND r.id = l.registration_id
    LEFT JOIN release_sessions s ON s.edition_id = of_edition AND s.id = l.session_id
     AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
    WHERE w.session_id IS NULL AND l.payload ->> 'method' = 'REQUEST'
$$;
COMMENT ON FUNCTION changed_entries IS
    'Where what these people should hold by the last release differs from what was last queued for them. What plans invitations and what counts them beforehand both read this. A row says KEEP where what they were last sent still holds: time, place and way of taking part as they know them, whatever was queued in between.';

CREATE FUNCTION gather_entries(of_edition uuid, of_registrations uuid[], planned_at timestamptz, changes_in_digest integer,
                               most_alone integer, most_in_digest integer)
RETURNS bigint LANGUAGE sql SET enable_nestloop = off AS $$
    -- No nested loops, as in changed_entries; and so everything is found by the people, never in the whole table.
    WITH lines AS MATERIALIZED (
        SELECT m.id, m.number, m.registration_id, m.person_id, m.status, m.payload ->> 'method' AS method,
               coalesce(m.payload ->> 'starts_at', m.payload ->> 'held_on') AS at,
               max(m.number) FILTER (WHERE m.status = 'queued') OVER entry AS last_queued,
               max(ARRAY[m.number, (m.payload ->> 'method' = 'REQUEST')::integer])
                   FILTER (WHERE m.status IN ('sent', 'sending')) OVER entry AS told,
               bool_or(m.status = 'sending' AND m.digest_id IS NULL) OVER entry AS follows_alone
        FROM messages m
        WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.registration_id = ANY (of_registrations)
          AND m.status <> 'superseded'
        WINDOW entry AS (PARTITION BY m.registration_id, m.session_id)
    ),
    queued AS MATERIALIZED (
        SELECT id, number, registration_id, person_id, at, follows_alone, method = 'CANCEL' OR told[2] = 1 AS is_change,
               number = last_queued AND (told IS NOT NULL OR method IS DISTINCT FROM 'CANCEL') AS is_wanted
        FROM lines WHERE status = 'queued'
    ),
    waiting AS MATERIALIZED (
        SELECT id, registration_id, kind, resend_of FROM messages
        WHERE kind IN ('revision', 'programme_change') AND edition_id = of_edition AND registration_id = ANY (of_registrations)
          AND status = 'queued'
    ),
    people AS (
        SELECT q.registration_id, w.revision_id
        FROM (SELECT registration_id, count(*) AS entries, count(*) FILTER (WHERE is_change) AS changes
              FROM queued WHERE is_wanted AND NOT follows_alone GROUP BY registration_id) q
        LEFT JOIN (SELECT registration_id, (array_agg(id) FILTER (WHERE kind = 'revision'))[1] AS revision_id,
                          bool_or(kind = 'programme_change' AND resend_of IS NOT NULL) AS is_resent
                   FROM waiting GROUP BY registration_id) w USING (registration_id)
        WHERE q.changes >= changes_in_digest OR q.entries > most_alone OR w.revision_id IS NOT NULL OR w.is_resent
    ),
    placed AS (
        SELECT q.id, q.registration_id, q.person_id, p.revision_id,
               (row_number() OVER (PARTITION BY q.registration_id ORDER BY q.at, q.number) - 1) / most_in_digest AS part
        FROM queued q JOIN people p USING (registration_id) WHERE q.is_wanted AND NOT q.follows_alone
    ),
    parts AS MATERIALIZED (
        SELECT registration_id, person_id, part, CASE part WHEN 0 THEN revision_id END AS revision_id,
               array_agg(id ORDER BY id) AS entries
        FROM placed GROUP BY registration_id, person_id, part, revision_id
    ),
    brought AS (
        SELECT e.digest_id, array_agg(e.id ORDER BY e.id) AS entries
        FROM messages e WHERE e.digest_id = ANY (ARRAY(SELECT id FROM waiting WHERE kind = 'programme_change')) GROUP BY e.digest_id
    ),
    digests AS MATERIALIZED (
        SELECT p.registration_id, p.person_id, p.part, p.entries, p.revision_id IS NULL AND b.digest_id IS NULL AS is_new,
               coalesce(p.revision_id, b.digest_id, gen_random_uuid()) AS id
        FROM parts p LEFT JOIN brought b ON b.entries = p.entries AND p.revision_id IS NULL
    ),
    dropped AS (
        UPDATE messages SET status = 'superseded'
        WHERE id = ANY (ARRAY(SELECT id FROM queued WHERE NOT is_wanted
                              UNION ALL
                              SELECT id FROM waiting WHERE kind = 'programme_change' AND id NOT IN (SELECT id FROM digests)))
          AND status = 'queued'
    ),
    made AS (
        INSERT INTO messages (id, edition_id, kind, recipient, person_id, registration_id, created_at, next_try_at)
        SELECT d.id, of_edition, 'programme_change', (SELECT p.email FROM persons p WHERE p.id = d.person_id), d.person_id,
               d.registration_id, planned_at, now()
        FROM digests d WHERE d.is_new ORDER BY d.part, d.registration_id
    ),
    gathered AS (
        UPDATE messages m SET digest_id = d.id
        FROM (SELECT id, unnest(entries) AS entry_id FROM digests) d
        WHERE m.id = d.entry_id AND m.kind = 'invitation' AND m.edition_id = of_edition
          AND m.registration_id = ANY (of_registrations) AND m.status = 'queued' AND m.digest_id IS DISTINCT FROM d.id
        RETURNING 1
    )
    SELECT count(*) FROM gathered
$$;
COMMENT ON FUNCTION gather_entries IS
    'Have the calendar entries that are queued for these people go out together: in the mail that tells them of a revision, or in digests, where they change so many entries or bring more than so many. An entry that a later one replaces, or that takes back what nobody has, is dropped first; one that follows another which is being sent alone goes alone after it. A digest that waits and brings just what it should stays; others are made anew, so that one Message-ID never stands for two mails, and each mail is told from the first part of a programme to the last. What is sent once more as a digest stays one.';
