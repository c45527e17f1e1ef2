-- The table of audit events: append only, refused otherwise by the database.

CREATE TABLE audit_event (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_id BIGINT,
    request_id TEXT,
    tag TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id BIGINT,
    before JSONB,
    after JSONB,
    result TEXT NOT NULL,
    CONSTRAINT pk_audit_event PRIMARY KEY (id),
    CONSTRAINT ck_audit_event_result CHECK (result IN ('done', 'refused'))
);
CREATE INDEX ix_audit_event_actor ON audit_event (actor_id, id);
CREATE INDEX ix_audit_event_object ON audit_event (object_type, object_id, id);
