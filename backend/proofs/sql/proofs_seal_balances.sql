-- Writes down what every account held at the end of a month: the sum of its transfers over the
-- entries that count for that month or an earlier one and stand among the first leaves of the tree.
CREATE OR REPLACE FUNCTION proofs_seal_balances(p_month date, p_tree_size bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_count bigint;
BEGIN
    INSERT INTO sealed_balance (month, index, account_id, member_id, unit, amount, salt)
    SELECT p_month, row_number() OVER (ORDER BY h.account_id) - 1, h.account_id,
           CASE WHEN h.account_id > 0 AND h.account_id >> 12 & 15 <> 3 THEN h.account_id >> 16
                ELSE 0 END,
           h.unit, h.amount,
           uuid_send(gen_random_uuid())
      FROM (SELECT s.account_id, s.unit, sum(s.amount)::bigint AS amount
              FROM transfer t
              JOIN entry e ON e.id = t.entry_id AND e.effective_on < p_month + interval '1 month'
              JOIN tree_leaf l ON l.entry_id = e.id AND l.index < p_tree_size,
                   LATERAL (VALUES (t.credit, t.unit, t.amount), (t.debit, t.unit, -t.amount))
                       AS s(account_id, unit, amount)
             GROUP BY s.account_id, s.unit) AS h;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

REVOKE ALL ON FUNCTION proofs_seal_balances FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofs_seal_balances TO tanpuhui_app;
