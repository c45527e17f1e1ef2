-- What members did, and what became of it.

CREATE TABLE action (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    member_id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    occurred_on DATE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    department_id BIGINT,
    institution_id BIGINT,
    district_id BIGINT,
    place_id BIGINT,
    tier TEXT NOT NULL,
    channel TEXT NOT NULL,
    ranked BOOLEAN NOT NULL,
    facts JSONB NOT NULL,
    context JSONB NOT NULL,
    methodology_id TEXT NOT NULL,
    methodology_version INTEGER NOT NULL,
    methodology_digest BYTEA NOT NULL,
    rulebook_digest BYTEA NOT NULL,
    reduction_mg BIGINT NOT NULL,
    points_mpt BIGINT NOT NULL,
    CONSTRAINT pk_action PRIMARY KEY (id),
    CONSTRAINT ck_action_tier CHECK (tier IN ('T0', 'T1', 'T2', 'T3', 'T4')),
    CONSTRAINT ck_action_not_negative CHECK (reduction_mg >= 0 AND points_mpt >= 0)
);
CREATE INDEX ix_action_department_day ON action (department_id, occurred_on);
CREATE INDEX ix_action_institution_id ON action (institution_id, id);
CREATE INDEX ix_action_member_id ON action (member_id, id);
CREATE INDEX ix_action_occurred_on ON action USING brin (occurred_on);
CREATE INDEX ix_action_place_id ON action (place_id, id) WHERE place_id IS NOT NULL;

CREATE TABLE held_award (
    action_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    trace_digest BYTEA NOT NULL,
    held_at TIMESTAMP WITH TIME ZONE NOT NULL,
    times_out_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_held_award PRIMARY KEY (action_id),
    CONSTRAINT fk_held_award_action_id FOREIGN KEY (action_id) REFERENCES action (id)
);
CREATE INDEX ix_held_award_times_out_at ON held_award (times_out_at);

CREATE TABLE hold_resolution (
    action_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    entry_id BIGINT,
    actor_id BIGINT,
    reason TEXT NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_hold_resolution PRIMARY KEY (action_id),
    CONSTRAINT ck_hold_resolution_outcome CHECK (outcome IN ('posted', 'voided', 'timed_out')),
    CONSTRAINT ck_hold_resolution_entry CHECK ((outcome = 'posted') = (entry_id IS NOT NULL)),
    CONSTRAINT ck_hold_resolution_actor CHECK ((outcome = 'timed_out') = (actor_id IS NULL)),
    CONSTRAINT fk_hold_resolution_action_id
        FOREIGN KEY (action_id) REFERENCES held_award (action_id),
    CONSTRAINT fk_hold_resolution_entry_id FOREIGN KEY (entry_id) REFERENCES entry (id)
);

CREATE TABLE reassessment (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    action_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    entry_id BIGINT,
    why TEXT NOT NULL,
    run_id BIGINT,
    tier TEXT NOT NULL,
    channel TEXT NOT NULL,
    ranked BOOLEAN NOT NULL,
    facts JSONB NOT NULL,
    context JSONB NOT NULL,
    methodology_version INTEGER NOT NULL,
    methodology_digest BYTEA NOT NULL,
    rulebook_digest BYTEA NOT NULL,
    trace_digest BYTEA NOT NULL,
    reduction_mg BIGINT NOT NULL,
    points_mpt BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_reassessment PRIMARY KEY (id),
    CONSTRAINT uq_reassessment_entry_id UNIQUE (entry_id),
    CONSTRAINT ck_reassessment_why CHECK (why IN ('reassessed', 'better_evidence', 'methodology')),
    CONSTRAINT ck_reassessment_not_negative CHECK (reduction_mg >= 0 AND points_mpt >= 0),
    CONSTRAINT fk_reassessment_action_id FOREIGN KEY (action_id) REFERENCES action (id),
    CONSTRAINT fk_reassessment_entry_id FOREIGN KEY (entry_id) REFERENCES entry (id),
    CONSTRAINT fk_reassessment_run_id FOREIGN KEY (run_id) REFERENCES correction_run (id)
);
CREATE INDEX ix_reassessment_action_id ON reassessment (action_id);

CREATE TABLE action_state (
    action_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    reassessment_id BIGINT,
    CONSTRAINT pk_action_state PRIMARY KEY (action_id),
    CONSTRAINT ck_action_state_status CHECK (
        status IN ('credited', 'held', 'voided', 'timed_out', 'reversed')),
    CONSTRAINT fk_action_state_action_id FOREIGN KEY (action_id) REFERENCES action (id),
    CONSTRAINT fk_action_state_reassessment_id
        FOREIGN KEY (reassessment_id) REFERENCES reassessment (id)
);
