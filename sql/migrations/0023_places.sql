-- Registrations as registrars look for them, filtered by any field, in the order that they choose; what else places lacked.

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'proposal', 'speaker', 'change_request',
     'booking'));

CREATE FUNCTION registrations_wanted(
    of_edition uuid, of_status text, of_mode text, of_category text, of_country text, of_delegation uuid, of_entity uuid,
    of_email text, of_external_id text, of_source text, of_language text, of_timezone text, of_consent text, of_line text,
    that_counts boolean, that_has_offer boolean, that_has_needs boolean, made_from timestamptz, made_before timestamptz,
    of_question text, of_answer text, of_words text, within_reach uuid[],
    in_order text, after_id uuid, after_name text, after_at timestamptz, at_most bigint
) RETURNS TABLE (id uuid, place bigint) LANGUAGE plpgsql STABLE ROWS 50 SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY SELECT page.id, row_number() OVER () FROM (SELECT r.id
    FROM registrations r JOIN persons p ON p.id = r.person_id
    WHERE r.edition_id = of_edition
      AND (of_status IS NULL OR r.status = of_status) AND (of_mode IS NULL OR r.mode = of_mode)
      AND (of_category IS NULL OR r.category = of_category) AND (of_country IS NULL OR r.country = of_country)
      AND (of_delegation IS NULL OR r.delegation_id = of_delegation) AND (of_entity IS NULL OR r.entity_id = of_entity)
      AND (of_email IS NULL OR lower(p.email) = lower(of_email))
      AND (of_external_id IS NULL OR r.external_id = of_external_id) AND (of_source IS NULL OR r.source = of_source)
      AND (of_language IS NULL OR r.language = of_language) AND (of_timezone IS NULL OR r.timezone = of_timezone)
      AND (of_consent IS NULL OR of_consent = ANY (r.consents)) AND (of_line IS NULL OR r.waits_for = of_line)
      AND (that_counts IS NULL OR r.counts_against_quota = that_counts)
      AND (that_has_offer IS NULL OR (r.offer_expires_at IS NOT NULL) = that_has_offer)
      AND (that_has_needs IS NULL OR (r.accessibility_needs IS NOT NULL) = that_has_needs)
      AND (made_from IS NULL OR r.created_at >= made_from) AND (made_before IS NULL OR r.created_at < made_before)
      AND (of_question IS NULL OR EXISTS (
          SELECT FROM answers a JOIN questions q ON q.edition_id = a.edition_id AND q.key = a.key
          WHERE a.edition_id = r.edition_id AND a.registration_id = r.id AND a.key = of_question
            AND (within_reach IS NULL OR NOT q.is_sensitive)
            AND (of_answer IS NULL OR a.value @> to_jsonb(of_answer) OR a.value #>> '{}' = of_answer)))
      AND (of_words IS NULL OR fold_text(concat_ws(' ', r.given_name, r.family_name, p.email))
                               LIKE ALL ((SELECT word_patterns(of_words))::text[]))
      AND (within_reach IS NULL OR r.delegation_id = ANY (within_reach))
      AND (after_id IS NULL OR CASE in_order
          WHEN '-created_at' THEN r.id < after_id
          WHEN 'family_name' THEN (fold_text(left(r.family_name, 40)), r.id) > (fold_text(after_name), after_id)
          WHEN '-family_name' THEN (fold_text(left(r.family_name, 40)), r.id) < (fold_text(after_name), after_id)
          WHEN 'status_changed_at' THEN (r.placed_at, r.id) > (after_at, after_id)
          WHEN '-status_changed_at' THEN (r.placed_at, r.id) < (after_at, after_id)
          ELSE r.id > after_id END)
    ORDER BY CASE in_order WHEN 'family_name' THEN fold_text(left(r.family_name, 40)) END,
             CASE in_order WHEN '-family_name' THEN fold_text(left(r.family_name, 40)) END DESC,
             CASE in_order WHEN 'status_changed_at' THEN r.placed_at END,
             CASE in_order WHEN '-status_changed_at' THEN r.placed_at END DESC,
             CASE WHEN in_order LIKE '-%' THEN r.id END DESC,
             CASE WHEN in_order NOT LIKE '-%' THEN r.id END
    LIMIT at_most) page;
END $$;
COMMENT ON FUNCTION registrations_wanted IS
    'One page of the registrations of an edition that all the filters let through (null: any), of some delegations (null: of all), and their order on it. It is planned each time, so filters that are not given cost nothing. Sensitive answers are found by who reads all of the edition only. Names are put in order by their first 40 characters.';

-- Bookings: their history, and places that are offered until they are taken or expire, where the edition promotes so.

ALTER TABLE bookings ADD COLUMN offer_expires_at timestamptz, ADD COLUMN placed_at timestamptz;
COMMENT ON COLUMN bookings.offer_expires_at IS 'Until when a place is held for somebody who has yet to say yes; no later than the session begins.';
COMMENT ON COLUMN bookings.placed_at IS 'When the status last changed.';
ALTER TABLE bookings DISABLE TRIGGER USER;
UPDATE bookings SET placed_at = coalesce(cancelled_at, confirmed_at, created_at);
ALTER TABLE bookings ENABLE TRIGGER USER;
ALTER TABLE bookings ALTER COLUMN placed_at SET NOT NULL,
    ADD CONSTRAINT bookings_offered_have_an_end CHECK ((status = 'offered') = (offer_expires_at IS NOT NULL));
CREATE INDEX bookings_offered ON bookings (offer_expires_at) WHERE status = 'offered';

CREATE TABLE booking_transitions (
    edition_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    number integer NOT NULL,
    registration_id uuid NOT NULL,
    status text NOT NULL,
    mode text NOT NULL,
    offer_expires_at timestamptz,
    at timestamptz NOT NULL,
    by_token uuid,
    reason text,
    CONSTRAINT booking_transitions_pkey PRIMARY KEY (edition_id, booking_id, number),
    CONSTRAINT booking_transitions_booking_exists FOREIGN KEY (edition_id, booking_id) REFERENCES bookings
);
COMMENT ON TABLE booking_transitions IS 'Every change of a booking, with who did it and why; written by a trigger.';
COMMENT ON COLUMN booking_transitions.number IS 'The version of the booking that came of it.';
COMMENT ON COLUMN booking_transitions.registration_id IS 'Whose booking it is, so that erasure finds it.';
CREATE INDEX booking_transitions_by_registration ON booking_transitions (edition_id, registration_id);
INSERT INTO booking_transitions (edition_id, booking_id, number, registration_id, status, mode, at)
SELECT edition_id, id, version, registration_id, status, mode, placed_at FROM bookings;
INSERT INTO erasure_rules (table_name, rule) VALUES ('booking_transitions', 'deleted');

CREATE FUNCTION record_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload, created_at, next_try_at)
    SELECT b.edition_id, 'booking', p.email, p.id, b.session_id, b.registration_id,
           jsonb_build_object('news', 'seat_offered', 'by_others', false, 'until', b.offer_expires_at), b.placed_at, now()
    FROM made b
    JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id
    JOIN persons p ON p.id = r.person_id
    WHERE b.status = 'offered'
      AND NOT EXISTS (SELECT FROM booking_transitions t WHERE t.edition_id = b.edition_id AND t.booking_id = b.id
                        AND t.status = 'offered' AND t.offer_expires_at = b.offer_expires_at);
    INSERT INTO booking_transitions (edition_id, booking_id, number, registration_id, status, mode, offer_expires_at, at,
                                     by_token, reason)
    SELECT edition_id, id, version, registration_id, status, mode, offer_expires_at, placed_at,
           nullif(current_setting('forum.token_id', true), '')::uuid, nullif(current_setting('forum.reason', true), '')
    FROM made;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_bookings IS
    'Gives bookings their history, and tells who is offered a place, so that no service can forget it. Whatever changes a booking raises its version.';
CREATE TRIGGER bookings_record_made AFTER INSERT ON bookings
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION record_bookings();
CREATE TRIGGER bookings_record_moved AFTER UPDATE ON bookings
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION record_bookings();

CREATE FUNCTION refuse_booking_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a booking cannot change its status like this'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'bookings_move_is_allowed', TABLE = 'bookings';
END $$;
COMMENT ON FUNCTION refuse_booking_move IS 'Waiting leads to an offer or a place, an offer to a place, and all of them to the end; nothing else.';
CREATE TRIGGER bookings_refuse_moves BEFORE UPDATE OF status ON bookings FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('waitlisted', 'confirmed'), ('waitlisted', 'offered'), ('waitlisted', 'cancelled'),
        ('offered', 'confirmed'), ('offered', 'cancelled'), ('confirmed', 'cancelled')))
    EXECUTE FUNCTION refuse_booking_move();

