-- Sessions that people star, and revisions of editions: one step that moves or turns an edition, and one mail for each person.

CREATE TABLE stars (
    edition_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    session_id uuid NOT NULL,
    starred_at timestamptz NOT NULL,
    CONSTRAINT stars_pkey PRIMARY KEY (edition_id, registration_id, session_id),
    CONSTRAINT stars_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT stars_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions
);
COMMENT ON TABLE stars IS 'Published sessions that somebody wants to go to. It gives no place, and only the person reads it.';
CREATE INDEX stars_by_session ON stars (edition_id, session_id);
INSERT INTO erasure_rules (table_name, rule) VALUES ('stars', 'deleted');

CREATE TABLE edition_revisions (
    edition_id uuid NOT NULL CONSTRAINT edition_revisions_edition_exists REFERENCES editions,
    number integer NOT NULL CONSTRAINT edition_revisions_count_from_one CHECK (number > 0),
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    reason jsonb NOT NULL,
    sessions text NOT NULL CONSTRAINT edition_revisions_plan_is_known CHECK (sessions IN ('shift', 'keep', 'unschedule')),
    revised_at timestamptz NOT NULL,
    by_token uuid NOT NULL,
    CONSTRAINT edition_revisions_pkey PRIMARY KEY (edition_id, number),
    CONSTRAINT edition_revisions_change_something CHECK (before <> after)
);
COMMENT ON TABLE edition_revisions IS 'What an announced edition was moved from and to, when, by which token and why; never changed.';
COMMENT ON COLUMN edition_revisions.sessions IS 'What became of the programme: moved along, left where it was, or taken off its times.';
CREATE TRIGGER edition_revisions_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON edition_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION move_by_days(moment timestamptz, days integer, old_zone text, new_zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (moment AT TIME ZONE old_zone + make_interval(days => days)) AT TIME ZONE new_zone;
COMMENT ON FUNCTION move_by_days IS 'The same time of day so many days later, by the clocks of the place: ten o''clock stays ten o''clock through a change to summer time.';

CREATE FUNCTION hold_programme(of_edition uuid, with_registrations boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM sessions WHERE edition_id = of_edition ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM rooms WHERE edition_id = of_edition ORDER BY id FOR SHARE;
    IF with_registrations THEN
        PERFORM FROM registrations WHERE edition_id = of_edition AND status IN ('submitted', 'approved', 'waitlisted')
        ORDER BY id FOR NO KEY UPDATE;
    END IF;
    PERFORM FROM session_places WHERE edition_id = of_edition ORDER BY session_id, mode FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION hold_programme IS
    'Lock everything that moves with an edition, in the order that all others keep (0014): who moves many sessions at once waits in no circle.';

CREATE FUNCTION planned_sessions(
    of_edition uuid, plan text, days integer, old_zone text, new_zone text, is_virtual boolean, is_elsewhere boolean, at timestamptz
) RETURNS TABLE (
    id uuid, title jsonb, old_starts_at timestamptz, old_ends_at timestamptz, old_held_on date, old_mode text,
    starts_at timestamptz, ends_at timestamptz, held_on date, room_id uuid, mode text, loses_room boolean
) LANGUAGE sql STABLE AS $$
    SELECT s.id, s.title, s.starts_at, s.ends_at, s.held_on, s.mode, p.starts_at, p.ends_at, p.held_on, p.room_id, p.mode,
           s.room_id IS NOT NULL AND p.room_id IS NULL
    FROM sessions s LEFT JOIN rooms r ON r.edition_id = s.edition_id AND r.id = s.room_id
    CROSS JOIN LATERAL (
        SELECT CASE plan WHEN 'shift' THEN move_by_days(s.starts_at, days, old_zone, new_zone)
                         WHEN 'keep' THEN s.starts_at END AS starts_at,
               CASE plan WHEN 'shift' THEN move_by_days(s.ends_at, days, old_zone, new_zone) WHEN 'keep' THEN s.ends_at END AS ends_at,
               CASE plan WHEN 'shift' THEN s.held_on + days WHEN 'keep' THEN s.held_on END AS held_on,
               CASE WHEN NOT is_virtual AND plan <> 'unschedule' THEN s.room_id END AS room_id,
               CASE WHEN is_virtual THEN 'online' ELSE s.mode END AS mode
    ) p
    WHERE s.edition_id = of_edition
      AND coalesce(s.starts_at, s.held_on::timestamp AT TIME ZONE old_zone, 'infinity') > at
      AND ((p.starts_at, p.ends_at, p.held_on, p.room_id, p.mode)
           IS DISTINCT FROM (s.starts_at, s.ends_at, s.held_on, s.room_id, s.mode)
           OR (is_elsewhere AND p.mode <> 'online' AND r.venue IS NULL AND s.type NOT IN ('linked_event', 'preparatory')))
$$;
COMMENT ON FUNCTION planned_sessions IS
    'The sessions that change with their edition, before and after. What has begun stays as it was; the entry of what is held in the edition''s own venue changes with that, unless it is of a type that is held elsewhere.';

CREATE FUNCTION replan_sessions(
    of_edition uuid, plan text, days integer, old_zone text, new_zone text, is_virtual boolean, is_elsewhere boolean, at timestamptz
) RETURNS TABLE (
    id uuid, title jsonb, old_starts_at timestamptz, old_ends_at timestamptz, old_held_on date, old_mode text,
    starts_at timestamptz, ends_at timestamptz, held_on date, mode text, loses_room boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    planned uuid[] := ARRAY(
        SELECT p.id FROM planned_sessions(of_edition, plan, days, old_zone, new_zone, is_virtual, is_elsewhere, at) p);
    confirmed uuid[] := ARRAY(
        SELECT s.id FROM sessions s WHERE s.edition_id = of_edition AND s.id = ANY (planned) AND s.status = 'confirmed');
BEGIN
    UPDATE sessions s SET status = 'draft' WHERE s.edition_id = of_edition AND s.id = ANY (confirmed);
    RETURN QUERY
    WITH moved AS MATERIALIZED (
        SELECT p.id, p.title, p.old_starts_at, p.old_ends_at, p.old_held_on, p.old_mode, p.starts_at, p.ends_at, p.held_on,
               p.room_id, p.mode, p.loses_room
        FROM planned_sessions(of_edition, plan, days, old_zone, new_zone, is_virtual, is_elsewhere, at) p
    ),
    written AS (
        UPDATE sessions s
        SET starts_at = m.starts_at, ends_at = m.ends_at, held_on = m.held_on, room_id = m.room_id, mode = m.mode,
            status = CASE WHEN s.id = ANY (confirmed) THEN 'confirmed' ELSE s.status END,
            calendar_sequence = s.calendar_sequence + 1, revised_at = at, version = s.version + 1
        FROM moved m WHERE s.edition_id = of_edition AND s.id = m.id
    )
    SELECT m.id, m.title, m.old_starts_at, m.old_ends_at, m.old_held_on, m.old_mode, m.starts_at, m.ends_at, m.held_on, m.mode,
           m.loses_room
    FROM moved m
    ORDER BY coalesce(m.old_starts_at, m.old_held_on::timestamp AT TIME ZONE old_zone, 'infinity'), m.id;
END $$;
COMMENT ON FUNCTION replan_sessions IS
    'Move the sessions of an edition with it; what was moved. Rows move one after the other, and a room is free only once all have left it: so confirmed sessions are drafts in between, which claim nothing and raise no calendar sequence. It rises by one for each that moves.';

CREATE FUNCTION keep_online(of_edition uuid, people uuid[]) RETURNS void LANGUAGE sql AS $$
    UPDATE places SET kept_over_capacity = kept_over_capacity + cardinality(people)
    WHERE edition_id = of_edition AND mode = 'online' AND people <> '{}';
    UPDATE quotas q SET kept_over_quota = q.kept_over_quota + c.people
    FROM (SELECT r.delegation_id, count(*)::integer AS people FROM registrations r
          WHERE r.edition_id = of_edition AND r.id = ANY (people) AND r.counts_against_quota AND r.delegation_id IS NOT NULL
          GROUP BY r.delegation_id) c
    WHERE q.edition_id = of_edition AND q.delegation_id = c.delegation_id AND q.mode = 'online';
$$;
COMMENT ON FUNCTION keep_online IS
    'Let these people have a place online beyond capacity and quota: count_places takes back what of it they did not need.';

CREATE FUNCTION turn_bookings_online(of_edition uuid, turned_at timestamptz) RETURNS void LANGUAGE sql AS $$
    WITH turned AS (
        UPDATE bookings b SET mode = 'online', placed_at = turned_at, version = b.version + 1
        FROM sessions s
        WHERE s.edition_id = of_edition AND s.mode = 'online'
          AND b.edition_id = s.edition_id AND b.session_id = s.id AND b.mode = 'in_person' AND b.status <> 'cancelled'
        RETURNING b.session_id, b.status
    ),
    places AS (SELECT session_id, count(*)::integer AS number FROM turned WHERE status <> 'waitlisted' GROUP BY session_id)
    UPDATE session_places p
    SET taken = p.taken + CASE p.mode WHEN 'online' THEN c.number ELSE -c.number END,
        kept_over_capacity = CASE p.mode WHEN 'online' THEN coalesce(greatest(p.taken + c.number - p.capacity, 0), 0)
                                         ELSE greatest(p.kept_over_capacity - c.number, 0) END
    FROM places c WHERE p.edition_id = of_edition AND p.session_id = c.session_id
$$;
COMMENT ON FUNCTION turn_bookings_online IS
    'What was booked in the hall of a session that is online now is booked online; nobody loses a place, and both lines become one in order of arrival.';

CREATE FUNCTION turn_online(of_edition uuid, turned_at timestamptz, OUT switched integer, OUT badges integer) LANGUAGE plpgsql AS $$
DECLARE
    turning uuid[] := ARRAY(
        SELECT id FROM registrations
        WHERE edition_id = of_edition AND status IN ('submitted', 'approved', 'waitlisted')
          AND 'in_person' IN (mode, coalesce(waits_for, mode)) ORDER BY id);
    line jsonb := (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'ticket', waitlist_ticket, 'offer', offer_expires_at)), '[]')
        FROM registrations WHERE edition_id = of_edition AND id = ANY (turning) AND status = 'waitlisted');
    place record;
