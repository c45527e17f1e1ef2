-- Takes a bonus out of the slot that a member draws from; returns the slot's account, or null where
-- the whole budget cannot pay. A slot that is too low is refilled from the others first, up to its
-- even share; all are then locked in order, and nobody who holds one waits for another.
CREATE OR REPLACE FUNCTION ledger_take_bonus(
    p_campaign_id bigint, p_member_id bigint, p_bonus_mpt bigint, p_on date
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_account bigint := ledger_campaign_account(p_campaign_id, (p_member_id % 16)::integer);
    v_total bigint;
    v_wanted bigint;
    v_slot record;
    v_entry entry;
    v_from bigint[] := '{}';
    v_amounts bigint[] := '{}';
BEGIN
    UPDATE balance SET amount = amount - p_bonus_mpt, version = version + 1
     WHERE account_id = v_account AND amount >= p_bonus_mpt;
    IF FOUND THEN
        RETURN v_account;
    END IF;

    PERFORM FROM balance WHERE account_id BETWEEN ledger_campaign_account(p_campaign_id, 0)
                                              AND ledger_campaign_account(p_campaign_id, 15)
      ORDER BY account_id FOR UPDATE;
    SELECT coalesce(sum(amount), 0)::bigint INTO v_total FROM balance
     WHERE account_id BETWEEN ledger_campaign_account(p_campaign_id, 0)
                          AND ledger_campaign_account(p_campaign_id, 15);
    IF v_total < p_bonus_mpt THEN
        RETURN NULL;
    END IF;
    v_wanted := greatest(p_bonus_mpt, v_total / 16)
        - coalesce((SELECT amount FROM balance WHERE account_id = v_account), 0);
    FOR v_slot IN
        SELECT account_id, amount FROM balance
         WHERE account_id BETWEEN ledger_campaign_account(p_campaign_id, 0)
                              AND ledger_campaign_account(p_campaign_id, 15)
           AND account_id <> v_account AND amount > 0
         ORDER BY amount DESC, account_id
    LOOP
        EXIT WHEN v_wanted <= 0;
        v_from := v_from || v_slot.account_id;
        v_amounts := v_amounts || least(v_wanted, v_slot.amount);
        v_wanted := v_wanted - least(v_wanted, v_slot.amount);
    END LOOP;
    IF cardinality(v_from) > 0 THEN
        v_entry.kind := 'grant';
        v_entry.campaign_id := p_campaign_id;
        v_entry.effective_on := p_on;
        PERFORM ledger_write_entry(
            v_entry, v_from, array_fill(v_account, ARRAY[cardinality(v_from)]),
            array_fill('mpt'::text, ARRAY[cardinality(v_from)]), v_amounts);
    END IF;
    UPDATE balance SET amount = amount - p_bonus_mpt, version = version + 1
     WHERE account_id = v_account;
    RETURN v_account;
END $$;

REVOKE ALL ON FUNCTION ledger_take_bonus FROM PUBLIC;
