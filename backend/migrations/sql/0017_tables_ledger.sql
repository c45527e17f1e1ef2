-- Tables of the ledger. Written by the SQL functions in `sql/`, append-only by trigger.

CREATE TABLE account (
    id BIGINT GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1 START WITH -1),
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    subject TEXT NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT uq_account_kind_unit_subject UNIQUE (kind, unit, subject),
    CONSTRAINT ck_account_unit CHECK (unit IN ('mg', 'mpt')),
    CONSTRAINT ck_account_chart CHECK (
        (kind IN ('avoided_source', 'donated') AND unit = 'mg' AND subject <> '')
        OR (kind IN ('issuance', 'redemption_done', 'donated') AND unit = 'mpt' AND subject <> '')
        OR (kind IN ('expired', 'budget_source') AND unit = 'mpt' AND subject = '')
        OR (kind = 'write_off' AND subject = ''))
);

CREATE TABLE balance (
    account_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    expires_month DATE,
    amount BIGINT NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    campaign_id BIGINT,
    CONSTRAINT pk_balance PRIMARY KEY (account_id),
    CONSTRAINT ck_balance_not_negative CHECK (amount >= 0),
    CONSTRAINT ck_balance_unit CHECK (unit IN ('mg', 'mpt')),
    CONSTRAINT ck_balance_chart CHECK (
        (kind = 'member_reduction' AND unit = 'mg' AND expires_month IS NULL)
        OR (kind IN ('member_points', 'redemption_pending') AND unit = 'mpt' AND expires_month IS NOT NULL)
        OR (kind = 'campaign_budget' AND unit = 'mpt' AND expires_month IS NULL)),
    CONSTRAINT ck_balance_owner CHECK (
        CASE WHEN kind = 'campaign_budget' THEN campaign_id IS NOT NULL AND member_id = 0
             ELSE member_id > 0 AND campaign_id IS NULL END)
) WITH (fillfactor = 80);
CREATE INDEX ix_balance_expires_month
    ON balance (expires_month, member_id) WHERE kind = 'member_points';
CREATE INDEX ix_balance_member_id ON balance (member_id);

CREATE TABLE cap_usage (
    subject_id BIGINT NOT NULL,
    cap_key TEXT NOT NULL,
    period_start DATE NOT NULL,
    reduction_ng BIGINT NOT NULL,
    points_npt BIGINT NOT NULL,
    activity_nano BIGINT NOT NULL,
    count_nano BIGINT NOT NULL,
    CONSTRAINT pk_cap_usage PRIMARY KEY (period_start, subject_id, cap_key),
    CONSTRAINT ck_cap_usage_not_negative CHECK (
        reduction_ng >= 0 AND points_npt >= 0 AND activity_nano >= 0 AND count_nano >= 0)
) WITH (fillfactor = 80);

CREATE TABLE conservation_line (
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    unit TEXT NOT NULL,
    source_kind TEXT NOT NULL,
    source TEXT NOT NULL,
    issued BIGINT NOT NULL,
    held BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    donated BIGINT NOT NULL,
    expired BIGINT NOT NULL,
    written_off BIGINT NOT NULL,
    CONSTRAINT pk_conservation_line PRIMARY KEY (as_of, unit, source_kind, source),
    CONSTRAINT ck_conservation_line_unit CHECK (unit IN ('mg', 'mpt'))
);

