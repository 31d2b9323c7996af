-- Lists of speakers: who asked for the floor, in what order, for how long, and what they left for the record.
--
-- Locks are taken in this order, each in a statement of its own, so that nobody waits in a circle: sessions by id, a
-- registration, an entity and its delegation; then the list; then its requests and appearances. Whoever writes a request
-- holds its list: places in the order are decided one by one.

CREATE TABLE speakers_lists (
    edition_id uuid NOT NULL CONSTRAINT speakers_lists_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    delegation_seconds integer NOT NULL
        CONSTRAINT speakers_lists_delegation_seconds_are_positive CHECK (delegation_seconds > 0),
    group_seconds integer NOT NULL CONSTRAINT speakers_lists_group_seconds_are_positive CHECK (group_seconds > 0),
    extra_seconds integer NOT NULL CONSTRAINT speakers_lists_extra_seconds_are_not_negative CHECK (extra_seconds >= 0),
    changeover_seconds integer NOT NULL
        CONSTRAINT speakers_lists_changeover_seconds_are_not_negative CHECK (changeover_seconds >= 0),
    published boolean NOT NULL DEFAULT false,
    last_ticket integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT speakers_lists_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT speakers_lists_close_after_they_open CHECK (closes_at > opens_at)
);
COMMENT ON TABLE speakers_lists IS 'The rules of a list of speakers: when one may ask for the floor, and how long who has it.';
COMMENT ON COLUMN speakers_lists.last_ticket IS 'Drawn while the list is locked: the order in which requests came.';

CREATE TABLE speakers_list_sessions (
    edition_id uuid NOT NULL,
    list_id uuid NOT NULL,
    position integer NOT NULL CONSTRAINT speakers_list_sessions_count_from_one CHECK (position > 0),
    session_id uuid NOT NULL,
    CONSTRAINT speakers_list_sessions_pkey PRIMARY KEY (edition_id, list_id, position),
    CONSTRAINT speakers_list_sessions_list_exists FOREIGN KEY (edition_id, list_id) REFERENCES speakers_lists,
    CONSTRAINT speakers_list_sessions_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT speakers_list_sessions_one_list_per_session UNIQUE (edition_id, session_id)
);
COMMENT ON TABLE speakers_list_sessions IS 'The sessions over which a list spreads, the first one first. The list is reached from any of them.';

CREATE TABLE speaking_requests (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    list_id uuid NOT NULL,
    ticket integer NOT NULL,
    position integer,
    status text NOT NULL CONSTRAINT speaking_requests_status_is_known CHECK (status IN
        ('requested', 'accepted', 'started', 'paused', 'spoke', 'absent', 'yielded', 'declined', 'withdrawn')),
    display_name text,
    registration_id uuid,
    speaker_id uuid,
    appearance_id uuid,
    entity_id uuid CONSTRAINT speaking_requests_entity_exists REFERENCES entities,
    delegation_id uuid,
    rank text NOT NULL CONSTRAINT speaking_requests_rank_is_known CHECK (rank IN
        ('head_of_state', 'deputy_head_of_state', 'head_of_government', 'deputy_head_of_government', 'minister',
         'vice_minister', 'head_of_delegation', 'other')),
    language text NOT NULL,
    on_behalf_of text,
    needs_more_time boolean NOT NULL DEFAULT false,
    allotted_seconds integer CONSTRAINT speaking_requests_allotted_seconds_are_positive CHECK (allotted_seconds > 0),
    spoken_ms bigint NOT NULL DEFAULT 0 CONSTRAINT speaking_requests_spoken_ms_are_not_negative CHECK (spoken_ms >= 0),
    running_since timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    session_id uuid,
    moved_at timestamptz,
    reason text,
    requested_at timestamptz NOT NULL,
    requested_by_token uuid NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT speaking_requests_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT speaking_requests_list_exists FOREIGN KEY (edition_id, list_id) REFERENCES speakers_lists,
    CONSTRAINT speaking_requests_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT speaking_requests_speaker_exists FOREIGN KEY (edition_id, speaker_id) REFERENCES speakers,
    CONSTRAINT speaking_requests_appearance_exists FOREIGN KEY (edition_id, appearance_id) REFERENCES appearances,
    CONSTRAINT speaking_requests_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT speaking_requests_delegation_exists FOREIGN KEY (edition_id, delegation_id) REFERENCES delegations
        ON DELETE SET NULL (delegation_id),
    CONSTRAINT speaking_requests_come_one_by_one UNIQUE (edition_id, list_id, ticket),
    CONSTRAINT speaking_requests_one_per_place UNIQUE (edition_id, list_id, position) DEFERRABLE,
    CONSTRAINT speaking_requests_name_one_person CHECK (num_nonnulls(display_name, registration_id, speaker_id) = 1),
    CONSTRAINT speaking_requests_stand_in_line_unless_taken_out CHECK
        ((status IN ('declined', 'withdrawn')) = (position IS NULL)),
    CONSTRAINT speaking_requests_run_while_somebody_speaks CHECK ((status = 'started') = (running_since IS NOT NULL)),
    CONSTRAINT speaking_requests_spoken_have_begun CHECK (status NOT IN ('started', 'paused', 'spoke') OR started_at IS NOT NULL)
);
COMMENT ON TABLE speaking_requests IS 'Somebody who wants the floor: as whom, in what place, and how long they had it.';
COMMENT ON COLUMN speaking_requests.display_name IS
    'Of somebody who is neither registered nor a speaker. Who is registered is named by the registration alone, so that nothing is left of them here when it is erased.';
