-- The chart of accounts and the kinds of entry, as backend/ledger/chart.py declares them.

-- A cause is given reductions and points, so the unit belongs to the name of a system account.
ALTER TABLE account
    DROP CONSTRAINT uq_account_kind_subject,
    ADD CONSTRAINT uq_account_kind_unit_subject UNIQUE (kind, unit, subject),
    ADD CONSTRAINT ck_account_chart CHECK (
        (kind IN ('avoided_source', 'donated') AND unit = 'mg' AND subject <> '')
        OR (kind IN ('issuance', 'redemption_done', 'donated') AND unit = 'mpt' AND subject <> '')
        OR (kind IN ('expired', 'write_off', 'budget_source') AND unit = 'mpt'
            AND subject = ''));

ALTER TABLE balance
    ALTER COLUMN member_id DROP NOT NULL,
    ADD COLUMN campaign_id BIGINT,
    ADD CONSTRAINT ck_balance_chart CHECK (
        (kind = 'member_reduction' AND unit = 'mg' AND expires_month IS NULL)
        OR (kind IN ('member_points', 'redemption_pending') AND unit = 'mpt'
            AND expires_month IS NOT NULL)
        OR (kind = 'campaign_budget' AND unit = 'mpt' AND expires_month IS NULL)),
    ADD CONSTRAINT ck_balance_owner CHECK (
        CASE WHEN kind = 'campaign_budget' THEN campaign_id IS NOT NULL AND member_id IS NULL
             ELSE member_id IS NOT NULL AND campaign_id IS NULL END);

-- Only an award must tell how its amounts came about; only a grant belongs to no member.
ALTER TABLE entry
    ALTER COLUMN member_id DROP NOT NULL,
    ALTER COLUMN trace_digest DROP NOT NULL,
    ADD COLUMN campaign_id BIGINT,
    DROP CONSTRAINT ck_entry_kind,
    DROP CONSTRAINT ck_entry_reversal,
    ADD CONSTRAINT ck_entry_kind CHECK (
        kind IN ('award', 'reversal', 'correction', 'grant', 'redemption', 'fulfilment',
                 'cancellation', 'donation', 'expiry')),
    ADD CONSTRAINT ck_entry_reversal CHECK (
        CASE kind WHEN 'reversal' THEN reverses_entry_id IS NOT NULL
                  WHEN 'cancellation' THEN true
                  ELSE reverses_entry_id IS NULL END),
    ADD CONSTRAINT ck_entry_owner CHECK (
        CASE WHEN kind = 'grant' THEN member_id IS NULL AND campaign_id IS NOT NULL
             ELSE member_id IS NOT NULL END),
    ADD CONSTRAINT ck_entry_trace CHECK (kind <> 'award' OR trace_digest IS NOT NULL);

CREATE OR REPLACE FUNCTION ledger_member_account(
    p_member_id bigint, p_kind text, p_expires_month date
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (p_member_id << 16)
         | (CASE p_kind WHEN 'member_reduction' THEN 1 WHEN 'member_points' THEN 2
                        WHEN 'redemption_pending' THEN 4 END << 12)
         | coalesce((extract(year FROM p_expires_month)::int - 2020) * 12
                    + extract(month FROM p_expires_month)::int, 0)
$$;

-- One slot of a campaign's budget: the campaign in the high bits, its kind, the slot (0 to 15).
CREATE FUNCTION ledger_campaign_account(p_campaign_id bigint, p_slot integer)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (p_campaign_id << 16) | (3 << 12) | p_slot
$$;
REVOKE ALL ON FUNCTION ledger_campaign_account FROM PUBLIC;

CREATE OR REPLACE FUNCTION ledger_system_account(p_kind text, p_unit text, p_subject text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT id INTO v_id FROM account
     WHERE kind = p_kind AND unit = p_unit AND subject = p_subject;
    IF v_id IS NULL THEN
        INSERT INTO account (kind, unit, subject) VALUES (p_kind, p_unit, p_subject)
        ON CONFLICT (kind, unit, subject) DO NOTHING;
        SELECT id INTO v_id FROM account
         WHERE kind = p_kind AND unit = p_unit AND subject = p_subject;
    END IF;
    RETURN v_id;
END $$;
