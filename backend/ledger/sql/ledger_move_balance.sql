-- Adds to the balance of an account, or takes from it; opens its row at the first credit. What the
-- row says of the account is read from its id (backend/ledger/chart.py).
CREATE OR REPLACE FUNCTION ledger_move_balance(p_account bigint, p_unit text, p_amount bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_code integer := (p_account >> 12) & 15;
    v_month integer := p_account & 4095;
BEGIN
    UPDATE balance SET amount = amount + p_amount, version = version + 1
     WHERE account_id = p_account;
    IF FOUND THEN
        RETURN;
    END IF;
    INSERT INTO balance AS b (account_id, member_id, campaign_id, kind, unit, expires_month, amount)
    VALUES (p_account,
            CASE WHEN v_code = 3 THEN 0 ELSE p_account >> 16 END,
            CASE WHEN v_code = 3 THEN p_account >> 16 END,
            (ARRAY['member_reduction', 'member_points', 'campaign_budget',
                   'redemption_pending'])[v_code],
            p_unit,
            CASE WHEN v_code IN (2, 4)
                 THEN make_date(2020 + (v_month - 1) / 12, (v_month - 1) % 12 + 1, 1) END,
            p_amount)
    ON CONFLICT (account_id) DO UPDATE
       SET amount = b.amount + excluded.amount, version = b.version + 1;
END $$;

REVOKE ALL ON FUNCTION ledger_move_balance FROM PUBLIC;
