-- Who takes part, who waits, and the badges of those who come in person.

CREATE SEQUENCE waitlist_tickets;
COMMENT ON SEQUENCE waitlist_tickets IS 'Arrival order in waiting lists: drawn while the lock on the places is held.';

CREATE TABLE registrations (
    edition_id uuid NOT NULL CONSTRAINT registrations_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    person_id uuid NOT NULL CONSTRAINT registrations_person_exists REFERENCES persons,
    given_name text,
    family_name text NOT NULL,
    language text NOT NULL,
    timezone text NOT NULL,
    entity_id uuid CONSTRAINT registrations_entity_exists REFERENCES entities,
    delegation_id uuid,
    country text CONSTRAINT registrations_country_is_two_letters CHECK (country ~ '^[A-Z]{2}$'),
    category text NOT NULL,
    counts_against_quota boolean NOT NULL DEFAULT true,
    mode text NOT NULL CONSTRAINT registrations_mode_is_known CHECK (mode IN ('in_person', 'online')),
    status text NOT NULL CONSTRAINT registrations_status_is_known CHECK (status IN
        ('submitted', 'approved', 'declined', 'waitlisted', 'withdrawn', 'revoked', 'erased')),
    waits_for text CONSTRAINT registrations_wait_for_a_known_mode CHECK (waits_for IN ('in_person', 'online')),
    waitlist_priority smallint,
    waitlist_ticket bigint,
    offer_expires_at timestamptz,
    online_while_waiting boolean NOT NULL DEFAULT false,
    accessibility_needs text,
    consents text[] NOT NULL DEFAULT '{}',
    source text NOT NULL CONSTRAINT registrations_source_is_known CHECK (source IN
        ('self', 'registrar', 'client', 'focal_point', 'import', 'invitation')),
    external_id text,
    version integer NOT NULL DEFAULT 1,
    made_by_token uuid DEFAULT nullif(current_setting('forum.token_id', true), '')::uuid,
    created_at timestamptz NOT NULL,
    placed_at timestamptz NOT NULL,
    edited_at timestamptz,
    CONSTRAINT registrations_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT registrations_delegation_exists FOREIGN KEY (edition_id, delegation_id) REFERENCES delegations,
    CONSTRAINT registrations_one_per_external_id UNIQUE (edition_id, external_id),
    CONSTRAINT registrations_wait_for_what_they_have_not CHECK (CASE status
        WHEN 'waitlisted' THEN waits_for IS NOT NULL AND waits_for = mode
        WHEN 'approved' THEN waits_for IS NULL OR waits_for <> mode
        ELSE waits_for IS NULL END),
    CONSTRAINT registrations_waiting_have_a_ticket CHECK
        ((waits_for IS NOT NULL) = (waitlist_ticket IS NOT NULL) AND (waits_for IS NOT NULL) = (waitlist_priority IS NOT NULL)),
    CONSTRAINT registrations_only_waiting_have_an_offer CHECK (offer_expires_at IS NULL OR waits_for IS NOT NULL)
);
COMMENT ON TABLE registrations IS 'A person at an edition: as whom, how, and whether they have a place.';
COMMENT ON COLUMN registrations.counts_against_quota IS 'Not for assistants and interpreters: the quota of their delegation is for others.';
COMMENT ON COLUMN registrations.waits_for IS 'In which line the person stands: somebody who takes part online may wait for the hall.';
COMMENT ON COLUMN registrations.waitlist_priority IS 'The class within which the line is first in, first out; the lowest is the first.';
COMMENT ON COLUMN registrations.offer_expires_at IS 'Until when a place is held for somebody who has yet to say yes.';
COMMENT ON COLUMN registrations.made_by_token IS
    'Who registered the person, for the first row of the history: many people can be registered in one statement.';
COMMENT ON COLUMN registrations.placed_at IS 'When status or mode last changed; part of the DTSTAMP of the person''s invitations.';
COMMENT ON COLUMN registrations.edited_at IS 'When details were last edited.';
CREATE UNIQUE INDEX registrations_one_active_per_person ON registrations (edition_id, person_id)
    WHERE status IN ('submitted', 'approved', 'waitlisted');
CREATE INDEX registrations_waiting ON registrations (edition_id, waits_for, waitlist_priority, waitlist_ticket)
    WHERE waits_for IS NOT NULL AND offer_expires_at IS NULL;
