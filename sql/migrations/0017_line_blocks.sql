-- How long a line is up to a place in it, without counting everybody before it.

CREATE TABLE line_blocks (
    edition_id uuid NOT NULL,
    mode text NOT NULL,
    priority smallint NOT NULL,
    block bigint NOT NULL,
    waiting integer NOT NULL CONSTRAINT line_blocks_waiting_is_not_negative CHECK (waiting >= 0),
    CONSTRAINT line_blocks_pkey PRIMARY KEY (edition_id, mode, priority, block),
    CONSTRAINT line_blocks_places_exist FOREIGN KEY (edition_id, mode) REFERENCES places
);
COMMENT ON TABLE line_blocks IS
    'How many wait for a mode in each class, for every 512 tickets; a trigger counts. Who is offered a place does not wait.';

CREATE FUNCTION spot_in_line(r registrations, people integer) RETURNS SETOF line_blocks LANGUAGE sql IMMUTABLE AS $$
    SELECT r.edition_id, r.waits_for, r.waitlist_priority, r.waitlist_ticket >> 9, people
    WHERE r.waits_for IS NOT NULL AND r.offer_expires_at IS NULL
$$;
COMMENT ON FUNCTION spot_in_line IS 'Where in a line a registration waits, if it does.';

CREATE FUNCTION count_line(changes line_blocks[]) RETURNS void LANGUAGE sql AS $$
    WITH changed AS (
        SELECT edition_id, mode, priority, block, sum(waiting)::integer AS people FROM unnest(changes)
        GROUP BY edition_id, mode, priority, block HAVING sum(waiting) <> 0
    ),
    known AS (
        UPDATE line_blocks b SET waiting = b.waiting + c.people FROM changed c
        WHERE (b.edition_id, b.mode, b.priority, b.block) = (c.edition_id, c.mode, c.priority, c.block)
        RETURNING b.edition_id, b.mode, b.priority, b.block
    )
    INSERT INTO line_blocks (edition_id, mode, priority, block, waiting)
    SELECT edition_id, mode, priority, block, people FROM changed
    WHERE (edition_id, mode, priority, block) NOT IN (SELECT edition_id, mode, priority, block FROM known)
$$;
COMMENT ON FUNCTION count_line IS 'Keeps the blocks in step with who waits. Whoever changes a line holds the lock on the places.';

CREATE FUNCTION count_new_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_line(array_agg(s)) FROM made m CROSS JOIN LATERAL spot_in_line(m, 1) s HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_new_in_line IS 'Counts new registrations that wait.';
CREATE TRIGGER registrations_count_new_in_line AFTER INSERT ON registrations
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION count_new_in_line();

CREATE FUNCTION count_moved_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_line(array_agg(s)) FROM (
        SELECT s FROM after a CROSS JOIN LATERAL spot_in_line(a, 1) s
        UNION ALL SELECT s FROM before b CROSS JOIN LATERAL spot_in_line(b, -1) s
    ) moved HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_moved_in_line IS 'Counts who joins a line, who leaves it, and who changes their class in it.';
CREATE TRIGGER registrations_count_moved_in_line AFTER UPDATE ON registrations
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_moved_in_line();

INSERT INTO line_blocks (edition_id, mode, priority, block, waiting)
SELECT s.edition_id, s.mode, s.priority, s.block, count(*) FROM registrations r CROSS JOIN LATERAL spot_in_line(r, 1) s
GROUP BY s.edition_id, s.mode, s.priority, s.block;

CREATE FUNCTION position_in_line(of_edition uuid, of_mode text, of_priority smallint, of_ticket bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT (SELECT coalesce(sum(b.waiting), 0) FROM line_blocks b
            WHERE b.edition_id = of_edition AND b.mode = of_mode AND (b.priority, b.block) < (of_priority, of_ticket >> 9))
         + (SELECT count(*) FROM registrations w
            WHERE w.edition_id = of_edition AND w.waits_for = of_mode AND w.offer_expires_at IS NULL
              AND w.waitlist_priority = of_priority
              AND w.waitlist_ticket BETWEEN (of_ticket >> 9) << 9 AND of_ticket)
$$;
COMMENT ON FUNCTION position_in_line IS 'The how manieth somebody is in a line: first in, first out inside a class.';

CREATE OR REPLACE VIEW registration_details AS
SELECT r.edition_id, r.id, r.person_id,
       jsonb_build_object('given_name', r.given_name, 'family_name', r.family_name, 'email', p.email,
                          'language', r.language, 'timezone', r.timezone) AS person,
       r.entity_id AS entity, r.delegation_id AS delegation, r.country, r.category, r.counts_against_quota, r.mode, r.status,
       r.accessibility_needs, r.consents, r.source, r.waits_for,
       CASE WHEN r.waits_for IS NOT NULL AND r.offer_expires_at IS NULL THEN
           position_in_line(r.edition_id, r.waits_for, r.waitlist_priority, r.waitlist_ticket) END AS waitlist_position,
       r.offer_expires_at,
       r.external_id, r.created_at, r.version, lower(p.email) AS address, r.language,
       fold_text(concat_ws(' ', r.given_name, r.family_name, p.email)) AS searched_text,
       coalesce((SELECT jsonb_object_agg(a.key, a.value) FROM answers a
                 WHERE a.edition_id = r.edition_id AND a.registration_id = r.id), '{}') AS answers,
       coalesce((SELECT jsonb_object_agg(a.key, a.value)
                 FROM answers a JOIN questions q ON q.edition_id = a.edition_id AND q.key = a.key
                 WHERE a.edition_id = r.edition_id AND a.registration_id = r.id AND NOT q.is_sensitive), '{}') AS open_answers
FROM registrations r JOIN persons p ON p.id = r.person_id;

DROP TRIGGER registrations_respect_objections ON registrations;
CREATE OR REPLACE FUNCTION respect_objection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM made m JOIN objections o ON (o.edition_id, o.person_id) = (m.edition_id, m.person_id)
               WHERE m.source <> 'self') THEN
        RAISE EXCEPTION 'this person registers themselves'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registrations_by_others_respect_objections';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER registrations_respect_objections AFTER INSERT ON registrations
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION respect_objection();
