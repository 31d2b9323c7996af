-- What calendars should show is compared with what was mailed, by person or by address: who left and registered again has one
-- calendar. And one mail for many entries: what changes at once in somebody's calendar is told at once.

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal', 'speaker', 'change_request',
     'booking', 'revision', 'answer', 'reminder', 'pledge_update', 'programme_change'));
CREATE INDEX messages_digests_under_way ON messages (edition_id, lower(recipient), number)
    WHERE kind IN ('revision', 'programme_change') AND status IN ('queued', 'sending');
DROP INDEX messages_waiting;
CREATE INDEX messages_waiting ON messages (next_try_at, number) WHERE status = 'queued' AND digest_id IS NULL;

DROP TRIGGER messages_follow_digest ON messages;
CREATE TRIGGER messages_follow_digest AFTER UPDATE OF status ON messages
    FOR EACH ROW WHEN (NEW.kind IN ('revision', 'programme_change') AND NEW.status <> OLD.status)
    EXECUTE FUNCTION follow_digest();

CREATE FUNCTION last_told(of_edition uuid, of_number bigint) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    RETURN (SELECT m.payload || jsonb_build_object('status', m.status) FROM messages m
            WHERE m.edition_id = of_edition AND m.number = of_number);
END $$;
COMMENT ON FUNCTION last_told IS 'What an invitation says and what became of it; to be called for the few that differ from what should be held.';

CREATE FUNCTION told_places(of_edition uuid) RETURNS TABLE (session_id uuid, place text) LANGUAGE sql STABLE AS $$
    SELECT s.id, md5(jsonb_build_array(s.room -> 'id', s.room -> 'name', s.room -> 'venue', n.edition -> 'venue', n.edition -> 'city')::text)
    FROM release_sessions s JOIN releases n ON n.edition_id = s.edition_id AND n.number = s.number
    WHERE s.edition_id = of_edition AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
$$;
COMMENT ON FUNCTION told_places IS 'Where the sessions of the last release are held, as a fingerprint of all that entries tell of it.';

