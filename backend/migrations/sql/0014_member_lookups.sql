-- An award of a member who was not seen for a while touches a page of its own in every index that
-- is ordered by member; each is read from disk, and written whole once after each checkpoint. So
-- those that can be are fewer, or ordered by time first.

-- Points and reductions of a member lie beside each other: one page instead of two, and a balance
-- as of an instant is one stretch of the index.
DROP INDEX ix_transfer_credit;
DROP INDEX ix_transfer_debit;
CREATE INDEX ix_transfer_credited ON transfer ((credit >> 16), entry_id)
    INCLUDE (credit, amount) WHERE credit > 0;
CREATE INDEX ix_transfer_debited ON transfer ((debit >> 16), entry_id)
    INCLUDE (debit, amount) WHERE debit > 0;

-- Always looked up by the whole key: the present period's counters lie together.
ALTER TABLE cap_usage DROP CONSTRAINT pk_cap_usage;
ALTER TABLE cap_usage ADD CONSTRAINT pk_cap_usage PRIMARY KEY (period_start, subject_id, cap_key);

-- Awards reverse nothing and need no row here.
ALTER TABLE entry DROP CONSTRAINT uq_entry_reverses_entry_id;
CREATE UNIQUE INDEX uq_entry_reverses_entry_id ON entry (reverses_entry_id)
    WHERE reverses_entry_id IS NOT NULL;
