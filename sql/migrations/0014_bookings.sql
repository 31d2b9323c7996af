-- Who has booked a place in a session of access `booking`, who waits for one, and the counters that decide it.
--
-- Locks are taken in this order, each in a statement of its own, so that nobody waits in a circle:
--   the places of the edition (whoever moves registrations), or a session and its room (whoever moves a session);
--   then a registration; then session_places, by session and mode; then what hangs on them.
-- Who books locks the registration, then one row of session_places: a registration that is withdrawn meanwhile is
-- either seen as withdrawn, or finds the booking and cancels it. Who cancels a booking, and who changes a room, locks
-- session_places only. Nobody who holds session_places locks anything that stands before it: a promotion trusts that
-- every waiting booking fits its registration, because the trigger below cancels those that do not before it lets go.
-- Only an import moves several sessions in one transaction, in the order of its file: where it meets somebody who gives
-- up several bookings at once, PostgreSQL may end one of the two, which is then tried again.

CREATE SEQUENCE booking_tickets;
COMMENT ON SEQUENCE booking_tickets IS 'Arrival order in waiting lists of sessions: drawn while the lock on session_places is held.';

CREATE TABLE session_places (
    edition_id uuid NOT NULL,
    session_id uuid NOT NULL,
    mode text NOT NULL CONSTRAINT session_places_mode_is_known CHECK (mode IN ('in_person', 'online')),
    capacity integer CONSTRAINT session_places_capacity_is_not_negative CHECK (capacity >= 0),
    taken integer NOT NULL DEFAULT 0 CONSTRAINT session_places_taken_is_not_negative CHECK (taken >= 0),
    kept_over_capacity integer NOT NULL DEFAULT 0
        CONSTRAINT session_places_kept_over_capacity_is_not_negative CHECK (kept_over_capacity >= 0),
    CONSTRAINT session_places_pkey PRIMARY KEY (edition_id, session_id, mode),
    CONSTRAINT session_places_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT session_places_taken_never_exceed_capacity CHECK (taken <= capacity + kept_over_capacity)
) WITH (fillfactor = 70);
COMMENT ON TABLE session_places IS 'How many places a session to be booked has per mode (null: no limit), and how many are taken.';
COMMENT ON COLUMN session_places.capacity IS
    'In the hall the smaller of what the session and what its room allows; none in a mode in which it is not held. Kept by triggers.';
COMMENT ON COLUMN session_places.kept_over_capacity IS 'People who keep their place after the capacity was lowered below use; it only shrinks.';

CREATE TABLE bookings (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    mode text NOT NULL CONSTRAINT bookings_mode_is_known CHECK (mode IN ('in_person', 'online')),
    status text NOT NULL CONSTRAINT bookings_status_is_known CHECK (status IN
        ('confirmed', 'waitlisted', 'offered', 'cancelled')),
    waitlist_ticket bigint,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    cancelled_at timestamptz,
    CONSTRAINT bookings_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT bookings_session_has_places FOREIGN KEY (edition_id, session_id, mode) REFERENCES session_places,
    CONSTRAINT bookings_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT bookings_waiting_have_a_ticket CHECK ((status = 'waitlisted') = (waitlist_ticket IS NOT NULL)),
    CONSTRAINT bookings_are_confirmed_at_a_time CHECK
        (status = 'cancelled' OR (status = 'confirmed') = (confirmed_at IS NOT NULL)),
    CONSTRAINT bookings_are_cancelled_at_a_time CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL))
);
COMMENT ON TABLE bookings IS 'A registration''s place in a session of access booking, or its place in line for one.';
COMMENT ON COLUMN bookings.mode IS 'Always that of the registration: who is registered for the hall is not let in online, nor the other way round.';
COMMENT ON COLUMN bookings.confirmed_at IS 'When the place was given; kept when it is given back.';
CREATE UNIQUE INDEX bookings_one_active_per_registration_and_session ON bookings (edition_id, registration_id, session_id)
    WHERE status <> 'cancelled';
CREATE INDEX bookings_waiting ON bookings (edition_id, session_id, mode, waitlist_ticket) WHERE status = 'waitlisted';
CREATE INDEX bookings_by_session ON bookings (edition_id, session_id, id);
CREATE INDEX bookings_by_registration ON bookings (edition_id, registration_id, id);

CREATE VIEW booking_details AS
SELECT b.edition_id, b.id, b.session_id AS session, b.registration_id AS registration, b.mode, b.status,
       CASE WHEN b.status = 'waitlisted' THEN
           (SELECT count(*) FROM bookings w WHERE w.edition_id = b.edition_id AND w.session_id = b.session_id
             AND w.mode = b.mode AND w.status = 'waitlisted' AND w.waitlist_ticket <= b.waitlist_ticket) END
           AS waitlist_position,
       b.created_at, b.confirmed_at, b.cancelled_at, b.version, r.person_id
FROM bookings b JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id;
COMMENT ON VIEW booking_details IS 'A booking as the contract shows it.';

