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
    reason text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT scans_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT scans_one_per_device_and_scan_id UNIQUE (edition_id, device_id, scan_id),
    CONSTRAINT scans_are_at_a_gate_or_a_session CHECK ((gate IS NULL) <> (session_id IS NULL)),
    CONSTRAINT scans_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions
);
COMMENT ON TABLE scans IS 'Every showing of a badge, as it happened; never changed.';
COMMENT ON COLUMN scans.device_id IS 'The token that scanned.';

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
CREATE UNIQUE INDEX presences_one_open_per_person_and_place ON presences (edition_id, registration_id, session_id)
    NULLS NOT DISTINCT WHERE ended_at IS NULL;

CREATE TABLE attendances (
    edition_id uuid NOT NULL,
    session_id uuid,
    held_on date NOT NULL,
    registration_id uuid NOT NULL,
    mode text NOT NULL CONSTRAINT attendances_mode_is_known CHECK (mode IN ('in_person', 'online')),
    first_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT attendances_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT attendances_session_exists FOREIGN KEY (edition_id, session_id) REFERENCES sessions,
    CONSTRAINT attendances_once_per_person_place_day_and_mode UNIQUE NULLS NOT DISTINCT
        (edition_id, session_id, held_on, mode, registration_id)
);
COMMENT ON TABLE attendances IS 'That somebody attended a session (or, without one, was on site) on a day: counted, never counted distinct.';
COMMENT ON COLUMN attendances.held_on IS 'The day in the zone of the edition.';