BEGIN
    SELECT count(*) FILTER (WHERE r.mode = 'in_person'), count(b.id) INTO switched, badges
    FROM registrations r
    LEFT JOIN badges b ON b.edition_id = r.edition_id AND b.registration_id = r.id AND b.revoked_at IS NULL
    WHERE r.edition_id = of_edition AND r.id = ANY (turning);
    PERFORM turn_bookings_online(of_edition, turned_at);
    PERFORM keep_online(of_edition, ARRAY(SELECT id FROM registrations WHERE edition_id = of_edition AND id = ANY (turning)
                                            AND (status, mode) = ('approved', 'in_person')));
    UPDATE registrations
    SET mode = 'online', waits_for = CASE status WHEN 'waitlisted' THEN 'online' END, placed_at = turned_at, version = version + 1
    WHERE edition_id = of_edition AND id = ANY (turning);
    PERFORM keep_online(of_edition, ARRAY(SELECT (w ->> 'id')::uuid FROM jsonb_array_elements(line) AS w WHERE w ->> 'offer' IS NOT NULL));
    UPDATE registrations r
    SET waitlist_ticket = w.ticket, offer_expires_at = w.offer, version = r.version + (w.offer IS NOT NULL)::integer
    FROM jsonb_to_recordset(line) AS w (id uuid, ticket bigint, offer timestamptz)
    WHERE r.edition_id = of_edition AND r.id = w.id;
    PERFORM promote_waiting(of_edition, turned_at);
    FOR place IN SELECT DISTINCT session_id FROM bookings
                 WHERE edition_id = of_edition AND mode = 'online' AND status = 'waitlisted' ORDER BY session_id LOOP
        PERFORM promote_bookings(of_edition, place.session_id, 'online', turned_at);
    END LOOP;
