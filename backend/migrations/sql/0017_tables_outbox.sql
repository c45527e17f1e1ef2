-- Work that waits for its commit, and the periodic work that is due.

CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    member_id BIGINT DEFAULT 0 NOT NULL,
    payload JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    available_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_outbox PRIMARY KEY (id)
) WITH (fillfactor = 80);
CREATE INDEX ix_outbox_done_at ON outbox (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX ix_outbox_pending ON outbox (available_at, id) WHERE done_at IS NULL;

CREATE TABLE periodic_run (
    name TEXT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_claimed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_periodic_run PRIMARY KEY (name)
);
