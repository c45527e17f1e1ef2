-- Writes down what every account held at the end of a month, but for those that held nothing: the
-- sum of its transfers over the entries that count for that month or an earlier one and stand among
-- the first leaves of the tree.
--
-- The month sealed before says what those held that were counted then; only what came since is read:
-- newer leaves that count for a month up to this one, and older leaves that count for a later month
-- than the last sealed. Whatever was late or dated back is among the former.
CREATE OR REPLACE FUNCTION proofs_seal_balances(p_month date, p_tree_size bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_end date := (p_month + interval '1 month')::date;
    v_last sealed_month;
    v_count bigint;
BEGIN
    SELECT * INTO v_last FROM sealed_month WHERE month < p_month ORDER BY month DESC LIMIT 1;
    IF p_tree_size < v_last.tree_size THEN
        RAISE EXCEPTION 'month % was sealed over more leaves than %', v_last.month, p_tree_size
            USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO sealed_balance (month, index, account_id, member_id, unit, amount, salt)
    WITH counted AS MATERIALIZED (
        SELECT e.id FROM tree_leaf l JOIN entry e ON e.id = l.entry_id
         WHERE l.index >= coalesce(v_last.tree_size, 0) AND l.index < p_tree_size
           AND e.effective_on < v_end
        UNION ALL
        SELECT e.id FROM entry e JOIN tree_leaf l ON l.entry_id = e.id
         WHERE e.effective_on >= (v_last.month + interval '1 month')::date
           AND e.effective_on < v_end AND l.index < v_last.tree_size
    ), held AS (
        SELECT s.account_id, s.unit, sum(s.amount)::bigint AS amount
          FROM (SELECT b.account_id, b.unit, b.amount FROM sealed_balance b
                 WHERE b.month = v_last.month
                UNION ALL
                SELECT side.account_id, t.unit, side.amount
                  FROM counted c JOIN transfer t ON t.entry_id = c.id,
                       LATERAL (VALUES (t.credit, t.amount), (t.debit, -t.amount))
                           AS side(account_id, amount)) AS s
         GROUP BY s.account_id, s.unit HAVING sum(s.amount) <> 0
    )
    SELECT p_month, row_number() OVER (ORDER BY h.account_id) - 1, h.account_id,
           CASE WHEN h.account_id > 0 AND h.account_id >> 12 & 15 <> 3 THEN h.account_id >> 16
                ELSE 0 END,
           h.unit, h.amount, uuid_send(gen_random_uuid())
      FROM held h;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

REVOKE ALL ON FUNCTION proofs_seal_balances FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofs_seal_balances TO tanpuhui_app;
