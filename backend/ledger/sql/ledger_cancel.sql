-- Gives back what was reserved, each part to the lot it came from. Of a lot whose month has ended
-- meanwhile: where `p_forgive`, the points come back into the lot of the present month; otherwise
-- they come back and end at once, in an entry of their own.
CREATE OR REPLACE FUNCTION ledger_cancel(
    p_redemption_id bigint, p_on date, p_actor_id bigint, p_forgive boolean
) RETURNS TABLE (outcome text, entry_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v record;
    v_entry bigint;
    v_month date := date_trunc('month', p_on)::date;
    v_this_month bigint;
BEGIN
    SELECT * INTO v FROM ledger_settlement(p_redemption_id, 'cancellation');
    IF v.outcome = 'posted' THEN
        INSERT INTO entry (kind, member_id, effective_on, actor_id, settles_entry_id)
        VALUES ('cancellation', v.member_id, p_on, p_actor_id, p_redemption_id)
        RETURNING id INTO v_entry;
        v_this_month := ledger_member_account(v.member_id, 'member_points', v_month);
        -- A lot's months grow with its id: the greater account is the later lot.
        INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
        SELECT v_entry, t.seq, v.member_id, t.credit,
               CASE WHEN p_forgive THEN greatest(t.debit, v_this_month) ELSE t.debit END,
               t.unit, t.amount
          FROM transfer t WHERE t.entry_id = p_redemption_id;
        PERFORM ledger_carry_balances(v_entry, v.member_id);
        PERFORM ledger_end_lots(ended.member_id, ended.first, ended.last, p_on)
           FROM (SELECT v.member_id AS member_id, min(b.expires_month) AS first,
                        max(b.expires_month) AS last
                   FROM transfer t JOIN balance b ON b.account_id = t.credit
                  WHERE t.entry_id = v_entry AND b.expires_month < v_month) AS ended
          WHERE ended.first IS NOT NULL;
    END IF;
    RETURN QUERY SELECT v.outcome, coalesce(v_entry, v.entry_id);
END $$;

REVOKE ALL ON FUNCTION ledger_cancel FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_cancel TO tanpuhui_app;