CREATE VIEW bookable_sessions AS
SELECT s.edition_id, s.id, s.access, s.status, s.mode,
       coalesce(s.starts_at, s.held_on::timestamp AT TIME ZONE e.timezone) AS begins_at, e.status AS edition_status
FROM sessions s JOIN editions e ON e.id = s.edition_id;
COMMENT ON VIEW bookable_sessions IS 'What decides whether a session can be booked. One of which only the day is known begins with that day.';

CREATE FUNCTION is_booking_admitted(of_edition uuid, of_session uuid, of_registration uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM bookings b
               WHERE b.edition_id = of_edition AND b.registration_id = of_registration AND b.session_id = of_session
                 AND b.confirmed_at IS NOT NULL AND (b.cancelled_at IS NULL OR b.cancelled_at > at));
COMMENT ON FUNCTION is_booking_admitted IS
    'Whether a registration had a place in a session at an instant. As with badges, only the end of it is compared: clocks of devices may lag behind a promotion.';

CREATE FUNCTION promote_bookings(of_edition uuid, of_session uuid, of_mode text, promoted_at timestamptz) RETURNS void LANGUAGE sql AS $$
    WITH free AS (
        SELECT p.capacity - p.taken AS places
        FROM session_places p JOIN bookable_sessions s ON s.edition_id = p.edition_id AND s.id = p.session_id
        WHERE p.edition_id = of_edition AND p.session_id = of_session AND p.mode = of_mode
          AND s.access = 'booking' AND s.status = 'confirmed' AND (s.begins_at IS NULL OR s.begins_at > promoted_at)
    ),
    first_in_line AS (
        SELECT b.id FROM bookings b
        WHERE b.edition_id = of_edition AND b.session_id = of_session AND b.mode = of_mode AND b.status = 'waitlisted'
          AND EXISTS (SELECT FROM free)
        ORDER BY b.waitlist_ticket LIMIT (SELECT CASE WHEN places IS NOT NULL THEN greatest(places, 0) END FROM free)
    ),
    promoted AS (
        UPDATE bookings b SET status = 'confirmed', waitlist_ticket = NULL, confirmed_at = promoted_at, version = version + 1
        FROM first_in_line f WHERE b.edition_id = of_edition AND b.id = f.id
        RETURNING b.id
    )
    UPDATE session_places SET taken = taken + (SELECT count(*) FROM promoted)
    WHERE edition_id = of_edition AND session_id = of_session AND mode = of_mode AND EXISTS (SELECT FROM promoted)
$$;
COMMENT ON FUNCTION promote_bookings IS
    'Give every free place of a session in a mode to who has waited longest, until it begins. The caller holds the lock on its session_places, taken in a statement before.';

