-- What members did.

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