CREATE TABLE entry (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    action_id BIGINT,
    reverses_entry_id BIGINT,
    effective_on DATE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    trace_digest BYTEA,
    actor_id BIGINT,
    campaign_id BIGINT,
    settles_entry_id BIGINT,
    txid XID8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (id),
    CONSTRAINT ck_entry_kind CHECK (
        kind IN ('award', 'reversal', 'correction', 'grant', 'redemption', 'fulfilment',
            'cancellation', 'donation', 'expiry')),
    CONSTRAINT ck_entry_reversal CHECK (
        CASE kind WHEN 'reversal' THEN reverses_entry_id IS NOT NULL
             WHEN 'cancellation' THEN true
             ELSE reverses_entry_id IS NULL END),
    CONSTRAINT ck_entry_owner CHECK (
        CASE WHEN kind = 'grant' THEN member_id = 0 AND campaign_id IS NOT NULL
             ELSE member_id > 0 END),
    CONSTRAINT ck_entry_campaign CHECK (campaign_id > 0 AND campaign_id < 70368744177664),
    CONSTRAINT ck_entry_trace CHECK (kind <> 'award' OR trace_digest IS NOT NULL),
    CONSTRAINT ck_entry_settlement CHECK (
        (kind IN ('fulfilment', 'cancellation')) = (settles_entry_id IS NOT NULL)),
    CONSTRAINT fk_entry_reverses_entry_id FOREIGN KEY (reverses_entry_id) REFERENCES entry (id),
    CONSTRAINT fk_entry_settles_entry_id FOREIGN KEY (settles_entry_id) REFERENCES entry (id)
);
CREATE INDEX ix_entry_action_id ON entry (action_id);
CREATE INDEX ix_entry_effective_on ON entry USING brin (effective_on);
CREATE INDEX ix_entry_member_id ON entry (member_id, id) INCLUDE (created_at);
CREATE INDEX ix_entry_txid_id ON entry (txid, id);
CREATE UNIQUE INDEX uq_entry_reverses_entry_id
    ON entry (reverses_entry_id) WHERE reverses_entry_id IS NOT NULL;
CREATE UNIQUE INDEX uq_entry_settles_entry_id
    ON entry (settles_entry_id) WHERE settles_entry_id IS NOT NULL;

CREATE TABLE evidence_use (
    evidence_digest BYTEA NOT NULL,
    action_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    CONSTRAINT pk_evidence_use PRIMARY KEY (evidence_digest)
);

CREATE TABLE expiry_notice (
    member_id BIGINT NOT NULL,
    expires_month DATE NOT NULL,
    days_ahead INTEGER NOT NULL,
    points_mpt BIGINT NOT NULL,
    noticed_on DATE NOT NULL,
    CONSTRAINT pk_expiry_notice PRIMARY KEY (member_id, expires_month, days_ahead),
    CONSTRAINT ck_expiry_notice_positive CHECK (points_mpt > 0)
);

CREATE TABLE idempotency (
    member_id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    request_digest BYTEA NOT NULL,
    action_id BIGINT,
    entry_id BIGINT,
    CONSTRAINT pk_idempotency PRIMARY KEY (member_id, reference),
    CONSTRAINT ck_idempotency_one_thing CHECK (num_nonnulls(action_id, entry_id) = 1)
);

CREATE TABLE usage_count (
    subject TEXT NOT NULL,
    slot BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    CONSTRAINT pk_usage_count PRIMARY KEY (subject, slot)
) WITH (fillfactor = 80);

CREATE TABLE transfer (
    entry_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    debit BIGINT NOT NULL,
    credit BIGINT NOT NULL,
    unit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT pk_transfer PRIMARY KEY (entry_id, seq),
    CONSTRAINT ck_transfer_positive CHECK (amount > 0),
    CONSTRAINT ck_transfer_two_sides CHECK (debit <> credit),
    CONSTRAINT ck_transfer_unit CHECK (unit IN ('mg', 'mpt')),
    CONSTRAINT fk_transfer_entry_id FOREIGN KEY (entry_id) REFERENCES entry (id)
);
CREATE INDEX ix_transfer_credited
    ON transfer ((credit >> 16), entry_id) INCLUDE (credit, amount) WHERE credit > 0;
CREATE INDEX ix_transfer_debited
    ON transfer ((debit >> 16), entry_id) INCLUDE (debit, amount) WHERE debit > 0;
