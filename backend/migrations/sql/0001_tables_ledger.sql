-- The double-entry book of points and reductions.

CREATE TABLE account (
    id BIGINT GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1 START WITH -1),
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    subject TEXT NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT uq_account_kind_subject UNIQUE (kind, subject),
    CONSTRAINT ck_account_unit CHECK (unit IN ('mg', 'mpt'))
);

CREATE TABLE balance (
    account_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    expires_month DATE,
    amount BIGINT NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    CONSTRAINT pk_balance PRIMARY KEY (account_id),
    CONSTRAINT ck_balance_not_negative CHECK (amount >= 0),
    CONSTRAINT ck_balance_unit CHECK (unit IN ('mg', 'mpt'))
)
 WITH (fillfactor = 80);
CREATE INDEX ix_balance_member_id ON balance (member_id);

CREATE TABLE cap_usage (
    subject_id BIGINT NOT NULL,
    cap_key TEXT NOT NULL,
    period_start DATE NOT NULL,
    reduction_ng BIGINT NOT NULL,
    points_npt BIGINT NOT NULL,
    activity_nano BIGINT NOT NULL,
    count_nano BIGINT NOT NULL,
    CONSTRAINT pk_cap_usage PRIMARY KEY (subject_id, cap_key, period_start),
    CONSTRAINT ck_cap_usage_not_negative CHECK (reduction_ng >= 0 AND points_npt >= 0 AND activity_nano >= 0 AND count_nano >= 0)
)
 WITH (fillfactor = 80);

CREATE TABLE usage_count (
    subject TEXT NOT NULL,
    slot BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    CONSTRAINT pk_usage_count PRIMARY KEY (subject, slot)
)
 WITH (fillfactor = 80);

CREATE TABLE entry (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    action_id BIGINT,
    reverses_entry_id BIGINT,
    effective_on DATE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    trace_digest BYTEA NOT NULL,
    actor_id BIGINT,
    CONSTRAINT pk_entry PRIMARY KEY (id),
    CONSTRAINT uq_entry_reverses_entry_id UNIQUE (reverses_entry_id),
    CONSTRAINT ck_entry_kind CHECK (kind IN ('award', 'reversal', 'correction')),
    CONSTRAINT ck_entry_reversal CHECK ((kind = 'reversal') = (reverses_entry_id IS NOT NULL)),
    CONSTRAINT fk_entry_reverses_entry_id FOREIGN KEY(reverses_entry_id) REFERENCES entry (id)
);
CREATE INDEX ix_entry_action_id ON entry (action_id);
CREATE INDEX ix_entry_member_id ON entry (member_id, id);

CREATE TABLE evidence_use (
    evidence_digest BYTEA NOT NULL,
    action_id BIGINT NOT NULL,
    CONSTRAINT pk_evidence_use PRIMARY KEY (evidence_digest)
);

CREATE TABLE idempotency (
    member_id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    request_digest BYTEA NOT NULL,
    action_id BIGINT NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY (member_id, reference)
);

CREATE TABLE transfer (
    entry_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    debit BIGINT NOT NULL,
    credit BIGINT NOT NULL,
    unit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT pk_transfer PRIMARY KEY (entry_id, seq),
    CONSTRAINT ck_transfer_positive CHECK (amount > 0),
    CONSTRAINT ck_transfer_two_sides CHECK (debit <> credit),
    CONSTRAINT ck_transfer_unit CHECK (unit IN ('mg', 'mpt')),
    CONSTRAINT fk_transfer_entry_id FOREIGN KEY(entry_id) REFERENCES entry (id)
);
CREATE INDEX ix_transfer_credit ON transfer (credit, entry_id) INCLUDE (amount);
CREATE INDEX ix_transfer_debit ON transfer (debit, entry_id) INCLUDE (amount) WHERE debit > 0;
