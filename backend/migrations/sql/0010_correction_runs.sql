-- Correction runs: what a methodology earned over a range of days, assessed again under the version
-- that holds on those days now. Simulated first, approved by two, posted member by member.
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
    CONSTRAINT fk_correction_run_opened_by FOREIGN KEY(opened_by) REFERENCES member (id)
);

CREATE TABLE correction_approval (
    run_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_correction_approval PRIMARY KEY (run_id, member_id),
    CONSTRAINT fk_correction_approval_run_id FOREIGN KEY(run_id) REFERENCES correction_run (id),
    CONSTRAINT fk_correction_approval_member_id FOREIGN KEY(member_id) REFERENCES member (id)
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
    CONSTRAINT fk_correction_day_run_id FOREIGN KEY(run_id) REFERENCES correction_run (id)
);
CREATE INDEX ix_correction_day_undone ON correction_day (run_id, member_id) WHERE done_at IS NULL;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON correction_approval
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whoever writes the row: nothing runs without two approvals.
CREATE FUNCTION require_two_approvals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM correction_approval a WHERE a.run_id = NEW.id) < 2 THEN
        RAISE EXCEPTION 'correction run % lacks its two approvals', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER two_approvals BEFORE INSERT OR UPDATE ON correction_run
    FOR EACH ROW WHEN (NEW.state IN ('running', 'done'))
    EXECUTE FUNCTION require_two_approvals();

ALTER TABLE reassessment ADD CONSTRAINT fk_reassessment_run_id
    FOREIGN KEY (run_id) REFERENCES correction_run (id);

GRANT SELECT, INSERT, UPDATE ON correction_run, correction_day TO tanpuhui_app;
GRANT SELECT, INSERT ON correction_approval TO tanpuhui_app;
