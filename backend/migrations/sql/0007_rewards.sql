-- Rewards, redemptions, causes, donations, prize draws.

CREATE TABLE cause (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    takes_points BOOLEAN NOT NULL,
    takes_reductions BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_cause PRIMARY KEY (id),
    CONSTRAINT ck_cause_takes CHECK (takes_points OR takes_reductions),
    CONSTRAINT ck_cause_state CHECK (state IN ('draft', 'open', 'closed')),
    CONSTRAINT fk_cause_institution_id FOREIGN KEY(institution_id) REFERENCES institution (id)
);
CREATE INDEX ix_cause_institution_id ON cause (institution_id);

CREATE TABLE institution_reward_policy (
    institution_id BIGINT NOT NULL,
    cash_value BOOLEAN NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_by BIGINT,
    CONSTRAINT pk_institution_reward_policy PRIMARY KEY (institution_id),
    CONSTRAINT fk_institution_reward_policy_institution_id FOREIGN KEY(institution_id) REFERENCES institution (id),
    CONSTRAINT fk_institution_reward_policy_changed_by FOREIGN KEY(changed_by) REFERENCES member (id)
);

CREATE TABLE prize_draw (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    prize TEXT NOT NULL,
    cash_value BOOLEAN NOT NULL,
    audience TEXT NOT NULL,
    winners INTEGER NOT NULL,
    unit TEXT NOT NULL,
    threshold BIGINT NOT NULL,
    counts_from DATE NOT NULL,
    counts_until DATE NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    draws_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    commitment BYTEA NOT NULL,
    seed_sealed BYTEA NOT NULL,
    entries_digest BYTEA,
    seed BYTEA,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_prize_draw PRIMARY KEY (id),
    CONSTRAINT ck_prize_draw_winners CHECK (winners > 0),
    CONSTRAINT ck_prize_draw_threshold CHECK (threshold >= 0),
    CONSTRAINT ck_prize_draw_unit CHECK (unit IN ('mg', 'mpt')),
    CONSTRAINT ck_prize_draw_audience CHECK (audience IN ('institution', 'city')),
    CONSTRAINT ck_prize_draw_counts CHECK (counts_until >= counts_from),
    CONSTRAINT ck_prize_draw_times CHECK (draws_at >= closes_at),
    CONSTRAINT ck_prize_draw_state CHECK (state IN ('open', 'closed', 'drawn')),
    CONSTRAINT ck_prize_draw_closed CHECK ((state = 'open') = (entries_digest IS NULL)),
    CONSTRAINT ck_prize_draw_drawn CHECK ((state = 'drawn') = (seed IS NOT NULL)),
    CONSTRAINT ck_prize_draw_commitment CHECK (seed IS NULL OR sha256(seed) = commitment),
    CONSTRAINT fk_prize_draw_institution_id FOREIGN KEY(institution_id) REFERENCES institution (id)
);
CREATE INDEX ix_prize_draw_institution_id ON prize_draw (institution_id);

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
    CONSTRAINT fk_reward_institution_id FOREIGN KEY(institution_id) REFERENCES institution (id)
);
CREATE INDEX ix_reward_institution_id ON reward (institution_id);

CREATE TABLE donation (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    member_id BIGINT NOT NULL,
    cause_id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    unit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    certificate TEXT NOT NULL,
    donated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_donation PRIMARY KEY (id),
    CONSTRAINT uq_donation_member_id_reference UNIQUE (member_id, reference),
    CONSTRAINT uq_donation_entry_id UNIQUE (entry_id),
    CONSTRAINT uq_donation_certificate UNIQUE (certificate),
    CONSTRAINT ck_donation_unit CHECK (unit IN ('mg', 'mpt')),
    CONSTRAINT ck_donation_positive CHECK (amount > 0),
    CONSTRAINT fk_donation_member_id FOREIGN KEY(member_id) REFERENCES member (id),
    CONSTRAINT fk_donation_cause_id FOREIGN KEY(cause_id) REFERENCES cause (id)
);
CREATE INDEX ix_donation_cause_id ON donation (cause_id);
CREATE INDEX ix_donation_member_id ON donation (member_id, id);

CREATE TABLE draw_entry (
    draw_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    ticket TEXT NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_draw_entry PRIMARY KEY (draw_id, member_id),
    CONSTRAINT uq_draw_entry_draw_id_ticket UNIQUE (draw_id, ticket),
    CONSTRAINT fk_draw_entry_draw_id FOREIGN KEY(draw_id) REFERENCES prize_draw (id),
    CONSTRAINT fk_draw_entry_member_id FOREIGN KEY(member_id) REFERENCES member (id)
);

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
    CONSTRAINT ck_redemption_cancelled_by CHECK (cancelled_by IN ('member', 'programme', 'timeout')),
    CONSTRAINT ck_redemption_settled CHECK ((state = 'pending') = (settled_at IS NULL)),
    CONSTRAINT ck_redemption_cancelled CHECK ((state = 'cancelled') = (cancelled_by IS NOT NULL)),
    CONSTRAINT fk_redemption_member_id FOREIGN KEY(member_id) REFERENCES member (id),
    CONSTRAINT fk_redemption_reward_id FOREIGN KEY(reward_id) REFERENCES reward (id),
    CONSTRAINT fk_redemption_institution_id FOREIGN KEY(institution_id) REFERENCES institution (id),
    CONSTRAINT fk_redemption_settled_by FOREIGN KEY(settled_by) REFERENCES member (id)
);
CREATE INDEX ix_redemption_due_at ON redemption (due_at) WHERE state = 'pending';
CREATE INDEX ix_redemption_member_id ON redemption (member_id, id);
CREATE INDEX ix_redemption_reward_id ON redemption (reward_id, requested_on);

-- Drawn by the ledger or by lot: never changed afterwards.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON donation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON draw_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON institution_reward_policy, reward, redemption, cause, donation, prize_draw,
    draw_entry TO tanpuhui_app;
GRANT INSERT ON institution_reward_policy, reward, redemption, cause, donation, prize_draw,
    draw_entry TO tanpuhui_app;
GRANT UPDATE ON institution_reward_policy, reward, redemption, cause TO tanpuhui_app;
-- What a draw was announced with stays as it was announced.
GRANT UPDATE (state, entries_digest, seed) ON prize_draw TO tanpuhui_app;
