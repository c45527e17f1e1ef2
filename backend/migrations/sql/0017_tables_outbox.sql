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

CREATE TABLE clock_watch (
    id SMALLINT DEFAULT 1 NOT NULL,
    application_at TIMESTAMP WITH TIME ZONE NOT NULL,
    database_at TIMESTAMP WITH TIME ZONE NOT NULL,
    held_at TIMESTAMP WITH TIME ZONE,
    held_because TEXT,
    CONSTRAINT pk_clock_watch PRIMARY KEY (id),
    CONSTRAINT ck_clock_watch_one_row CHECK (id = 1),
    CONSTRAINT ck_clock_watch_held_because CHECK (held_because IN ('clocks_differ', 'gap')),
    CONSTRAINT ck_clock_watch_held CHECK ((held_at IS NULL) = (held_because IS NULL))
);