CREATE FUNCTION is_told(told jsonb, wanted jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(
        told ->> 'status' = 'sent' AND told ->> 'method' = 'REQUEST' AND told ->> 'mode' = wanted ->> 'mode'
        AND coalesce(told -> 'is_online', wanted -> 'is_online') = wanted -> 'is_online'
        AND (told -> 'sequence' = wanted -> 'sequence'
             OR told ? 'place'
                AND (told ->> 'place', (told ->> 'starts_at')::timestamptz, (told ->> 'ends_at')::timestamptz, told ->> 'held_on')
                    IS NOT DISTINCT FROM (wanted ->> 'place', (wanted ->> 'starts_at')::timestamptz,
                                          (wanted ->> 'ends_at')::timestamptz, wanted ->> 'held_on')), false)
$$;
COMMENT ON FUNCTION is_told IS
    'Whether the last that may have arrived is known to have, and still holds: time, place and way of taking part, whatever the SEQUENCE.';

DROP FUNCTION changed_entries(uuid, uuid[]);
CREATE FUNCTION changed_entries(of_edition uuid, of_registrations uuid[])
RETURNS TABLE (registration_id uuid, person_id uuid, session_id uuid, method text, mode text, waiting_ids uuid[],
               is_held boolean, payload jsonb)
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    -- No nested loops: what was published a moment ago has no statistics, and would be taken for one row.
    -- It is compared by person: who left and registered again has one calendar.
    WITH theirs AS MATERIALIZED (
        SELECT r.id FROM registrations r
        WHERE r.edition_id = of_edition
          AND r.person_id = ANY (ARRAY(SELECT o.person_id FROM registrations o
                                       WHERE o.edition_id = of_edition AND o.id = ANY (of_registrations)))
    ),
    wanted AS MATERIALIZED (SELECT d.* FROM due_entries(of_edition, ARRAY(SELECT id FROM theirs)) d),
    latest AS MATERIALIZED (
        -- The last that was queued. What a person may hold is the last that a mail server may have taken, be it superseded.
        SELECT DISTINCT ON (m.person_id, m.session_id) m.id, m.number, m.session_id, m.registration_id, m.person_id, m.status, m.payload,
               max((m.payload ->> 'stamp')::timestamptz) OVER entry + interval '1 second' AS next_stamp,
               array_agg(m.id) FILTER (WHERE m.status = 'queued') OVER entry AS waiting_ids,
               max(m.number) FILTER (WHERE o.may_be_there) OVER entry AS told_number,
               coalesce(max(m.number) FILTER (WHERE o.may_be_there AND m.payload ->> 'method' = 'REQUEST') OVER entry
                        = max(m.number) FILTER (WHERE o.may_be_there) OVER entry, false) AS is_held
        FROM messages m
        CROSS JOIN LATERAL (SELECT m.status IN ('sent', 'sending') OR m.may_be_there AS may_be_there) o
        WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.registration_id = ANY (ARRAY(SELECT id FROM theirs))
          AND (m.status <> 'superseded' OR m.may_be_there)
        WINDOW entry AS (PARTITION BY m.person_id, m.session_id)
        ORDER BY m.person_id, m.session_id, m.status = 'superseded', m.number DESC
    ),
    places AS MATERIALIZED (SELECT p.* FROM told_places(of_edition) p),
    -- Only where the two differ it is worth to look up what arrived, or may arrive, last.
    differing AS MATERIALIZED (
        SELECT w.registration_id, w.person_id, w.session_id, w.mode, l.waiting_ids, coalesce(l.is_held, false) AS is_held,
               CASE WHEN l.number = l.told_number THEN l.payload || jsonb_build_object('status', l.status)
                    ELSE last_told(of_edition, l.told_number) END AS told,
               jsonb_build_object('method', 'REQUEST', 'sequence', w.sequence, 'release', w.release, 'mode', w.mode,
                                  'is_online', w.is_online, 'starts_at', w.starts_at, 'ends_at', w.ends_at, 'held_on', w.held_on,
                                  'place', p.place, 'stamp', greatest(w.stamp, l.next_stamp)) AS payload
        FROM wanted w
        JOIN places p USING (session_id)
        LEFT JOIN latest l USING (session_id, person_id)
        WHERE l.id IS NULL OR l.payload ->> 'method' = 'CANCEL'
           OR (l.payload ->> 'sequence')::integer <> w.sequence OR l.payload ->> 'mode' <> w.mode
           OR (l.payload ->> 'is_online')::boolean <> w.is_online
    )
    SELECT d.registration_id, d.person_id, d.session_id, CASE WHEN k.is_known THEN 'KEEP' ELSE 'REQUEST' END, d.mode, d.waiting_ids,
           d.is_held AND NOT k.is_known, d.payload
    FROM differing d CROSS JOIN LATERAL (SELECT is_told(d.told, d.payload) AS is_known) k
    WHERE NOT k.is_known OR d.waiting_ids IS NOT NULL
    UNION ALL
    SELECT l.registration_id, l.person_id, l.session_id, 'CANCEL', l.payload ->> 'mode', l.waiting_ids, l.is_held,
           l.payload || jsonb_build_object('method', 'CANCEL', 'stamp', greatest(s.revised_at, r.placed_at, l.next_stamp,
                   (SELECT max(b.cancelled_at) FROM bookings b WHERE b.edition_id = of_edition
                     AND b.registration_id = l.registration_id AND b.session_id = l.session_id)),
                                           'sequence', coalesce(s.calendar_sequence, (l.payload ->> 'sequence')::integer),
                                           'release', CASE WHEN s.starts_at IS NOT NULL OR s.held_on IS NOT NULL THEN s.number
                                                           ELSE (l.payload ->> 'release')::integer END)
    FROM latest l
    LEFT JOIN wanted w USING (session_id, person_id)
    JOIN registrations r ON r.edition_id = of_edition AND r.id = l.registration_id
    LEFT JOIN release_sessions s ON s.edition_id = of_edition AND s.id = l.session_id
     AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
    WHERE w.session_id IS NULL AND l.payload ->> 'method' = 'REQUEST'  -- what has no date any more is withdrawn as it was told
$$;
COMMENT ON FUNCTION changed_entries IS
    'Where what these people should hold by the last release differs from what was last queued for them. What plans invitations and what counts them beforehand both read this. A row says KEEP where what they were last sent still holds, whatever was queued in between. News of an entry have a later stamp than the news before, also where nothing else tells them apart (RFC 5546 section 2.1.5).';

CREATE FUNCTION changed_speaking_entries(of_edition uuid, of_addresses text[])
RETURNS TABLE (speaker_id uuid, recipient text, session_id uuid, method text, mode text, waiting_ids uuid[],
               is_held boolean, payload jsonb)
LANGUAGE sql STABLE AS $$
    WITH wanted AS MATERIALIZED (SELECT e.* FROM speaking_entries(of_edition, of_addresses) e),
    latest AS MATERIALIZED (
        SELECT DISTINCT ON (o.address, m.session_id) m.id, m.number, m.session_id, m.speaker_id, m.recipient, o.address, m.status, m.payload,
               max((m.payload ->> 'stamp')::timestamptz) OVER entry + interval '1 second' AS next_stamp,
               array_agg(m.id) FILTER (WHERE m.status = 'queued') OVER entry AS waiting_ids,
               max(m.number) FILTER (WHERE o.may_be_there) OVER entry AS told_number,
               coalesce(max(m.number) FILTER (WHERE o.may_be_there AND m.payload ->> 'method' = 'REQUEST') OVER entry
                        = max(m.number) FILTER (WHERE o.may_be_there) OVER entry, false) AS is_held
        FROM messages m
        CROSS JOIN LATERAL (SELECT lower(m.recipient) AS address, m.status IN ('sent', 'sending') OR m.may_be_there AS may_be_there) o
        WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.speaker_id IS NOT NULL
          AND lower(m.recipient) = ANY (of_addresses) AND (m.status <> 'superseded' OR m.may_be_there)
        WINDOW entry AS (PARTITION BY o.address, m.session_id)
        ORDER BY o.address, m.session_id, m.status = 'superseded', m.number DESC
    ),
    differing AS MATERIALIZED (
        SELECT w.speaker_id, w.recipient, w.session_id, w.mode, l.waiting_ids, coalesce(l.is_held, false) AS is_held,
               last_told(of_edition, l.told_number) AS told,
               jsonb_build_object('speaker', w.speaker_id, 'method', 'REQUEST', 'sequence', w.sequence, 'release', w.release,
                                  'mode', w.mode, 'is_online', w.is_online, 'starts_at', w.starts_at, 'ends_at', w.ends_at,
                                  'held_on', w.held_on, 'place', p.place, 'stamp', greatest(w.stamp, l.next_stamp)) AS payload
        FROM wanted w
        JOIN told_places(of_edition) p USING (session_id)
        LEFT JOIN latest l USING (session_id, address)
        WHERE l.id IS NULL OR l.payload ->> 'method' = 'CANCEL'
           OR (l.payload ->> 'sequence')::integer <> w.sequence OR l.payload ->> 'mode' <> w.mode
           OR (l.payload ->> 'is_online')::boolean <> w.is_online
    )
    SELECT d.speaker_id, d.recipient, d.session_id, CASE WHEN k.is_known THEN 'KEEP' ELSE 'REQUEST' END, d.mode, d.waiting_ids,
           d.is_held AND NOT k.is_known, d.payload
    FROM differing d CROSS JOIN LATERAL (SELECT is_told(d.told, d.payload) AS is_known) k
    WHERE NOT k.is_known OR d.waiting_ids IS NOT NULL
    UNION ALL
    SELECT l.speaker_id, l.recipient, l.session_id, 'CANCEL', l.payload ->> 'mode', l.waiting_ids, l.is_held,
           l.payload || jsonb_build_object('method', 'CANCEL', 'stamp', greatest(s.revised_at, l.next_stamp),
                                           'sequence', coalesce(s.calendar_sequence, (l.payload ->> 'sequence')::integer),
                                           'release', CASE WHEN s.starts_at IS NOT NULL OR s.held_on IS NOT NULL THEN s.number
                                                           ELSE (l.payload ->> 'release')::integer END)
    FROM latest l
    LEFT JOIN wanted w USING (session_id, address)
    LEFT JOIN release_sessions s ON s.edition_id = of_edition AND s.id = l.session_id
     AND s.number = (SELECT max(number) FROM releases WHERE edition_id = of_edition)
    WHERE w.session_id IS NULL AND l.payload ->> 'method' = 'REQUEST'
$$;
COMMENT ON FUNCTION changed_speaking_entries IS
    'Where what should be held at these addresses by the last release differs from what was last queued for them: for speakers what changed_entries is for registrations.';

CREATE FUNCTION is_last_word(entry messages) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM messages o
                       WHERE o.kind = 'invitation' AND o.edition_id = entry.edition_id AND o.session_id = entry.session_id
                         AND o.registration_id = entry.registration_id AND o.number > entry.number
                         AND o.status NOT IN ('superseded', 'cancelled'))
       AND NOT EXISTS (SELECT FROM messages o
                       WHERE o.kind = 'invitation' AND o.edition_id = entry.edition_id AND o.session_id = entry.session_id
                         AND lower(o.recipient) = lower(entry.recipient) AND o.number > entry.number
                         AND o.status NOT IN ('superseded', 'cancelled'))
