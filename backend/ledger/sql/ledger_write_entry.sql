-- Writes one entry with its transfers and moves the balances: what every function below ends in.
-- Not for the application's role. A balance that would fall below 0 refuses the whole entry.
CREATE OR REPLACE FUNCTION ledger_write_entry(
    p_entry entry,
    p_debits bigint[],
    p_credits bigint[],
    p_units text[],
    p_amounts bigint[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_entry bigint;
    v_move record;
BEGIN
    INSERT INTO entry (kind, member_id, campaign_id, action_id, reverses_entry_id, effective_on,
                       trace_digest, actor_id)
    VALUES (p_entry.kind, coalesce(p_entry.member_id, 0), p_entry.campaign_id, p_entry.action_id,
            p_entry.reverses_entry_id, p_entry.effective_on, p_entry.trace_digest,
            p_entry.actor_id)
    RETURNING id INTO v_entry;

    INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
    SELECT v_entry, row_number() OVER (ORDER BY t.seq), coalesce(p_entry.member_id, 0),
           t.debit, t.credit, t.unit, t.amount
      FROM unnest(p_debits, p_credits, p_units, p_amounts)
           WITH ORDINALITY AS t(debit, credit, unit, amount, seq)
     WHERE t.amount > 0;

    FOR v_move IN
        SELECT m.account, m.unit, sum(m.amount)::bigint AS amount
          FROM (SELECT t.credit AS account, t.unit, t.amount FROM transfer t
                 WHERE t.entry_id = v_entry AND t.credit > 0
                UNION ALL
                SELECT t.debit, t.unit, -t.amount FROM transfer t
                 WHERE t.entry_id = v_entry AND t.debit > 0) AS m
         GROUP BY m.account, m.unit HAVING sum(m.amount) <> 0 ORDER BY m.account
    LOOP
        PERFORM ledger_move_balance(v_move.account, v_move.unit, v_move.amount);
    END LOOP;
    RETURN v_entry;
END $$;

REVOKE ALL ON FUNCTION ledger_write_entry FROM PUBLIC;
