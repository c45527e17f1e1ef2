-- Brings the balances of one member up to what an entry's transfers move.
CREATE OR REPLACE FUNCTION ledger_carry_balances(p_entry_id bigint, p_member_id bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE balance b SET amount = b.amount - t.amount, version = b.version + 1
      FROM (SELECT debit, sum(amount) AS amount FROM transfer
             WHERE entry_id = p_entry_id AND debit > 0 GROUP BY debit) AS t
     WHERE b.account_id = t.debit;
    -- The kind and the month of expiry are read back from the account's id.
    INSERT INTO balance AS b (account_id, member_id, kind, unit, expires_month, amount)
    SELECT t.credit, p_member_id,
           CASE t.credit >> 12 & 15 WHEN 1 THEN 'member_reduction' WHEN 2 THEN 'member_points'
                                    WHEN 4 THEN 'redemption_pending' END,
           t.unit,
           CASE WHEN t.credit & 4095 > 0 THEN make_date(2020 + ((t.credit & 4095) - 1)::int / 12,
                                                        ((t.credit & 4095) - 1)::int % 12 + 1, 1)
           END,
           sum(t.amount)
      FROM transfer t WHERE t.entry_id = p_entry_id AND t.credit > 0
     GROUP BY t.credit, t.unit ORDER BY t.credit
    ON CONFLICT (account_id) DO UPDATE
       SET amount = b.amount + excluded.amount, version = b.version + 1;
END $$;

REVOKE ALL ON FUNCTION ledger_carry_balances FROM PUBLIC;