CREATE OR REPLACE VIEW booking_details AS
SELECT b.edition_id, b.id, b.session_id AS session, b.registration_id AS registration, b.mode, b.status,
       CASE WHEN b.status = 'waitlisted' THEN
           (SELECT count(*) FROM bookings w WHERE w.edition_id = b.edition_id AND w.session_id = b.session_id
             AND w.mode = b.mode AND w.status = 'waitlisted' AND w.waitlist_ticket <= b.waitlist_ticket) END
           AS waitlist_position,
       b.created_at, b.confirmed_at, b.cancelled_at, b.version, r.person_id, b.offer_expires_at
FROM bookings b JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id;

CREATE OR REPLACE FUNCTION promote_bookings(of_edition uuid, of_session uuid, of_mode text, promoted_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    reason_before text := coalesce(current_setting('forum.reason', true), '');
BEGIN
    PERFORM set_config('forum.reason', 'A place became free.', true);
    WITH free AS (
        SELECT p.capacity - p.taken AS places, e.promotion = 'offer' AS is_offered,
               least(promoted_at + make_interval(hours => e.offer_hours), s.begins_at) AS expires_at
        FROM session_places p JOIN bookable_sessions s ON s.edition_id = p.edition_id AND s.id = p.session_id
        JOIN editions e ON e.id = p.edition_id
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
        UPDATE bookings b
        SET status = CASE WHEN free.is_offered THEN 'offered' ELSE 'confirmed' END, waitlist_ticket = NULL,
            confirmed_at = CASE WHEN NOT free.is_offered THEN promoted_at END,
            offer_expires_at = CASE WHEN free.is_offered THEN free.expires_at END,
            placed_at = promoted_at, version = version + 1
        FROM first_in_line f, free WHERE b.edition_id = of_edition AND b.id = f.id
        RETURNING b.id
    )
    UPDATE session_places SET taken = taken + (SELECT count(*) FROM promoted)
    WHERE edition_id = of_edition AND session_id = of_session AND mode = of_mode AND EXISTS (SELECT FROM promoted);
    PERFORM set_config('forum.reason', reason_before, true);
END $$;
COMMENT ON FUNCTION promote_bookings IS
    'Give, or offer, every free place of a session in a mode to who has waited longest, until it begins. The caller holds the lock on its session_places, taken in a statement before.';

CREATE OR REPLACE FUNCTION cancel_bookings(of_edition uuid, booking_ids uuid[], ended_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place record;
BEGIN
    PERFORM FROM session_places p
    WHERE p.edition_id = of_edition
      AND (p.session_id, p.mode) IN (SELECT b.session_id, b.mode FROM bookings b
                                     WHERE b.edition_id = of_edition AND b.id = ANY (booking_ids))
    ORDER BY p.session_id, p.mode FOR NO KEY UPDATE;
    WITH before AS (
        SELECT id, status FROM bookings WHERE edition_id = of_edition AND id = ANY (booking_ids) AND status <> 'cancelled'
    ),
    ended AS (
        UPDATE bookings b SET status = 'cancelled', waitlist_ticket = NULL, offer_expires_at = NULL, cancelled_at = ended_at,
               placed_at = ended_at, version = version + 1
        FROM before WHERE b.edition_id = of_edition AND b.id = before.id
        RETURNING b.session_id, b.mode, before.status AS status_before
    ),
    freed AS (
        SELECT session_id, mode, count(*) AS places FROM ended WHERE status_before <> 'waitlisted' GROUP BY session_id, mode
    )
    UPDATE session_places p
    SET taken = p.taken - f.places, kept_over_capacity = greatest(p.kept_over_capacity - f.places, 0)
    FROM freed f WHERE p.edition_id = of_edition AND p.session_id = f.session_id AND p.mode = f.mode;
    FOR place IN SELECT DISTINCT session_id, mode FROM bookings
                 WHERE edition_id = of_edition AND id = ANY (booking_ids) ORDER BY session_id, mode LOOP
        PERFORM promote_bookings(of_edition, place.session_id, place.mode, ended_at);
    END LOOP;
END $$;

CREATE FUNCTION lapse_booking_offers(of_edition uuid, lapsed_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('forum.token_id', '', true), set_config('forum.reason', 'The offer expired.', true);
    PERFORM FROM session_places p
    WHERE p.edition_id = of_edition
      AND (p.session_id, p.mode) IN (SELECT b.session_id, b.mode FROM bookings b
                                     WHERE b.edition_id = of_edition AND b.status = 'offered' AND b.offer_expires_at <= lapsed_at)
    ORDER BY p.session_id, p.mode FOR NO KEY UPDATE;
    PERFORM cancel_bookings(of_edition, ARRAY(SELECT b.id FROM bookings b WHERE b.edition_id = of_edition
                                                AND b.status = 'offered' AND b.offer_expires_at <= lapsed_at), lapsed_at);
END $$;
COMMENT ON FUNCTION lapse_booking_offers IS
    'Pass on the places of sessions that were offered and not accepted in time: read once more under the lock, since somebody may have accepted meanwhile.';
