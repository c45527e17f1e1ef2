-- Ends a member's points of the months from one to another: one entry, a transfer for each lot.
-- The caller holds the member's lock. Returns the points ended.
CREATE OR REPLACE FUNCTION ledger_end_lots(p_member_id bigint, p_first date, p_last date, p_on date)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_entry bigint;
    v_points bigint;
BEGIN
    SELECT sum(b.amount) INTO v_points FROM balance b
     WHERE b.member_id = p_member_id AND b.kind = 'member_points'
       AND b.expires_month BETWEEN p_first AND p_last;
    IF coalesce(v_points, 0) = 0 THEN
        RETURN 0;
    END IF;
    INSERT INTO entry (kind, member_id, effective_on)
    VALUES ('expiry', p_member_id, p_on) RETURNING id INTO v_entry;
    INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
    SELECT v_entry, row_number() OVER (ORDER BY b.expires_month), p_member_id, b.account_id,
           ledger_system_account('expired', 'mpt', ''), 'mpt', b.amount
      FROM balance b
     WHERE b.member_id = p_member_id AND b.kind = 'member_points' AND b.amount > 0
       AND b.expires_month BETWEEN p_first AND p_last;
    PERFORM ledger_carry_balances(v_entry, p_member_id);
    RETURN v_points;
END $$;

REVOKE ALL ON FUNCTION ledger_end_lots FROM PUBLIC;
