-- Hands out what was reserved: pending points are done with, in the account of the reward.
CREATE OR REPLACE FUNCTION ledger_fulfil(
    p_redemption_id bigint, p_reward text, p_on date, p_actor_id bigint
) RETURNS TABLE (outcome text, entry_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v record;
    v_entry bigint;
BEGIN
    SELECT * INTO v FROM ledger_settlement(p_redemption_id, 'fulfilment');
    IF v.outcome = 'posted' THEN
        INSERT INTO entry (kind, member_id, effective_on, actor_id, settles_entry_id)
        VALUES ('fulfilment', v.member_id, p_on, p_actor_id, p_redemption_id)
        RETURNING id INTO v_entry;
        INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
        SELECT v_entry, t.seq, v.member_id, t.credit,
               ledger_system_account('redemption_done', 'mpt', p_reward), t.unit, t.amount
          FROM transfer t WHERE t.entry_id = p_redemption_id;
        PERFORM ledger_carry_balances(v_entry, v.member_id);
    END IF;
    RETURN QUERY SELECT v.outcome, coalesce(v_entry, v.entry_id);
END $$;

REVOKE ALL ON FUNCTION ledger_fulfil FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_fulfil TO tanpuhui_app;
