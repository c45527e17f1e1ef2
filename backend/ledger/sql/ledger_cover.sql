-- Makes sure that `p_amount` can be taken back from a member's account, though part of it was
-- spent: the shortfall comes from the member's other points, oldest first, as long as the lot in
-- question has not expired, and then from `write_off`. One correction entry tells of it.
-- Returns what was written off.
CREATE OR REPLACE FUNCTION ledger_cover(
    p_entry entry, p_account bigint, p_unit text, p_amount bigint
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_short bigint := p_amount
        - coalesce((SELECT b.amount FROM balance b WHERE b.account_id = p_account), 0);
    v_this_month date := date_trunc('month', p_entry.effective_on)::date;
    v_expired boolean := p_account
        < ledger_member_account(p_entry.member_id, 'member_points', v_this_month);
    v_from bigint[] := '{}';
    v_amounts bigint[] := '{}';
    v_lot record;
BEGIN
    IF v_short <= 0 THEN
        RETURN 0;
    END IF;
    FOR v_lot IN
        SELECT b.account_id, b.amount FROM balance b
         WHERE p_unit = 'mpt' AND NOT v_expired
           AND b.member_id = p_entry.member_id AND b.kind = 'member_points'
           AND b.expires_month >= v_this_month AND b.account_id <> p_account AND b.amount > 0
         ORDER BY b.expires_month
    LOOP
        EXIT WHEN v_short = 0;
        v_from := v_from || v_lot.account_id;
        v_amounts := v_amounts || least(v_short, v_lot.amount);
        v_short := v_short - least(v_short, v_lot.amount);
    END LOOP;
    IF v_short > 0 THEN
        v_from := v_from || ledger_system_account('write_off', p_unit, '');
        v_amounts := v_amounts || v_short;
    END IF;
    p_entry.kind := 'correction';
    p_entry.reverses_entry_id := NULL;
    p_entry.trace_digest := NULL;
    PERFORM ledger_write_entry(
        p_entry, v_from, array_fill(p_account, ARRAY[cardinality(v_from)]),
        array_fill(p_unit, ARRAY[cardinality(v_from)]), v_amounts);
    RETURN v_short;
END $$;

REVOKE ALL ON FUNCTION ledger_cover FROM PUBLIC;