$$;
COMMENT ON FUNCTION is_last_word IS 'Whether no later mail says something else of an entry, to the same registration or to the same address.';

CREATE FUNCTION later_payload(mail messages, at timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN mail.kind = 'invitation'
                THEN mail.payload || jsonb_build_object('stamp', greatest((mail.payload ->> 'stamp')::timestamptz + interval '1 second', at))
                ELSE mail.payload END
$$;
COMMENT ON FUNCTION later_payload IS
    'What a mail says when it is sent once more: a calendar entry is then stamped later, for those applications that drop what is not newer.';

CREATE FUNCTION gather_entries(of_edition uuid, of_registrations uuid[], planned_at timestamptz, changes_in_digest integer,
                               most_alone integer, most_in_digest integer)
RETURNS bigint LANGUAGE sql SET enable_nestloop = off AS $$
    -- No nested loops, as in changed_entries; and so everything is found by the people, never in the whole table.
    WITH theirs AS MATERIALIZED (
        SELECT r.id FROM registrations r
        WHERE r.edition_id = of_edition
          AND r.person_id = ANY (ARRAY(SELECT o.person_id FROM registrations o
                                       WHERE o.edition_id = of_edition AND o.id = ANY (of_registrations)))
    ),
    lines AS MATERIALIZED (
        SELECT m.id, m.number, m.registration_id, m.person_id, m.status, m.payload ->> 'method' AS method,
               coalesce(m.payload ->> 'starts_at', m.payload ->> 'held_on') AS at,
               max(m.number) FILTER (WHERE m.status = 'queued') OVER entry AS last_queued,
               max(ARRAY[m.number, (m.payload ->> 'method' = 'REQUEST')::integer])
                   FILTER (WHERE m.status IN ('sent', 'sending') OR m.may_be_there) OVER entry AS told,
               bool_or(m.status = 'sending' AND m.digest_id IS NULL) OVER entry AS follows_alone
        FROM messages m
        WHERE m.kind = 'invitation' AND m.edition_id = of_edition AND m.registration_id = ANY (ARRAY(SELECT id FROM theirs))
          AND (m.status <> 'superseded' OR m.may_be_there)
        WINDOW entry AS (PARTITION BY m.person_id, m.session_id)
    ),
    queued AS MATERIALIZED (
        SELECT id, number, registration_id, person_id, at, follows_alone, method = 'CANCEL' OR told[2] = 1 AS is_change,
               number = last_queued AND (told IS NOT NULL OR method IS DISTINCT FROM 'CANCEL') AS is_wanted
        FROM lines WHERE status = 'queued'
    ),
    waiting AS MATERIALIZED (
        SELECT id, number, person_id, kind, resend_of FROM messages
        WHERE kind IN ('revision', 'programme_change') AND edition_id = of_edition AND status = 'queued'
          AND registration_id = ANY (ARRAY(SELECT id FROM theirs))
    ),
    people AS (
        SELECT q.person_id, w.revision_id
        FROM (SELECT person_id, count(*) AS entries, count(*) FILTER (WHERE is_change) AS changes
              FROM queued WHERE is_wanted AND NOT follows_alone GROUP BY person_id) q
        LEFT JOIN (SELECT person_id, (array_agg(id ORDER BY number DESC) FILTER (WHERE kind = 'revision'))[1] AS revision_id,
                          bool_or(kind = 'programme_change' AND resend_of IS NOT NULL) AS is_resent
                   FROM waiting GROUP BY person_id) w USING (person_id)
        WHERE q.changes >= changes_in_digest OR q.entries > most_alone OR w.revision_id IS NOT NULL OR w.is_resent
    ),
    placed AS (
        SELECT q.id, q.number, q.registration_id, q.person_id, p.revision_id,
               (row_number() OVER (PARTITION BY q.person_id ORDER BY q.at, q.number) - 1) / most_in_digest AS part
        FROM queued q JOIN people p USING (person_id) WHERE q.is_wanted AND NOT q.follows_alone
    ),
    parts AS MATERIALIZED (
        SELECT person_id, part, CASE part WHEN 0 THEN revision_id END AS revision_id, array_agg(id ORDER BY id) AS entries,
               (array_agg(registration_id ORDER BY number DESC))[1] AS registration_id
        FROM placed GROUP BY person_id, part, revision_id
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
          AND m.registration_id = ANY (ARRAY(SELECT id FROM theirs)) AND m.status = 'queued' AND m.digest_id IS DISTINCT FROM d.id
        RETURNING 1
    )
    SELECT count(*) FROM gathered
$$;
COMMENT ON FUNCTION gather_entries IS
    'Have the calendar entries that are queued for these people, by whichever registration, go out together: in the mail that tells them of a revision, or in digests, where they change so many entries or bring more than so many. An entry that a later one replaces, or that takes back what nobody has, is dropped first; one that follows another which is being sent alone goes alone after it. A digest that waits and brings just what it should stays; others are made anew, so that one Message-ID never stands for two mails, and each mail is told from the first part of a programme to the last. What is sent once more as a digest stays one.';
