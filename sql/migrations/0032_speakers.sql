-- What became of lists of speakers, of requests for the floor and of statements: since when, by which token, and why.
--
-- Whoever changes one of them says who they are, when and why in `forum.token_id`, `forum.changed_at` and `forum.reason`, for as
-- long as the transaction lasts; triggers write it down. Without an instant nothing is written at all.

CREATE TABLE speakers_list_transitions (
    edition_id uuid NOT NULL,
    list_id uuid NOT NULL,
    number integer NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    delegation_seconds integer NOT NULL,
    group_seconds integer NOT NULL,
    extra_seconds integer NOT NULL,
    changeover_seconds integer NOT NULL,
    published boolean NOT NULL,
    session_ids uuid[] NOT NULL,
    at timestamptz NOT NULL,
    by_token uuid,
    CONSTRAINT speakers_list_transitions_pkey PRIMARY KEY (edition_id, list_id, number),
    CONSTRAINT speakers_list_transitions_list_exists FOREIGN KEY (edition_id, list_id) REFERENCES speakers_lists
);
COMMENT ON TABLE speakers_list_transitions IS 'The rules that a list of speakers had, each time that they were written: since when, and by which token.';

CREATE TABLE speaking_request_transitions (
    edition_id uuid NOT NULL,
    request_id uuid NOT NULL,
    number integer NOT NULL,
    registration_id uuid,
    status text NOT NULL,
    rank text NOT NULL,
    allotted_seconds integer,
    at timestamptz NOT NULL,
    by_token uuid,
    reason text,
    CONSTRAINT speaking_request_transitions_pkey PRIMARY KEY (edition_id, request_id, number),
    CONSTRAINT speaking_request_transitions_request_exists FOREIGN KEY (edition_id, request_id) REFERENCES speaking_requests,
    CONSTRAINT speaking_request_transitions_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
COMMENT ON TABLE speaking_request_transitions IS 'Every status, rank and time that a request for the floor had: since when, by which token, and why.';
COMMENT ON COLUMN speaking_request_transitions.allotted_seconds IS 'Null: what the rules of the list gave.';
CREATE INDEX speaking_request_transitions_by_registration ON speaking_request_transitions (edition_id, registration_id)
    WHERE registration_id IS NOT NULL;

CREATE TABLE speaking_statement_transitions (
    edition_id uuid NOT NULL,
    request_id uuid NOT NULL,
    number integer NOT NULL,
    registration_id uuid,
    language text NOT NULL,
    media_type text NOT NULL,
    bytes integer NOT NULL,
    sha256 bytea NOT NULL,
    published boolean NOT NULL,
    at timestamptz NOT NULL,
    by_token uuid,
    CONSTRAINT speaking_statement_transitions_pkey PRIMARY KEY (edition_id, request_id, number),
    CONSTRAINT speaking_statement_transitions_request_exists FOREIGN KEY (edition_id, request_id) REFERENCES speaking_requests,
    CONSTRAINT speaking_statement_transitions_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
COMMENT ON TABLE speaking_statement_transitions IS 'That the text of a statement was handed in, replaced, published or taken back: when, and by which token. Of texts that were replaced the digest stays.';
CREATE INDEX speaking_statement_transitions_by_registration ON speaking_statement_transitions (edition_id, registration_id)
    WHERE registration_id IS NOT NULL;

ALTER TABLE speaking_requests ALTER COLUMN requested_by_token DROP NOT NULL;
COMMENT ON COLUMN speaking_requests.requested_by_token IS 'Null once the person whose token it was is erased.';

INSERT INTO erasure_rules (table_name, rule) VALUES
    ('speaking_request_transitions', 'emptied'),
    ('speaking_statement_transitions', 'emptied');

-- What is there already begins its history with what it is.
INSERT INTO speakers_list_transitions
SELECT edition_id, id, version, opens_at, closes_at, delegation_seconds, group_seconds, extra_seconds, changeover_seconds, published,
       ARRAY(SELECT m.session_id FROM speakers_list_sessions m WHERE (m.edition_id, m.list_id) = (l.edition_id, l.id) ORDER BY m.position),
       created_at, NULL
FROM speakers_lists l;
INSERT INTO speaking_request_transitions
SELECT edition_id, id, version, registration_id, status, rank, allotted_seconds, coalesce(ended_at, started_at, requested_at), NULL,
       reason
FROM speaking_requests;
INSERT INTO speaking_statement_transitions
SELECT edition_id, request_id, version, registration_id, language, media_type, octet_length(content), sha256(content), published,
       uploaded_at, NULL
FROM speaking_statements;

CREATE FUNCTION acting_token() RETURNS uuid LANGUAGE sql STABLE
RETURN nullif(current_setting('forum.token_id', true), '')::uuid;
COMMENT ON FUNCTION acting_token IS 'The token with which somebody acts, for the histories that triggers write; null where nobody said so.';

CREATE FUNCTION acting_instant() RETURNS timestamptz LANGUAGE sql STABLE
RETURN nullif(current_setting('forum.changed_at', true), '')::timestamptz;
COMMENT ON FUNCTION acting_instant IS 'When they act, by the clock of the one who asked.';

CREATE FUNCTION record_speakers_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO speakers_list_transitions (edition_id, list_id, number, opens_at, closes_at, delegation_seconds, group_seconds,
                                           extra_seconds, changeover_seconds, published, session_ids, at, by_token)
    SELECT NEW.edition_id, NEW.id, NEW.version, NEW.opens_at, NEW.closes_at, NEW.delegation_seconds, NEW.group_seconds,
           NEW.extra_seconds, NEW.changeover_seconds, NEW.published,
           ARRAY(SELECT m.session_id FROM speakers_list_sessions m WHERE (m.edition_id, m.list_id) = (NEW.edition_id, NEW.id)
                 ORDER BY m.position), acting_instant(), acting_token();
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_speakers_list IS 'Gives a list its history, so that no service can forget it.';
CREATE TRIGGER speakers_lists_are_recorded AFTER INSERT OR UPDATE OF version ON speakers_lists
    FOR EACH ROW EXECUTE FUNCTION record_speakers_list();

CREATE FUNCTION record_sessions_of_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE speakers_list_transitions h
    SET session_ids = ARRAY(SELECT m.session_id FROM speakers_list_sessions m
                            WHERE (m.edition_id, m.list_id) = (h.edition_id, h.list_id) ORDER BY m.position)
    FROM speakers_lists l
    WHERE (l.edition_id, l.id) IN (SELECT edition_id, list_id FROM given)
      AND (h.edition_id, h.list_id, h.number) = (l.edition_id, l.id, l.version);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_sessions_of_list IS 'The sessions of a list are written after it: its newest line has those that it was given.';
CREATE TRIGGER speakers_list_sessions_are_recorded AFTER INSERT ON speakers_list_sessions
    REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION record_sessions_of_list();

CREATE FUNCTION record_speaking_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO speaking_request_transitions (edition_id, request_id, number, registration_id, status, rank, allotted_seconds, at,
                                              by_token, reason)
    VALUES (NEW.edition_id, NEW.id, NEW.version, NEW.registration_id, NEW.status, NEW.rank, NEW.allotted_seconds, acting_instant(),
            acting_token(), nullif(current_setting('forum.reason', true), ''));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_speaking_request IS 'Gives a request its history, so that no service can forget it.';
CREATE TRIGGER speaking_requests_begin_their_history AFTER INSERT ON speaking_requests
    FOR EACH ROW EXECUTE FUNCTION record_speaking_request();
CREATE TRIGGER speaking_requests_are_recorded AFTER UPDATE OF status, rank, allotted_seconds ON speaking_requests FOR EACH ROW
    WHEN ((NEW.status, NEW.rank, NEW.allotted_seconds) IS DISTINCT FROM (OLD.status, OLD.rank, OLD.allotted_seconds))
    EXECUTE FUNCTION record_speaking_request();

CREATE FUNCTION record_speaking_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO speaking_statement_transitions (edition_id, request_id, number, registration_id, language, media_type, bytes, sha256,
                                                published, at, by_token)
    VALUES (NEW.edition_id, NEW.request_id, NEW.version, NEW.registration_id, NEW.language, NEW.media_type,
            octet_length(NEW.content), sha256(NEW.content), NEW.published, acting_instant(), acting_token());
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_speaking_statement IS 'Gives a statement its history, so that no service can forget it.';
CREATE TRIGGER speaking_statements_are_recorded AFTER INSERT OR UPDATE OF version ON speaking_statements
    FOR EACH ROW EXECUTE FUNCTION record_speaking_statement();

CREATE OR REPLACE FUNCTION end_speaking_requests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM speakers_lists l
    WHERE l.edition_id = NEW.edition_id
      AND l.id IN (SELECT r.list_id FROM speaking_requests r WHERE r.edition_id = NEW.edition_id AND r.registration_id = NEW.id)
    ORDER BY l.id FOR NO KEY UPDATE;
    PERFORM set_config('forum.changed_at', NEW.placed_at::text, true);
    UPDATE speaking_requests SET status = 'withdrawn', position = NULL, ended_at = NEW.placed_at, version = version + 1
    WHERE edition_id = NEW.edition_id AND registration_id = NEW.id AND status IN ('requested', 'accepted');
    IF NEW.status = 'erased' THEN
        PERFORM empty_speaking_requests(NEW.edition_id, NEW.id, OLD.person_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION empty_speaking_requests(of_edition uuid, of_registration uuid, of_person uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM speaking_statements t USING speaking_requests r
    WHERE t.edition_id = of_edition AND t.registration_id = of_registration AND r.edition_id = t.edition_id
      AND r.id = t.request_id AND NOT (r.status = 'spoke' AND t.published);
    DELETE FROM speaking_statement_transitions h
    WHERE h.edition_id = of_edition AND h.registration_id = of_registration
      AND NOT EXISTS (SELECT FROM speaking_statements t WHERE t.edition_id = h.edition_id AND t.request_id = h.request_id);
    UPDATE speaking_statement_transitions SET by_token = NULL
    WHERE edition_id = of_edition AND registration_id = of_registration
      AND by_token IN (SELECT k.id FROM tokens k WHERE k.person_id = of_person);
    UPDATE speaking_request_moves SET reason = 'erased' WHERE edition_id = of_edition AND registration_id = of_registration;
    UPDATE speaking_request_transitions
    SET reason = NULL, by_token = CASE WHEN by_token NOT IN (SELECT k.id FROM tokens k WHERE k.person_id = of_person) THEN by_token END
    WHERE edition_id = of_edition AND registration_id = of_registration;
    UPDATE speaking_requests
    SET needs_more_time = false, reason = NULL,
        requested_by_token = CASE WHEN requested_by_token NOT IN (SELECT k.id FROM tokens k WHERE k.person_id = of_person)
                             THEN requested_by_token END
    WHERE edition_id = of_edition AND registration_id = of_registration;
$$;
COMMENT ON FUNCTION empty_speaking_requests IS
    'Of who is erased stays that a delegation spoke, and what was published of it: not why, and not that they did anything themselves.';

-- As before, and a request that is taken out by this has an end.
CREATE OR REPLACE FUNCTION unite_speaking_requests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM speakers_lists l
    WHERE (l.edition_id, l.id) IN (SELECT r.edition_id, r.list_id FROM speaking_requests r WHERE r.entity_id = NEW.id)
    ORDER BY l.edition_id, l.id FOR NO KEY UPDATE;
    UPDATE speaking_requests r SET status = 'withdrawn', position = NULL, reason = 'Its entity is that of another request.',
                                   ended_at = acting_instant(), version = r.version + 1
    FROM speaking_requests o
    WHERE o.edition_id = r.edition_id AND o.list_id = r.list_id AND o.id <> r.id
      AND r.status IN ('requested', 'accepted') AND o.status IN ('requested', 'accepted', 'started', 'paused')
      AND ((r.entity_id = NEW.id AND o.entity_id = NEW.merged_into)
           OR (r.entity_id = NEW.merged_into AND o.entity_id = NEW.id AND o.status IN ('started', 'paused')));
    UPDATE speaking_requests SET entity_id = NEW.merged_into, version = version + 1 WHERE entity_id = NEW.id;
    UPDATE speaking_requests r SET delegation_id = d.merged_into
    FROM delegations d
    WHERE r.entity_id = NEW.merged_into AND d.edition_id = r.edition_id AND d.id = r.delegation_id AND d.merged_into IS NOT NULL;
    RETURN NULL;
END $$;
