-- Back to awards, reversals and corrections.
CREATE OR REPLACE FUNCTION ledger_system_account(p_kind text, p_unit text, p_subject text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT id INTO v_id FROM account WHERE kind = p_kind AND subject = p_subject;
    IF v_id IS NULL THEN
        INSERT INTO account (kind, unit, subject) VALUES (p_kind, p_unit, p_subject)
        ON CONFLICT (kind, subject) DO NOTHING;
        SELECT id INTO v_id FROM account WHERE kind = p_kind AND subject = p_subject;
    END IF;
    RETURN v_id;
END $$;
DROP FUNCTION ledger_campaign_account;
CREATE OR REPLACE FUNCTION ledger_member_account(
    p_member_id bigint, p_kind text, p_expires_month date
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (p_member_id << 16)
         | (CASE p_kind WHEN 'member_reduction' THEN 1 WHEN 'member_points' THEN 2 END << 12)
         | coalesce((extract(year FROM p_expires_month)::int - 2020) * 12
                    + extract(month FROM p_expires_month)::int, 0)
$$;
ALTER TABLE entry
    DROP CONSTRAINT ck_entry_trace,
    DROP CONSTRAINT ck_entry_owner,
    DROP CONSTRAINT ck_entry_reversal,
    DROP CONSTRAINT ck_entry_kind,
    DROP COLUMN campaign_id,
    ALTER COLUMN trace_digest SET NOT NULL,
    ALTER COLUMN member_id SET NOT NULL,
    ADD CONSTRAINT ck_entry_kind CHECK (kind IN ('award', 'reversal', 'correction')),
    ADD CONSTRAINT ck_entry_reversal CHECK ((kind = 'reversal') = (reverses_entry_id IS NOT NULL));
ALTER TABLE balance
    DROP CONSTRAINT ck_balance_owner,
    DROP CONSTRAINT ck_balance_chart,
    DROP COLUMN campaign_id,
    ALTER COLUMN member_id SET NOT NULL;
ALTER TABLE account
    DROP CONSTRAINT ck_account_chart,
    DROP CONSTRAINT uq_account_kind_unit_subject,
    ADD CONSTRAINT uq_account_kind_subject UNIQUE (kind, subject);