COMMENT ON COLUMN speaking_requests.needs_more_time IS 'For a disability. Never public, nor can it be told from public times.';
COMMENT ON COLUMN speaking_requests.allotted_seconds IS 'What the staff gave, or what the rules of the list gave when they began to speak; null: what those rules give now.';
COMMENT ON COLUMN speaking_requests.spoken_ms IS 'Milliseconds up to the last pause, or the end.';
COMMENT ON COLUMN speaking_requests.session_id IS 'In which of the sessions they spoke.';
COMMENT ON COLUMN speaking_requests.moved_at IS 'When the staff last put it in its place; who comes later is not placed by it.';
CREATE UNIQUE INDEX speaking_requests_one_has_the_floor ON speaking_requests (edition_id, list_id)
    WHERE status IN ('started', 'paused');
CREATE UNIQUE INDEX speaking_requests_one_per_entity ON speaking_requests (edition_id, list_id, entity_id)
    WHERE status IN ('requested', 'accepted', 'started', 'paused');
CREATE UNIQUE INDEX speaking_requests_one_per_registration ON speaking_requests (edition_id, list_id, registration_id)
    WHERE status IN ('requested', 'accepted', 'started', 'paused');
CREATE UNIQUE INDEX speaking_requests_one_per_speaker ON speaking_requests (edition_id, list_id, speaker_id)
    WHERE status IN ('requested', 'accepted', 'started', 'paused');
CREATE INDEX speaking_requests_by_list ON speaking_requests (edition_id, list_id, id);
CREATE INDEX speaking_requests_by_registration ON speaking_requests (edition_id, registration_id)
    WHERE registration_id IS NOT NULL;
