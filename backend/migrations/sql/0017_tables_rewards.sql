-- Tables of rewards and redemptions.

CREATE TABLE reward (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    pickup TEXT NOT NULL,
    points_mpt BIGINT NOT NULL,
    cash_value BOOLEAN NOT NULL,
    audience TEXT NOT NULL,
    stock_total BIGINT NOT NULL,
    stock_left BIGINT NOT NULL,
    member_limit BIGINT,
    institution_limit BIGINT,
    period TEXT NOT NULL,
    hold_days INTEGER NOT NULL,
    available_from DATE NOT NULL,
    available_until DATE,
    state TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_reward PRIMARY KEY (id),
    CONSTRAINT ck_reward_price CHECK (points_mpt > 0),
    CONSTRAINT ck_reward_stock CHECK (stock_left BETWEEN 0 AND stock_total),
    CONSTRAINT ck_reward_limits CHECK (member_limit > 0 AND institution_limit > 0),
    CONSTRAINT ck_reward_hold CHECK (hold_days BETWEEN 1 AND 60),
    CONSTRAINT ck_reward_dates CHECK (available_until >= available_from),
    CONSTRAINT ck_reward_audience CHECK (audience IN ('institution', 'city')),
    CONSTRAINT ck_reward_period CHECK (period IN ('month', 'quarter', 'year', 'ever')),
    CONSTRAINT ck_reward_state CHECK (state IN ('draft', 'open', 'closed')),
    CONSTRAINT fk_reward_institution_id FOREIGN KEY (institution_id) REFERENCES institution (id)
);
CREATE INDEX ix_reward_institution_id ON reward (institution_id);

CREATE TABLE redemption (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    member_id BIGINT NOT NULL,
    reward_id BIGINT NOT NULL,
    institution_id BIGINT,
    reference TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    points_mpt BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    requested_on DATE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    settled_by BIGINT,
    cancelled_by TEXT,
    reason TEXT,
    CONSTRAINT pk_redemption PRIMARY KEY (id),
    CONSTRAINT uq_redemption_member_id_reference UNIQUE (member_id, reference),
    CONSTRAINT uq_redemption_entry_id UNIQUE (entry_id),
    CONSTRAINT ck_redemption_positive CHECK (quantity > 0 AND points_mpt > 0),
    CONSTRAINT ck_redemption_state CHECK (state IN ('pending', 'fulfilled', 'cancelled')),
    CONSTRAINT ck_redemption_cancelled_by CHECK (
        cancelled_by IN ('member', 'programme', 'timeout')),
    CONSTRAINT ck_redemption_settled CHECK ((state = 'pending') = (settled_at IS NULL)),
    CONSTRAINT ck_redemption_cancelled CHECK ((state = 'cancelled') = (cancelled_by IS NOT NULL)),
    CONSTRAINT fk_redemption_member_id FOREIGN KEY (member_id) REFERENCES member (id),
    CONSTRAINT fk_redemption_reward_id FOREIGN KEY (reward_id) REFERENCES reward (id),
    CONSTRAINT fk_redemption_institution_id FOREIGN KEY (institution_id) REFERENCES institution (id),
    CONSTRAINT fk_redemption_settled_by FOREIGN KEY (settled_by) REFERENCES member (id)
);
CREATE INDEX ix_redemption_due_at ON redemption (due_at) WHERE state = 'pending';
CREATE INDEX ix_redemption_member_id ON redemption (member_id, id);
CREATE INDEX ix_redemption_reward_id ON redemption (reward_id, requested_on);
