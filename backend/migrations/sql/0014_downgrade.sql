DROP INDEX ix_transfer_credited;
DROP INDEX ix_transfer_debited;
CREATE INDEX ix_transfer_credit ON transfer (credit, entry_id) INCLUDE (amount);
CREATE INDEX ix_transfer_debit ON transfer (debit, entry_id) INCLUDE (amount) WHERE debit > 0;

ALTER TABLE cap_usage DROP CONSTRAINT pk_cap_usage;
ALTER TABLE cap_usage ADD CONSTRAINT pk_cap_usage PRIMARY KEY (subject_id, cap_key, period_start);

DROP INDEX uq_entry_reverses_entry_id;
ALTER TABLE entry ADD CONSTRAINT uq_entry_reverses_entry_id UNIQUE (reverses_entry_id);
