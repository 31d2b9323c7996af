-- Late changes of registrations, which a registrar approves one by one.

CREATE TABLE change_policies (
    edition_id uuid CONSTRAINT change_policies_pkey PRIMARY KEY CONSTRAINT change_policies_edition_exists REFERENCES editions,
    needs_approval text[] NOT NULL
        CONSTRAINT change_policies_fields_are_known CHECK (needs_approval <@ ARRAY['name', 'answers']),
    version integer NOT NULL
);
COMMENT ON TABLE change_policies IS 'What people may not change by themselves even while registration is open. No row: nothing more than always.';

CREATE TABLE change_requests (
    edition_id uuid NOT NULL,
    id uuid NOT NULL,
    registration_id uuid NOT NULL,
    changes jsonb NOT NULL,
    before jsonb NOT NULL,
    reason text NOT NULL,
    status text NOT NULL DEFAULT 'open' CONSTRAINT change_requests_status_is_known CHECK (status IN
        ('open', 'approved', 'declined', 'cancelled')),
    requested_at timestamptz NOT NULL,
    requested_by uuid NOT NULL CONSTRAINT change_requests_requester_exists REFERENCES persons,
    decided_at timestamptz,
    decided_by uuid CONSTRAINT change_requests_decider_exists REFERENCES persons,
    decision_reason text,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT change_requests_pkey PRIMARY KEY (edition_id, id),
    CONSTRAINT change_requests_registration_exists FOREIGN KEY (edition_id, registration_id) REFERENCES registrations,
    CONSTRAINT change_requests_are_decided_by_somebody_at_some_time CHECK
        ((status = 'open') = (decided_at IS NULL) AND (status = 'open') = (decided_by IS NULL)),
    CONSTRAINT change_requests_are_declined_for_a_reason CHECK (status <> 'declined' OR decision_reason IS NOT NULL)
);
COMMENT ON TABLE change_requests IS 'What the owner of a registration wants changed, and what a registrar made of it.';
COMMENT ON COLUMN change_requests.changes IS 'A merge patch of the registration. Answers leave it when their retention is over.';
COMMENT ON COLUMN change_requests.before IS 'The same fields as they were when this was asked for: it is approved only while they are.';
CREATE UNIQUE INDEX change_requests_one_open_per_registration ON change_requests (edition_id, registration_id)
    WHERE status = 'open';
CREATE INDEX change_requests_by_registration ON change_requests (edition_id, registration_id, id);

INSERT INTO erasure_rules (table_name, rule) VALUES ('change_requests', 'deleted');
