-- Scans (the act), presences (the interval) and attendances (the fact).

CREATE TABLE scans (
    edition_id uuid NOT NULL CONSTRAINT scans_edition_exists REFERENCES editions,
    id uuid NOT NULL,
    device_id uuid NOT NULL,
    scan_id text NOT NULL,
    badge_id uuid,
    registration_id uuid,
    gate text,
    session_id uuid,
    direction text NOT NULL CONSTRAINT scans_direction_is_known CHECK (direction IN ('in', 'out')),
    result text NOT NULL CONSTRAINT scans_result_is_known CHECK (result IN ('accepted', 'denied')),
    reason text CONSTRAINT scans_reason_is_known CHECK (reason IN
        ('unknown_badge', 'revoked', 'wrong_edition', 'not_approved', 'wrong_mode', 'not_admitted', 'room_full', 'outside_hours')),
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT scans_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT scans_one_per_device_and_scan_id UNIQUE (edition_id, device_id, scan_id),
    CONSTRAINT scans_are_at_a_gate_or_a_session CHECK ((gate IS NULL) <> (session_id IS NULL)),
    CONSTRAINT scans_are_denied_for_a_reason CHECK ((result = 'denied') = (reason IS NOT NULL)),
    CONSTRAINT scans_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions
);
COMMENT ON TABLE scans IS 'Every showing of a badge, as it happened; never changed.';
COMMENT ON COLUMN scans.device_id IS 'The token that scanned.';
CREATE INDEX scans_by_person ON scans (edition_id, registration_id) WHERE registration_id IS NOT NULL;

CREATE TABLE trails (
    edition_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    scans integer NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT trails_pkey PRIMARY KEY (edition_id, registration_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE trails IS 'How many scans of a person count, and when the last of them happened. Whoever adds one holds the row, and
learns from it whether the scan follows on what was known or changes what was before.';

CREATE FUNCTION scan_refusal(is_known boolean, is_here boolean, is_live boolean, status text, mode text, session_status text,
                             session_mode text, is_expected boolean, direction text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN NOT is_known THEN 'unknown_badge'
    WHEN NOT is_here THEN 'wrong_edition'
    WHEN NOT is_live AND status = 'approved' AND mode = 'online' THEN 'wrong_mode'
    WHEN NOT is_live AND status NOT IN ('approved', 'revoked') THEN 'not_approved'
    WHEN NOT is_live THEN 'revoked'
    WHEN direction = 'out' THEN NULL
    WHEN session_mode = 'online' THEN 'wrong_mode'
    WHEN session_status <> 'confirmed' OR NOT is_expected THEN 'not_admitted'
END;
COMMENT ON FUNCTION scan_refusal IS 'Why somebody is not let in, or null: the one place of this rule. A dead badge is explained by what became of the registration. Somebody is expected in a session unless it is to be booked and they have no place.';

CREATE TABLE presences (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    registration_id uuid NOT NULL,
    session_id uuid,
    mode text NOT NULL CONSTRAINT presences_mode_is_known CHECK (mode IN ('in_person', 'online')),
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT presences_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT presences_end_after_they_start CHECK (ended_at >= started_at),
    CONSTRAINT presences_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT presences_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions
);
COMMENT ON TABLE presences IS 'From when to when somebody was in a session (or, without one, inside the gates), in the hall or online.';
COMMENT ON COLUMN presences.id IS 'In the hall, the id of the scan that opened it.';
COMMENT ON COLUMN presences.seen_at IS 'The last sign of the person: a scan, or a heartbeat.';
CREATE UNIQUE INDEX presences_one_open_per_person_place_and_mode ON presences (edition_id, registration_id, session_id, mode)
    NULLS NOT DISTINCT WHERE ended_at IS NULL;
CREATE INDEX presences_by_person ON presences (edition_id, registration_id);

CREATE TABLE attendances (
    edition_id uuid NOT NULL,
    session_id uuid,
    held_on date,
    registration_id uuid NOT NULL,
    mode text NOT NULL CONSTRAINT attendances_mode_is_known CHECK (mode IN ('in_person', 'online')),
    category text NOT NULL,
    country text,
    first_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT attendances_are_of_a_session_or_of_a_day CHECK (session_id IS NULL OR held_on IS NULL),
    CONSTRAINT attendances_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT attendances_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT attendances_once_per_person_place_day_and_mode UNIQUE NULLS NOT DISTINCT
        (edition_id, session_id, held_on, mode, registration_id)
);
COMMENT ON TABLE attendances IS 'That somebody attended a session, or the edition on a day, or (without either) the edition at all: one row each,
so that people are counted without telling them apart.';
COMMENT ON COLUMN attendances.held_on IS 'The day in the zone of the edition.';
COMMENT ON COLUMN attendances.category IS 'As it was then: what is corrected later changes no figure of the past.';
