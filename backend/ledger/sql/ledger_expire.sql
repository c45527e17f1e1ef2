-- Ends one month's lots of the next members after one, in the order of their ids.
-- Returns the members and points ended, and the last member looked at: null when none is left.
CREATE OR REPLACE FUNCTION ledger_expire(p_month date, p_after bigint, p_limit integer, p_on date)
RETURNS TABLE (members bigint, points_mpt bigint, last_member_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_members bigint[];
    v_member bigint;
    v_points bigint;
    v_count bigint := 0;
    v_total bigint := 0;
BEGIN
    IF p_on < p_month + interval '1 month' THEN
        RAISE EXCEPTION 'the lots of % have not ended on %', p_month, p_on
            USING ERRCODE = 'check_violation';
    END IF;
    v_members := ARRAY(
        SELECT b.member_id FROM balance b
         WHERE b.expires_month = p_month AND b.kind = 'member_points' AND b.amount > 0
           AND b.member_id > p_after
         ORDER BY b.member_id LIMIT p_limit);
    FOREACH v_member IN ARRAY v_members LOOP
        PERFORM ledger_lock_member(v_member);
        v_points := ledger_end_lots(v_member, p_month, p_month, p_on);
        v_count := v_count + (v_points > 0)::int;
        v_total := v_total + v_points;
    END LOOP;
    RETURN QUERY SELECT v_count, v_total, v_members[cardinality(v_members)];
END $$;

REVOKE ALL ON FUNCTION ledger_expire FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_expire TO tanpuhui_app;
