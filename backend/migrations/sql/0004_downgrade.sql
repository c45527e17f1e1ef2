-- Back to points that nobody can spend.
DROP FUNCTION ledger_redeem, ledger_donate, ledger_fulfil, ledger_cancel, ledger_expire,
    ledger_end_lots, ledger_settlement, ledger_earlier_spending, ledger_carry_balances,
    ledger_oldest_lots;
DROP TABLE conservation_line, expiry_notice;
DROP INDEX ix_balance_expires_month;
ALTER TABLE idempotency
    DROP CONSTRAINT ck_idempotency_one_thing,
    DROP COLUMN entry_id,
    ALTER COLUMN action_id SET NOT NULL;
DROP INDEX ix_entry_member_id;
CREATE INDEX ix_entry_member_id ON entry (member_id, id);
DROP INDEX uq_entry_settles_entry_id;
ALTER TABLE entry
    DROP CONSTRAINT ck_entry_settlement,
    DROP CONSTRAINT fk_entry_settles_entry_id,
    DROP COLUMN settles_entry_id,
    ALTER COLUMN created_at SET DEFAULT now();
