-- Spending: what a member's points and reductions can be turned into, and when points end.

-- A redemption is settled once, by its fulfilment or its cancellation. Partial, so that awards do
-- not pay for it. Entries carry the instant they were written at, under the member's lock, so that
-- the order of a member's entries is that of their instants.
ALTER TABLE entry
    ADD COLUMN settles_entry_id BIGINT,
    ADD CONSTRAINT fk_entry_settles_entry_id FOREIGN KEY (settles_entry_id) REFERENCES entry (id),
    ADD CONSTRAINT ck_entry_settlement CHECK (
        (kind IN ('fulfilment', 'cancellation')) = (settles_entry_id IS NOT NULL)),
    ALTER COLUMN created_at SET DEFAULT clock_timestamp();
CREATE UNIQUE INDEX uq_entry_settles_entry_id ON entry (settles_entry_id)
    WHERE settles_entry_id IS NOT NULL;
-- The instant stands in the index: the last entry before an instant is found without its row.
DROP INDEX ix_entry_member_id;
CREATE INDEX ix_entry_member_id ON entry (member_id, id) INCLUDE (created_at);

-- Actions and spending share one space of references: one reference, one thing.
ALTER TABLE idempotency
    ALTER COLUMN action_id DROP NOT NULL,
    ADD COLUMN entry_id BIGINT,
    ADD CONSTRAINT ck_idempotency_one_thing CHECK (num_nonnulls(action_id, entry_id) = 1);

-- Without the amount, so that changing it touches no index.
CREATE INDEX ix_balance_expires_month ON balance (expires_month, member_id)
    WHERE kind = 'member_points';

CREATE TABLE expiry_notice (
    member_id BIGINT NOT NULL,
    expires_month DATE NOT NULL,
    days_ahead INTEGER NOT NULL,
    points_mpt BIGINT NOT NULL,
    noticed_on DATE NOT NULL,
    CONSTRAINT pk_expiry_notice PRIMARY KEY (member_id, expires_month, days_ahead),
    CONSTRAINT ck_expiry_notice_positive CHECK (points_mpt > 0)
);
GRANT SELECT, INSERT ON expiry_notice TO tanpuhui_app;

-- The report of one instant: where everything issued went, by where it came from.
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
GRANT SELECT, INSERT ON conservation_line TO tanpuhui_app;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON expiry_notice
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON conservation_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