CREATE FUNCTION cancel_bookings(of_edition uuid, booking_ids uuid[], ended_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place record;
BEGIN
    PERFORM FROM session_places p
    WHERE p.edition_id = of_edition
      AND (p.session_id, p.mode) IN (SELECT b.session_id, b.mode FROM bookings b
                                     WHERE b.edition_id = of_edition AND b.id = ANY (booking_ids))
    ORDER BY p.session_id, p.mode FOR NO KEY UPDATE;
    WITH ended AS (
        UPDATE bookings SET status = 'cancelled', waitlist_ticket = NULL, cancelled_at = ended_at, version = version + 1
        WHERE edition_id = of_edition AND id = ANY (booking_ids) AND status <> 'cancelled'
        RETURNING session_id, mode, confirmed_at
    ),
    freed AS (
        SELECT session_id, mode, count(*) AS places FROM ended WHERE confirmed_at IS NOT NULL GROUP BY session_id, mode
    )
    UPDATE session_places p
    SET taken = p.taken - f.places, kept_over_capacity = greatest(p.kept_over_capacity - f.places, 0)
    FROM freed f WHERE p.edition_id = of_edition AND p.session_id = f.session_id AND p.mode = f.mode;
    FOR place IN SELECT DISTINCT session_id, mode FROM bookings
                 WHERE edition_id = of_edition AND id = ANY (booking_ids) ORDER BY session_id, mode LOOP
        PERFORM promote_bookings(of_edition, place.session_id, place.mode, ended_at);
    END LOOP;
END $$;
COMMENT ON FUNCTION cancel_bookings IS
    'Give places back and pass them on to who waits, in this transaction. What is cancelled already stays as it is.';

CREATE FUNCTION follow_registration() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    misfits uuid[] := ARRAY(SELECT id FROM bookings
                            WHERE edition_id = NEW.edition_id AND registration_id = NEW.id AND status <> 'cancelled'
                              AND (NEW.status <> 'approved' OR mode <> NEW.mode));
BEGIN
    IF misfits <> '{}' THEN
        PERFORM cancel_bookings(NEW.edition_id, misfits, NEW.placed_at);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_registration IS 'Bookings end with the registration, or the way of taking part, that they were made for: no service can forget it.';
CREATE TRIGGER registrations_cancel_bookings AFTER UPDATE ON registrations
    FOR EACH ROW WHEN (OLD.status = 'approved' AND (NEW.status, NEW.mode) IS DISTINCT FROM (OLD.status, OLD.mode))
    EXECUTE FUNCTION follow_registration();

CREATE FUNCTION follow_session() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    room_capacity integer;
BEGIN
    IF NEW.access = 'booking' THEN
        -- Shared: who changes the room's capacity waits, and then finds this session in it.
        SELECT capacity INTO room_capacity FROM rooms WHERE edition_id = NEW.edition_id AND id = NEW.room_id FOR SHARE;
        INSERT INTO session_places (edition_id, session_id, mode, capacity)
        VALUES (NEW.edition_id, NEW.id, 'in_person',
                CASE WHEN NEW.mode = 'online' THEN 0 ELSE least(NEW.in_person_capacity, room_capacity) END),
               (NEW.edition_id, NEW.id, 'online', CASE WHEN NEW.mode = 'in_person' THEN 0 ELSE NEW.online_capacity END)
        ON CONFLICT ON CONSTRAINT session_places_pkey DO UPDATE
            SET capacity = excluded.capacity, kept_over_capacity = greatest(session_places.taken - excluded.capacity, 0);
    END IF;
    PERFORM FROM session_places WHERE edition_id = NEW.edition_id AND session_id = NEW.id ORDER BY mode FOR NO KEY UPDATE;
    IF NEW.status = 'cancelled' THEN
        PERFORM cancel_bookings(NEW.edition_id,
                                ARRAY(SELECT id FROM bookings WHERE edition_id = NEW.edition_id AND session_id = NEW.id
                                        AND status <> 'cancelled'), NEW.revised_at);
    ELSE
        PERFORM promote_bookings(NEW.edition_id, NEW.id, 'in_person', NEW.revised_at);
        PERFORM promote_bookings(NEW.edition_id, NEW.id, 'online', NEW.revised_at);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_session IS
    'Keeps places in step with a session: more of them promote, fewer of them take none away, and a cancelled session cancels every booking. Bookings of one that need not be booked any more are kept, should that change again.';
CREATE TRIGGER sessions_make_places AFTER INSERT ON sessions
    FOR EACH ROW WHEN (NEW.access = 'booking') EXECUTE FUNCTION follow_session();
CREATE TRIGGER sessions_settle_places AFTER UPDATE ON sessions
    FOR EACH ROW WHEN ((NEW.access, NEW.mode, NEW.status, NEW.starts_at, NEW.held_on, NEW.room_id, NEW.in_person_capacity,
                        NEW.online_capacity)
                       IS DISTINCT FROM
                       (OLD.access, OLD.mode, OLD.status, OLD.starts_at, OLD.held_on, OLD.room_id, OLD.in_person_capacity,
                        OLD.online_capacity))
    EXECUTE FUNCTION follow_session();

CREATE FUNCTION follow_room() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place record;
BEGIN
    PERFORM FROM session_places p JOIN sessions s ON s.edition_id = p.edition_id AND s.id = p.session_id
    WHERE p.edition_id = NEW.edition_id AND s.room_id = NEW.id AND s.mode <> 'online' AND p.mode = 'in_person'
    ORDER BY p.session_id FOR NO KEY UPDATE OF p;
    FOR place IN
        UPDATE session_places p
        SET capacity = least(s.in_person_capacity, NEW.capacity),
            kept_over_capacity = greatest(p.taken - least(s.in_person_capacity, NEW.capacity), 0)
        FROM sessions s
        WHERE p.edition_id = NEW.edition_id AND s.edition_id = p.edition_id AND s.id = p.session_id AND s.room_id = NEW.id
          AND s.mode <> 'online' AND p.mode = 'in_person'
        RETURNING p.session_id
    LOOP
        PERFORM promote_bookings(NEW.edition_id, place.session_id, 'in_person', NEW.revised_at);
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_room IS 'Keeps places in step with the room that sessions are held in.';
CREATE TRIGGER rooms_settle_places AFTER UPDATE ON rooms
    FOR EACH ROW WHEN (NEW.capacity IS DISTINCT FROM OLD.capacity) EXECUTE FUNCTION follow_room();

CREATE FUNCTION invite_booked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (kind, payload)
    SELECT 'invite_registration',
           jsonb_build_object('kind', 'invite_registration', 'edition_id', edition_id, 'registration_id', registration_id)
    FROM made WHERE confirmed_at IS NOT NULL
    GROUP BY edition_id, registration_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION invite_booked IS
    'Whoever was given a place, or gives one back, has their calendar follow: forum.jobs.InviteRegistration, published here because most places change hands in triggers.';
CREATE TRIGGER bookings_invite_made AFTER INSERT ON bookings
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invite_booked();
CREATE TRIGGER bookings_invite_moved AFTER UPDATE ON bookings
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invite_booked();

INSERT INTO erasure_rules (table_name, rule, basis) VALUES ('bookings', 'kept', 'statistics');
