-- Writes one entry with its transfers and moves the balances: what every function below ends in.
-- Not for the application's role. A balance that would fall below 0 refuses the whole entry.
CREATE FUNCTION ledger_write_entry(
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
    VALUES (p_entry.kind, p_entry.member_id, p_entry.campaign_id, p_entry.action_id,
            p_entry.reverses_entry_id, p_entry.effective_on, p_entry.trace_digest,
            p_entry.actor_id)
    RETURNING id INTO v_entry;

    INSERT INTO transfer (entry_id, seq, debit, credit, unit, amount)
    SELECT v_entry, row_number() OVER (ORDER BY t.seq), t.debit, t.credit, t.unit, t.amount
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

-- Adds to the balance of an account, or takes from it; opens its row at the first credit. What the
-- row says of the account is read from its id (backend/ledger/chart.py).
CREATE FUNCTION ledger_move_balance(p_account bigint, p_unit text, p_amount bigint)
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
            CASE WHEN v_code <> 3 THEN p_account >> 16 END,
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

-- Makes sure that `p_amount` can be taken back from a member's account, though part of it was
-- spent: the shortfall comes from the member's other points, oldest first, as long as the lot in
-- question has not expired, and then from `write_off`. One correction entry tells of it.
-- Returns what was written off.
CREATE FUNCTION ledger_cover(
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
