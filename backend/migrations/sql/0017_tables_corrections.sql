-- Correction runs: what a methodology earned over some days, made good after two approvals.

CREATE TABLE correction_run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    methodology_id TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    after_member_id BIGINT DEFAULT 0 NOT NULL,
    rulebook_digest BYTEA NOT NULL,
    opened_by BIGINT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_correction_run PRIMARY KEY (id),
    CONSTRAINT ck_correction_run_days CHECK (first_day <= last_day),
    CONSTRAINT ck_correction_run_state CHECK (
        state IN ('simulating', 'simulated', 'running', 'done', 'cancelled')),
    CONSTRAINT fk_correction_run_opened_by FOREIGN KEY (opened_by) REFERENCES member (id)
);

CREATE TABLE correction_approval (
    run_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_correction_approval PRIMARY KEY (run_id, member_id),
    CONSTRAINT fk_correction_approval_run_id FOREIGN KEY (run_id) REFERENCES correction_run (id),
    CONSTRAINT fk_correction_approval_member_id FOREIGN KEY (member_id) REFERENCES member (id)
);

CREATE TABLE correction_day (
    run_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    day DATE NOT NULL,
    simulated_mg BIGINT NOT NULL,
    simulated_mpt BIGINT NOT NULL,
    refused INTEGER NOT NULL,
    posted_mg BIGINT,
    posted_mpt BIGINT,
    written_off_mg BIGINT,
    written_off_mpt BIGINT,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_correction_day PRIMARY KEY (run_id, member_id, day),
    CONSTRAINT fk_correction_day_run_id FOREIGN KEY (run_id) REFERENCES correction_run (id)
);
CREATE INDEX ix_correction_day_undone ON correction_day (run_id, member_id) WHERE done_at IS NULL;