CREATE INDEX speaking_requests_by_speaker ON speaking_requests (edition_id, speaker_id) WHERE speaker_id IS NOT NULL;
CREATE INDEX speaking_requests_by_entity ON speaking_requests (entity_id) WHERE entity_id IS NOT NULL;
CREATE TRIGGER speaking_requests_refuse_merged BEFORE INSERT OR UPDATE OF entity_id ON speaking_requests FOR EACH ROW
    WHEN (NEW.entity_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_names('entity_id', 'speaking_requests_entity_exists');

CREATE TABLE speaking_request_moves (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    registration_id uuid,
    from_position integer NOT NULL,
    to_position integer NOT NULL,
    reason text NOT NULL,
    moved_at timestamptz NOT NULL,
    by_token uuid NOT NULL,
    CONSTRAINT speaking_request_moves_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT speaking_request_moves_request_exists FOREIGN KEY (edition_id, request_id) REFERENCES speaking_requests,
    CONSTRAINT speaking_request_moves_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
COMMENT ON TABLE speaking_request_moves IS 'That the staff put a request in another place than rank and time gave it, and why.';
COMMENT ON COLUMN speaking_request_moves.registration_id IS 'That of the request, so that it is shown to its person, and emptied with it.';
CREATE INDEX speaking_request_moves_by_request ON speaking_request_moves (edition_id, request_id, id);

CREATE TABLE speaking_statements (
    edition_id uuid NOT NULL,
    request_id uuid NOT NULL,
    registration_id uuid,
    language text NOT NULL,
    media_type text NOT NULL CONSTRAINT speaking_statements_media_type_is_known CHECK (media_type IN
        ('text/plain', 'application/pdf')),
    content bytea NOT NULL CONSTRAINT speaking_statements_have_content CHECK (octet_length(content) BETWEEN 1 AND 5000000),
    published boolean NOT NULL DEFAULT false,
    uploaded_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT speaking_statements_pkey PRIMARY KEY (edition_id, request_id),
    CONSTRAINT speaking_statements_request_exists FOREIGN KEY (edition_id, request_id) REFERENCES speaking_requests,
    CONSTRAINT speaking_statements_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations
);
ALTER TABLE speaking_statements ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE speaking_statements IS 'The text of what somebody said or wanted to say, as it was handed in.';

INSERT INTO erasure_rules (table_name, rule, basis) VALUES
    ('speaking_requests', 'kept', 'official_record'),
    ('speaking_request_moves', 'emptied', NULL),
    ('speaking_statements', 'kept', 'official_record');

CREATE VIEW speakers_list_details AS
SELECT l.edition_id, l.id, held.session_ids[1] AS session, held.session_ids[2:] AS continued_in, l.opens_at, l.closes_at,
       l.delegation_seconds, l.group_seconds, l.extra_seconds, l.changeover_seconds, l.published,
       (SELECT coalesce(sum(coalesce(r.allotted_seconds,
                   CASE WHEN r.on_behalf_of IS NULL THEN l.delegation_seconds ELSE l.group_seconds END
                   + CASE WHEN r.needs_more_time THEN l.extra_seconds ELSE 0 END)), 0)::integer
        FROM speaking_requests r
        WHERE r.edition_id = l.edition_id AND r.list_id = l.id
          AND r.status IN ('requested', 'accepted', 'started', 'paused', 'spoke')) AS allotted_seconds,
       held.available_seconds, l.version, held.session_ids,
       held.is_visible AND e.status <> 'draft' AS is_visible
FROM speakers_lists l
JOIN editions e ON e.id = l.edition_id
CROSS JOIN LATERAL (
    SELECT array_agg(m.session_id ORDER BY m.position) AS session_ids,
           CASE WHEN bool_and(s.ends_at IS NOT NULL OR s.status = 'cancelled') THEN
               coalesce(sum(extract(epoch FROM s.ends_at - s.starts_at)) FILTER (WHERE s.status <> 'cancelled'), 0)::integer
           END AS available_seconds,
           bool_or(s.status <> 'draft') AS is_visible
    FROM speakers_list_sessions m JOIN sessions s ON s.edition_id = m.edition_id AND s.id = m.session_id
    WHERE m.edition_id = l.edition_id AND m.list_id = l.id) held;
COMMENT ON VIEW speakers_list_details IS
    'A list of speakers as the contract shows it, with what is asked for and what there is (null: a session has no end yet). Drafts are not visible.';

CREATE VIEW speaking_request_details AS
SELECT r.edition_id, r.list_id, r.id, r.ticket, r.position, r.status, r.rank, r.language,
       coalesce(r.display_name, s.display_name, concat_ws(' ', g.given_name, g.family_name)) AS name,
       r.registration_id AS registration, r.speaker_id AS speaker, r.appearance_id AS appearance, r.entity_id AS entity,
       e.name AS entity_name, r.delegation_id AS delegation, r.on_behalf_of, r.needs_more_time,
       coalesce(r.allotted_seconds, CASE WHEN r.on_behalf_of IS NULL THEN l.delegation_seconds ELSE l.group_seconds END
                                    + CASE WHEN r.needs_more_time THEN l.extra_seconds ELSE 0 END) AS allotted_seconds,
       CASE WHEN r.on_behalf_of IS NULL THEN l.delegation_seconds ELSE l.group_seconds END AS standard_seconds,
       r.spoken_ms, r.running_since, r.started_at, r.ended_at, r.session_id AS spoke_in, r.moved_at, r.reason, r.requested_at,
       CASE WHEN t.request_id IS NOT NULL THEN jsonb_build_object(
           'language', t.language, 'media_type', t.media_type, 'bytes', octet_length(t.content), 'published', t.published,
           'uploaded_at', t.uploaded_at, 'version', t.version) END AS statement,
       r.version, g.person_id,
       CASE WHEN r.speaker_id IS NOT NULL THEN CASE WHEN s.published THEN s.display_name END
            WHEN r.registration_id IS NOT NULL THEN
                CASE WHEN g.status = 'approved' AND 'publish_name' = ANY (g.consents) THEN
                    concat_ws(' ', g.given_name, g.family_name) END
            WHEN r.rank IN ('head_of_state', 'deputy_head_of_state', 'head_of_government', 'deputy_head_of_government',
                            'minister') THEN r.display_name END AS public_name
FROM speaking_requests r
JOIN speakers_lists l ON l.edition_id = r.edition_id AND l.id = r.list_id
LEFT JOIN speakers s ON s.edition_id = r.edition_id AND s.id = r.speaker_id
LEFT JOIN registrations g ON g.edition_id = r.edition_id AND g.id = r.registration_id
LEFT JOIN entities e ON e.id = r.entity_id
LEFT JOIN speaking_statements t ON t.edition_id = r.edition_id AND t.request_id = r.id;
COMMENT ON VIEW speaking_request_details IS 'A request as the staff sees it, whose it is, and by what name it is shown to everybody.';
COMMENT ON COLUMN speaking_request_details.standard_seconds IS
    'What everybody may count on: from it nobody can tell who has more time, and why.';
COMMENT ON COLUMN speaking_request_details.public_name IS
    'A speaker who agreed, a registered person who agreed, or who speaks as a holder of high office; nobody else is named.';

CREATE FUNCTION end_speaking_requests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM speakers_lists l
    WHERE l.edition_id = NEW.edition_id
      AND l.id IN (SELECT r.list_id FROM speaking_requests r WHERE r.edition_id = NEW.edition_id AND r.registration_id = NEW.id)
    ORDER BY l.id FOR NO KEY UPDATE;
    UPDATE speaking_requests SET status = 'withdrawn', position = NULL, ended_at = NEW.placed_at, version = version + 1
    WHERE edition_id = NEW.edition_id AND registration_id = NEW.id AND status IN ('requested', 'accepted');
    IF NEW.status = 'erased' THEN
        DELETE FROM speaking_statements t USING speaking_requests r
        WHERE t.edition_id = NEW.edition_id AND t.registration_id = NEW.id AND r.edition_id = t.edition_id
          AND r.id = t.request_id AND NOT (r.status = 'spoke' AND t.published);
        UPDATE speaking_request_moves SET reason = 'erased' WHERE edition_id = NEW.edition_id AND registration_id = NEW.id;
        UPDATE speaking_requests SET needs_more_time = false, reason = NULL
        WHERE edition_id = NEW.edition_id AND registration_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION end_speaking_requests IS
    'Who takes part no more waits for the floor no more. Of who is erased, that a delegation spoke stays, and what was published of it.';
CREATE TRIGGER registrations_end_speaking_requests AFTER UPDATE OF status ON registrations FOR EACH ROW
    WHEN (NEW.status <> 'approved' AND NEW.status <> OLD.status) EXECUTE FUNCTION end_speaking_requests();

CREATE FUNCTION unite_speaking_requests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM speakers_lists l
    WHERE (l.edition_id, l.id) IN (SELECT r.edition_id, r.list_id FROM speaking_requests r WHERE r.entity_id = NEW.id)
    ORDER BY l.edition_id, l.id FOR NO KEY UPDATE;
    UPDATE speaking_requests r SET status = 'withdrawn', position = NULL, reason = 'Its entity is that of another request.',
                                   version = r.version + 1
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
COMMENT ON FUNCTION unite_speaking_requests IS
    'Part of merge_entity: requests name the entity that is left, which has one per list: of two that wait, its own stays.';
CREATE TRIGGER entities_unite_speaking_requests AFTER UPDATE OF merged_into ON entities FOR EACH ROW
    WHEN (NEW.merged_into IS NOT NULL) EXECUTE FUNCTION unite_speaking_requests();

CREATE FUNCTION notify_speakers_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('forum_speakers_lists', coalesce(to_jsonb(coalesce(NEW, OLD)) ->> 'list_id',
                                                       to_jsonb(coalesce(NEW, OLD)) ->> 'id'));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_speakers_list IS 'Wakes those who follow a list in every API process.';
CREATE TRIGGER speakers_lists_notify AFTER INSERT OR UPDATE ON speakers_lists
    FOR EACH ROW EXECUTE FUNCTION notify_speakers_list();
CREATE TRIGGER speakers_list_sessions_notify AFTER INSERT OR UPDATE OR DELETE ON speakers_list_sessions
    FOR EACH ROW EXECUTE FUNCTION notify_speakers_list();
CREATE TRIGGER speaking_requests_notify AFTER INSERT OR UPDATE OR DELETE ON speaking_requests
    FOR EACH ROW EXECUTE FUNCTION notify_speakers_list();

CREATE FUNCTION notify_speakers_lists_of() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_of text := TG_ARGV[0];
BEGIN
    IF is_of = 'session' THEN
        PERFORM pg_notify('forum_speakers_lists', m.list_id::text) FROM speakers_list_sessions m
        WHERE m.edition_id = NEW.edition_id AND m.session_id = NEW.id;
    ELSIF is_of = 'speaker' THEN
        PERFORM pg_notify('forum_speakers_lists', r.list_id::text) FROM speaking_requests r
        WHERE r.edition_id = NEW.edition_id AND r.speaker_id = NEW.id;
    ELSIF is_of = 'registration' THEN
        PERFORM pg_notify('forum_speakers_lists', r.list_id::text) FROM speaking_requests r
        WHERE r.edition_id = NEW.edition_id AND r.registration_id = NEW.id;
    ELSE
        PERFORM pg_notify('forum_speakers_lists', r.list_id::text) FROM speaking_requests r
        WHERE r.edition_id = NEW.edition_id AND r.id = NEW.request_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_speakers_lists_of IS 'The same when what a list shows is changed elsewhere: its argument says what that is.';
CREATE TRIGGER sessions_notify_speakers_lists AFTER UPDATE OF starts_at, ends_at, status ON sessions
    FOR EACH ROW WHEN ((NEW.starts_at, NEW.ends_at, NEW.status) IS DISTINCT FROM (OLD.starts_at, OLD.ends_at, OLD.status))
    EXECUTE FUNCTION notify_speakers_lists_of('session');
CREATE TRIGGER speakers_notify_speakers_lists AFTER UPDATE OF published, display_name ON speakers
    FOR EACH ROW EXECUTE FUNCTION notify_speakers_lists_of('speaker');
CREATE TRIGGER registrations_notify_speakers_lists AFTER UPDATE OF consents ON registrations
    FOR EACH ROW WHEN (NEW.consents <> OLD.consents) EXECUTE FUNCTION notify_speakers_lists_of('registration');
CREATE TRIGGER speaking_statements_notify AFTER INSERT OR UPDATE ON speaking_statements
    FOR EACH ROW EXECUTE FUNCTION notify_speakers_lists_of('statement');
CREATE INDEX speaking_request_moves_by_registration ON speaking_request_moves (edition_id, registration_id)
    WHERE registration_id IS NOT NULL;
CREATE INDEX speaking_statements_by_registration ON speaking_statements (edition_id, registration_id)
    WHERE registration_id IS NOT NULL;