CREATE INDEX registrations_offered ON registrations (offer_expires_at) WHERE offer_expires_at IS NOT NULL;
CREATE INDEX registrations_by_person ON registrations (person_id);

CREATE TABLE registration_moves (
    from_status text NOT NULL,
    to_status text NOT NULL,
    CONSTRAINT registration_moves_pkey PRIMARY KEY (from_status, to_status)
);
COMMENT ON TABLE registration_moves IS 'Every change of status that a registration can go through.';
INSERT INTO registration_moves (from_status, to_status) VALUES
    ('submitted', 'approved'), ('submitted', 'waitlisted'), ('submitted', 'declined'), ('submitted', 'withdrawn'),
    ('waitlisted', 'approved'), ('waitlisted', 'declined'), ('waitlisted', 'withdrawn'),
    ('approved', 'withdrawn'), ('approved', 'revoked'),
    ('submitted', 'erased'), ('waitlisted', 'erased'), ('approved', 'erased'),
    ('declined', 'erased'), ('withdrawn', 'erased'), ('revoked', 'erased');

CREATE TABLE registration_transitions (
    edition_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    number integer NOT NULL,
    status text NOT NULL,
    mode text NOT NULL,
    waits_for text,
    offer_expires_at timestamptz,
    category text NOT NULL,
    country text,
    delegation_id uuid,
    is_move boolean NOT NULL,
    at timestamptz NOT NULL,
    by_token uuid,
    reason text,
    CONSTRAINT registration_transitions_pkey PRIMARY KEY (edition_id, registration_id, number),
    CONSTRAINT registration_transitions_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
COMMENT ON TABLE registration_transitions IS
    'Every change of status or mode, with who did it and why, and of what registrations are counted by; written by a trigger.';
COMMENT ON COLUMN registration_transitions.is_move IS 'Whether status, mode, line or offer changed, rather than category, country or delegation.';

CREATE TABLE badge_keys (
    id smallint GENERATED ALWAYS AS IDENTITY CONSTRAINT badge_keys_pkey PRIMARY KEY,
    private_key bytea NOT NULL,
    public_key bytea NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE badge_keys IS 'The Ed25519 keys that badges are signed with; the newest signs.';

CREATE TABLE badges (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    registration_id uuid NOT NULL,
    serial bigint GENERATED ALWAYS AS IDENTITY,
    key_id smallint NOT NULL CONSTRAINT badges_key_exists REFERENCES badge_keys,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT badges_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT badges_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
CREATE UNIQUE INDEX badges_id_is_unique ON badges (id);
COMMENT ON TABLE badges IS 'One live badge for each approved registration in person; made and revoked by a trigger.';
CREATE INDEX badges_by_serial ON badges (edition_id, serial) WHERE revoked_at IS NULL;
CREATE INDEX badges_by_revocation ON badges (edition_id, revoked_at, id) WHERE revoked_at IS NOT NULL;
CREATE UNIQUE INDEX badges_one_live_per_registration ON badges (edition_id, registration_id) WHERE revoked_at IS NULL;

CREATE FUNCTION priority_of(classes jsonb, category text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(min(number), jsonb_array_length(classes) + 1)::smallint
    FROM jsonb_array_elements(classes) WITH ORDINALITY AS class (categories, number) WHERE categories ? category
$$;
COMMENT ON FUNCTION priority_of IS 'The priority class of a category: the first that names it, or one after the last.';

CREATE FUNCTION join_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.waits_for IS NULL THEN
        NEW.waitlist_ticket := NULL;
        NEW.waitlist_priority := NULL;
        NEW.offer_expires_at := NULL;
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' OR OLD.waits_for IS DISTINCT FROM NEW.waits_for THEN
        NEW.waitlist_ticket := nextval('waitlist_tickets');
        NEW.offer_expires_at := CASE TG_OP WHEN 'INSERT' THEN NEW.offer_expires_at END;
    END IF;
    NEW.waitlist_priority := (SELECT priority_of(priority_classes, NEW.category) FROM editions WHERE id = NEW.edition_id);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION join_line IS 'Who joins a line goes to the end of it, in the class of their category; who leaves it leaves nothing behind.';
CREATE TRIGGER registrations_join_line BEFORE INSERT OR UPDATE OF waits_for, category ON registrations
    FOR EACH ROW EXECUTE FUNCTION join_line();

CREATE TYPE held_place AS (
    edition_id uuid, mode text, delegation_id uuid, counts_against_quota boolean, category text, places integer
);

CREATE FUNCTION held_places(r registrations, places integer) RETURNS SETOF held_place LANGUAGE sql IMMUTABLE AS $$
    SELECT r.edition_id, r.mode, r.delegation_id, r.counts_against_quota, r.category, places WHERE r.status = 'approved'
    UNION ALL
    SELECT r.edition_id, r.waits_for, r.delegation_id, r.counts_against_quota, r.category, places
    WHERE r.offer_expires_at IS NOT NULL
$$;
COMMENT ON FUNCTION held_places IS 'The places that a registration holds: where it is approved, and where one is offered to it.';

CREATE FUNCTION count_places(changes held_place[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE quotas q
    SET taken = q.taken + c.places,
        kept_over_quota = least(q.kept_over_quota, greatest(q.taken + c.places - q.quota, 0))
    FROM (SELECT edition_id, delegation_id, mode, sum(places)::integer AS places FROM unnest(changes)
          WHERE counts_against_quota AND delegation_id IS NOT NULL GROUP BY 1, 2, 3) c
    WHERE c.places <> 0
      AND (q.edition_id, q.delegation_id, q.mode) = (c.edition_id, c.delegation_id, c.mode);
    UPDATE reserves v SET taken = v.taken + c.places
    FROM (SELECT edition_id, mode, category, sum(places)::integer AS places FROM unnest(changes) GROUP BY 1, 2, 3) c
    WHERE c.places <> 0 AND (v.edition_id, v.mode, v.category) = (c.edition_id, c.mode, c.category)
      AND v.released_at IS NULL;
    UPDATE places p
    SET taken = p.taken + c.places, held_back = h.held_back,
        kept_over_capacity = least(p.kept_over_capacity, greatest(p.taken + c.places + h.held_back - p.capacity, 0))
    FROM (SELECT edition_id, mode, sum(places)::integer AS places FROM unnest(changes) GROUP BY 1, 2) c
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(greatest(v.places - v.taken, 0)), 0)::integer AS held_back FROM reserves v
        WHERE (v.edition_id, v.mode) = (c.edition_id, c.mode) AND v.released_at IS NULL
    ) h
    WHERE (p.edition_id, p.mode) = (c.edition_id, c.mode) AND (c.places, h.held_back) <> (0, p.held_back);
END $$;
COMMENT ON FUNCTION count_places IS 'Keeps the counters of quotas, reserves and places in step with the places that registrations hold.';

CREATE FUNCTION record_registrations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO registration_transitions (edition_id, registration_id, number, status, mode, waits_for, offer_expires_at,
                                          category, country, delegation_id, is_move, at, by_token, reason)
    SELECT r.edition_id, r.id, r.version, r.status, r.mode, r.waits_for, r.offer_expires_at, r.category, r.country,
           r.delegation_id, true, r.placed_at, r.made_by_token, nullif(current_setting('forum.reason', true), '')
    FROM made r;
    INSERT INTO badges (edition_id, id, registration_id, key_id, created_at)
    SELECT r.edition_id, gen_random_uuid(), r.id, (SELECT max(id) FROM badge_keys), r.placed_at
    FROM made r WHERE (r.status, r.mode) = ('approved', 'in_person');
    INSERT INTO outbox (kind, payload)
    SELECT 'invite_registration', jsonb_build_object('kind', 'invite_registration', 'edition_id', r.edition_id, 'registration_id', r.id)
    FROM made r;
    PERFORM count_places(array_agg(h)) FROM made r CROSS JOIN LATERAL held_places(r, 1) h HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_registrations IS 'Gives new registrations their history, badge, calendar and count, so that no service can forget one.';
CREATE TRIGGER registrations_are_recorded AFTER INSERT ON registrations
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION record_registrations();

CREATE FUNCTION record_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM after a JOIN before b ON (b.edition_id, b.id) = (a.edition_id, a.id)
    WHERE b.status <> a.status
      AND NOT EXISTS (SELECT FROM registration_moves m WHERE (m.from_status, m.to_status) = (b.status, a.status));
    IF FOUND THEN
        RAISE EXCEPTION 'a registration cannot change its status like this'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registrations_move_is_allowed', TABLE = 'registrations';
    END IF;
    INSERT INTO registration_transitions (edition_id, registration_id, number, status, mode, waits_for, offer_expires_at,
                                          category, country, delegation_id, is_move, at, by_token, reason)
    SELECT a.edition_id, a.id, a.version, a.status, a.mode, a.waits_for, a.offer_expires_at, a.category, a.country,
           a.delegation_id, m.is_move, CASE WHEN m.is_move THEN a.placed_at ELSE a.edited_at END,
           nullif(current_setting('forum.token_id', true), '')::uuid, nullif(current_setting('forum.reason', true), '')
    FROM after a JOIN before b ON (b.edition_id, b.id) = (a.edition_id, a.id)
    CROSS JOIN LATERAL (SELECT (a.status, a.mode, a.waits_for, a.offer_expires_at)
                               IS DISTINCT FROM (b.status, b.mode, b.waits_for, b.offer_expires_at) AS is_move) m
    WHERE m.is_move OR (a.category, a.country, a.delegation_id) IS DISTINCT FROM (b.category, b.country, b.delegation_id);
    UPDATE badges SET revoked_at = a.placed_at FROM after a
    WHERE (badges.edition_id, badges.registration_id) = (a.edition_id, a.id) AND badges.revoked_at IS NULL
      AND (a.status, a.mode) <> ('approved', 'in_person');
    INSERT INTO badges (edition_id, id, registration_id, key_id, created_at)
    SELECT a.edition_id, gen_random_uuid(), a.id, (SELECT max(id) FROM badge_keys), a.placed_at
    FROM after a JOIN before b ON (b.edition_id, b.id) = (a.edition_id, a.id)
    WHERE (a.status, a.mode) = ('approved', 'in_person') AND (b.status, b.mode) <> ('approved', 'in_person');
    INSERT INTO outbox (kind, payload)
    SELECT 'invite_registration', jsonb_build_object('kind', 'invite_registration', 'edition_id', a.edition_id, 'registration_id', a.id)
    FROM after a JOIN before b ON (b.edition_id, b.id) = (a.edition_id, a.id)
    WHERE (a.status, a.mode) <> (b.status, b.mode)
       OR (a.offer_expires_at IS NOT NULL AND a.offer_expires_at IS DISTINCT FROM b.offer_expires_at);
    PERFORM count_places(array_agg(h)) FROM (
        SELECT h FROM after a CROSS JOIN LATERAL held_places(a, 1) h
        UNION ALL SELECT h FROM before b CROSS JOIN LATERAL held_places(b, -1) h
    ) held HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_transitions IS 'Keeps history, badges, calendars and counters in step with registrations, and refuses what no registration goes through.';
CREATE TRIGGER registrations_record_transitions AFTER UPDATE ON registrations
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION record_transitions();

CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_places(ARRAY[ROW(NEW.edition_id, NEW.mode, NULL, false, NEW.category, 0)::held_place]);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION hold_back IS 'What is reserved is held back from all others; refused when they have it already.';
CREATE TRIGGER reserves_hold_back AFTER INSERT OR UPDATE OF places, released_at ON reserves
    FOR EACH ROW EXECUTE FUNCTION hold_back();

CREATE TYPE claimant AS (id uuid, delegation_id uuid, counts_against_quota boolean, category text);

CREATE FUNCTION deal_places(of_edition uuid, of_mode text, claimants claimant[]) RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    free integer;
    of_quota jsonb;
    of_reserve jsonb;
    who claimant;
BEGIN
    SELECT capacity - taken - held_back INTO free FROM places WHERE edition_id = of_edition AND mode = of_mode;
    SELECT coalesce(jsonb_object_agg(q.delegation_id, q.quota - q.taken), '{}') INTO of_quota FROM quotas q
    WHERE q.edition_id = of_edition AND q.mode = of_mode AND q.quota IS NOT NULL
      AND q.delegation_id IN (SELECT delegation_id FROM unnest(claimants) WHERE counts_against_quota);
    SELECT coalesce(jsonb_object_agg(v.category, v.places - v.taken), '{}') INTO of_reserve FROM reserves v
    WHERE v.edition_id = of_edition AND v.mode = of_mode AND v.released_at IS NULL AND v.taken < v.places;
    FOREACH who IN ARRAY coalesce(claimants, '{}') LOOP
        CONTINUE WHEN who.counts_against_quota AND (of_quota ->> who.delegation_id::text)::integer <= 0;
        IF (of_reserve ->> who.category)::integer > 0 THEN
            of_reserve := jsonb_set(of_reserve, ARRAY[who.category], to_jsonb((of_reserve ->> who.category)::integer - 1));
        ELSIF free <= 0 THEN
            CONTINUE;
        ELSE
            free := free - 1;
        END IF;
        IF who.counts_against_quota AND of_quota ? who.delegation_id::text THEN
            of_quota := jsonb_set(of_quota, ARRAY[who.delegation_id::text],
                                  to_jsonb((of_quota ->> who.delegation_id::text)::integer - 1));
        END IF;
        RETURN NEXT who.id;
    END LOOP;
END $$;
COMMENT ON FUNCTION deal_places IS 'Which of these people get a place of a mode, in their order: while one is free or reserved for their category, and their delegation''s quota lasts. The caller holds the lock on the places, taken in a statement before.';

CREATE FUNCTION promote_in_line(of_edition uuid, of_mode text, promoted_at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    chosen uuid[];
    has_promoted boolean := false;
    is_offered boolean;
    expires_at timestamptz;
BEGIN
    SELECT promotion = 'offer', promoted_at + make_interval(hours => offer_hours) INTO is_offered, expires_at
    FROM editions WHERE id = of_edition;
    LOOP
        WITH room AS (
            SELECT capacity - taken - held_back AS free, held_back FROM places WHERE edition_id = of_edition AND mode = of_mode
        ),
        line AS (
            SELECT ROW(r.id, r.delegation_id, r.counts_against_quota, r.category)::claimant AS who
            FROM room, registrations r
            WHERE r.edition_id = of_edition AND r.waits_for = of_mode AND r.offer_expires_at IS NULL
              AND (room.free IS NULL OR room.free > 0 OR (room.held_back > 0 AND EXISTS (
                  SELECT FROM reserves v WHERE (v.edition_id, v.mode, v.category) = (of_edition, of_mode, r.category)
                    AND v.released_at IS NULL AND v.taken < v.places)))
              AND (r.delegation_id IS NULL OR NOT r.counts_against_quota OR NOT EXISTS (
                  SELECT FROM quotas q WHERE (q.edition_id, q.delegation_id, q.mode) = (of_edition, r.delegation_id, of_mode)
                    AND q.quota <= q.taken))
            ORDER BY r.waitlist_priority, r.waitlist_ticket
            LIMIT (SELECT CASE WHEN free IS NULL THEN 1000 ELSE least(greatest(free, 0) + held_back, 1000) END FROM room)
        )
        SELECT array_agg(dealt.id) INTO chosen
        FROM deal_places(of_edition, of_mode, (SELECT array_agg(who) FROM line)) dealt (id);
        EXIT WHEN chosen IS NULL;
        has_promoted := true;
        UPDATE registrations
        SET status = CASE WHEN is_offered THEN status ELSE 'approved' END,
            mode = CASE WHEN is_offered THEN mode ELSE of_mode END,
            waits_for = CASE WHEN is_offered THEN waits_for END,
            offer_expires_at = CASE WHEN is_offered THEN expires_at END,
            placed_at = promoted_at, version = version + 1
        WHERE edition_id = of_edition AND id = ANY (chosen);
    END LOOP;
    RETURN has_promoted;
END $$;
COMMENT ON FUNCTION promote_in_line IS 'Give, or offer, the free places of one mode to the first in line who may have them; whether somebody was promoted.';

CREATE FUNCTION promote_waiting(of_edition uuid, promoted_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('forum.reason', 'A place became free.', true);
    PERFORM promote_in_line(of_edition, 'in_person', promoted_at);
    WHILE promote_in_line(of_edition, 'online', promoted_at) AND promote_in_line(of_edition, 'in_person', promoted_at) LOOP
    END LOOP;
END $$;
COMMENT ON FUNCTION promote_waiting IS 'Leave no place free for which somebody waits who may have it: who takes part online and is promoted to the hall frees a place online. The caller holds the lock on the places of both modes, taken in a statement before.';
