-- Reserves points for a redemption: the oldest lots move to what is pending, month by month.
-- Returns `posted`, `repeated`, `mismatch` or `insufficient`; only the first writes.
CREATE OR REPLACE FUNCTION ledger_redeem(
    p_member_id bigint, p_reference text, p_request_digest bytea,
    p_points_mpt bigint, p_on date, p_actor_id bigint
) RETURNS TABLE (outcome text, entry_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_entry bigint;
BEGIN
    RETURN QUERY SELECT * FROM ledger_earlier_spending(p_member_id, p_reference, p_request_digest);
    IF FOUND THEN
        RETURN;
    END IF;
    IF coalesce((SELECT sum(amount) FROM ledger_oldest_lots(p_member_id, p_points_mpt, p_on)), 0)
       < p_points_mpt THEN
        RETURN QUERY SELECT 'insufficient'::text, NULL::bigint;
        RETURN;
    END IF;
    INSERT INTO entry (kind, member_id, effective_on, actor_id)
    VALUES ('redemption', p_member_id, p_on, p_actor_id) RETURNING id INTO v_entry;
    INSERT INTO idempotency (member_id, reference, request_digest, entry_id)
    VALUES (p_member_id, p_reference, p_request_digest, v_entry);
    INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
    SELECT v_entry, row_number() OVER (ORDER BY lot.expires_month), p_member_id,
           ledger_member_account(p_member_id, 'member_points', lot.expires_month),
           ledger_member_account(p_member_id, 'redemption_pending', lot.expires_month),
           'mpt', lot.amount
      FROM ledger_oldest_lots(p_member_id, p_points_mpt, p_on) AS lot;
    PERFORM ledger_carry_balances(v_entry, p_member_id);
    RETURN QUERY SELECT 'posted'::text, v_entry;
END $$;

REVOKE ALL ON FUNCTION ledger_redeem FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_redeem TO tanpuhui_app;
