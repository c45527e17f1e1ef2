-- What verifications found: one row a run, one row a check of it.

CREATE TABLE verification_run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entries BIGINT NOT NULL,
    last_entry_id BIGINT NOT NULL,
    CONSTRAINT pk_verification_run PRIMARY KEY (id),
    CONSTRAINT ck_verification_run_order CHECK (finished_at >= started_at)
);

CREATE TABLE verification_result (
    run_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    found BIGINT NOT NULL,
    elapsed_ms BIGINT NOT NULL,
    findings JSONB NOT NULL,
    CONSTRAINT pk_verification_result PRIMARY KEY (run_id, position),
    CONSTRAINT ck_verification_result_not_negative CHECK (found >= 0 AND elapsed_ms >= 0),
    CONSTRAINT fk_verification_result_run_id
        FOREIGN KEY (run_id) REFERENCES verification_run (id) ON DELETE CASCADE
);