END $$;
COMMENT ON FUNCTION turn_online IS
    'Everybody who takes part in person, or waits for it, does so online from now on, with their bookings: who has a place keeps one, also beyond capacity and quota; who waits keeps the place in line that their arrival gives them. Badges and letters end by their triggers. How many were switched, and how many badges were revoked. The caller holds the places of both modes and what hold_programme locks.';

CREATE FUNCTION refuse_hall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM editions WHERE id = NEW.edition_id AND mode = 'online') THEN
        RAISE EXCEPTION 'the edition is held online' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'registrations_of_virtual_editions_are_online', TABLE = 'registrations';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION refuse_hall IS
    'Who asked for the hall before the edition turned virtual, and was answered after: what is read with the lock on the places is older than the lock, but not what is read here.';
CREATE TRIGGER registrations_refuse_hall AFTER INSERT ON registrations
    FOR EACH ROW WHEN (NEW.mode = 'in_person' OR NEW.waits_for = 'in_person') EXECUTE FUNCTION refuse_hall();
CREATE TRIGGER registrations_refuse_hall_later AFTER UPDATE OF mode, waits_for ON registrations
    FOR EACH ROW WHEN ((NEW.mode = 'in_person' AND OLD.mode <> 'in_person')
                       OR (NEW.waits_for = 'in_person' AND OLD.waits_for IS DISTINCT FROM 'in_person'))
    EXECUTE FUNCTION refuse_hall();

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal', 'speaker', 'change_request',
     'booking', 'revision'));
ALTER TABLE messages ADD COLUMN digest_id uuid;
COMMENT ON COLUMN messages.digest_id IS 'The mail in which this entry goes out with others; what becomes of that mail becomes of it.';
CREATE INDEX messages_of_digest ON messages (digest_id) WHERE digest_id IS NOT NULL;
DROP INDEX messages_by_registration;
CREATE INDEX messages_by_registration ON messages (edition_id, registration_id, number)
    WHERE kind IN ('registration', 'revision');

CREATE FUNCTION follow_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'superseded' THEN
        UPDATE messages SET digest_id = NULL WHERE digest_id = NEW.id AND status = 'queued';
    ELSE
        UPDATE messages SET status = NEW.status, sent_at = NEW.sent_at, attempts = NEW.attempts, last_error = NEW.last_error
        WHERE digest_id = NEW.id AND status IN ('queued', 'sending');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_digest IS 'The entries of a digest are queued, under way, sent or given up with it; those of one that another takes the place of are free.';
CREATE TRIGGER messages_follow_digest AFTER UPDATE OF status ON messages
    FOR EACH ROW WHEN (NEW.kind = 'revision' AND NEW.status <> OLD.status) EXECUTE FUNCTION follow_digest();
