-- Gives points (oldest first) or reductions to a cause. Outcomes as of `ledger_redeem`.
CREATE OR REPLACE FUNCTION ledger_donate(
    p_member_id bigint, p_reference text, p_request_digest bytea,
    p_cause text, p_unit text, p_amount bigint, p_on date, p_actor_id bigint
) RETURNS TABLE (outcome text, entry_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_entry bigint;
    v_held bigint;
BEGIN
    RETURN QUERY SELECT * FROM ledger_earlier_spending(p_member_id, p_reference, p_request_digest);
    IF FOUND THEN
        RETURN;
    END IF;
    IF p_unit = 'mg' THEN
        SELECT b.amount INTO v_held FROM balance b
         WHERE b.account_id = ledger_member_account(p_member_id, 'member_reduction', NULL);
    ELSE
        SELECT sum(amount) INTO v_held FROM ledger_oldest_lots(p_member_id, p_amount, p_on);
    END IF;
    IF coalesce(v_held, 0) < p_amount THEN
        RETURN QUERY SELECT 'insufficient'::text, NULL::bigint;
        RETURN;
    END IF;
    INSERT INTO entry (kind, member_id, effective_on, actor_id)
    VALUES ('donation', p_member_id, p_on, p_actor_id) RETURNING id INTO v_entry;
    INSERT INTO idempotency (member_id, reference, request_digest, entry_id)
    VALUES (p_member_id, p_reference, p_request_digest, v_entry);
    INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
    SELECT v_entry, row_number() OVER (ORDER BY taken.expires_month), p_member_id,
           taken.account_id, ledger_system_account('donated', p_unit, p_cause), p_unit, taken.amount
      FROM (SELECT NULL::date AS expires_month, p_amount AS amount,
                   ledger_member_account(p_member_id, 'member_reduction', NULL) AS account_id
             WHERE p_unit = 'mg'
            UNION ALL
            SELECT lot.expires_month, lot.amount,
                   ledger_member_account(p_member_id, 'member_points', lot.expires_month)
              FROM ledger_oldest_lots(p_member_id, p_amount, p_on) AS lot
             WHERE p_unit = 'mpt') AS taken;
    PERFORM ledger_carry_balances(v_entry, p_member_id);
    RETURN QUERY SELECT 'posted'::text, v_entry;
END $$;

REVOKE ALL ON FUNCTION ledger_donate FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_donate TO tanpuhui_app;
