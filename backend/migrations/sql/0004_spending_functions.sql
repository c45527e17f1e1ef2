-- What spending takes, lot by lot: the oldest points first, none of a month that has ended.
CREATE FUNCTION ledger_oldest_lots(p_member_id bigint, p_points_mpt bigint, p_on date)
RETURNS TABLE (expires_month date, amount bigint) LANGUAGE sql STABLE AS $$
    SELECT lot.expires_month, least(lot.amount, p_points_mpt - lot.before)::bigint
      FROM (SELECT b.expires_month, b.amount,
                   coalesce(sum(b.amount) OVER (ORDER BY b.expires_month ROWS BETWEEN
                                                UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
              FROM balance b
             WHERE b.member_id = p_member_id AND b.kind = 'member_points' AND b.amount > 0
               AND b.expires_month >= date_trunc('month', p_on)::date) AS lot
     WHERE lot.before < p_points_mpt
$$;

-- Brings the balances of one member up to what an entry's transfers move.
CREATE FUNCTION ledger_carry_balances(p_entry_id bigint, p_member_id bigint)
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

-- What a reference of a member's spending led to before; no row for a new one. Takes the lock.
CREATE FUNCTION ledger_earlier_spending(
    p_member_id bigint, p_reference text, p_request_digest bytea
) RETURNS TABLE (outcome text, entry_id bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(p_member_id);
    RETURN QUERY
    SELECT CASE WHEN i.request_digest = p_request_digest AND i.entry_id IS NOT NULL
                THEN 'repeated' ELSE 'mismatch' END, i.entry_id
      FROM idempotency i WHERE i.member_id = p_member_id AND i.reference = p_reference;
END $$;

-- Reserves points for a redemption: the oldest lots move to what is pending, month by month.
-- Returns `posted`, `repeated`, `mismatch` or `insufficient`; only the first writes.
CREATE FUNCTION ledger_redeem(
    p_member_id bigint, p_reference text, p_request_digest bytea,
    p_points_mpt bigint, p_on date, p_actor_id bigint
) RETURNS TABLE (outcome text, entry_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_entry bigint;
BEGIN
    RETURN QUERY SELECT * FROM ledger_earlier_spending(p_member_id, p_reference, p_request_digest);
    IF FOUND THEN
        RETURN;
    END IF;
    IF coalesce((SELECT sum(amount) FROM ledger_oldest_lots(p_member_id, p_points_mpt, p_on)), 0)
       < p_points_mpt THEN
        RETURN QUERY SELECT 'insufficient'::text, NULL::bigint;
        RETURN;
    END IF;
    INSERT INTO entry (kind, member_id, effective_on, actor_id)
    VALUES ('redemption', p_member_id, p_on, p_actor_id) RETURNING id INTO v_entry;
    INSERT INTO idempotency (member_id, reference, request_digest, entry_id)
    VALUES (p_member_id, p_reference, p_request_digest, v_entry);
    INSERT INTO transfer (entry_id, seq, debit, credit, unit, amount)
    SELECT v_entry, row_number() OVER (ORDER BY lot.expires_month),
           ledger_member_account(p_member_id, 'member_points', lot.expires_month),
           ledger_member_account(p_member_id, 'redemption_pending', lot.expires_month),
           'mpt', lot.amount
      FROM ledger_oldest_lots(p_member_id, p_points_mpt, p_on) AS lot;
    PERFORM ledger_carry_balances(v_entry, p_member_id);
    RETURN QUERY SELECT 'posted'::text, v_entry;
END $$;

-- Gives points (oldest first) or reductions to a cause. Outcomes as of `ledger_redeem`.
CREATE FUNCTION ledger_donate(
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
    INSERT INTO transfer (entry_id, seq, debit, credit, unit, amount)
    SELECT v_entry, row_number() OVER (ORDER BY taken.expires_month), taken.account_id,
           ledger_system_account('donated', p_unit, p_cause), p_unit, taken.amount
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

-- What settled a redemption before, if anything did. Takes the lock of the redemption's member.
--   posted    nothing yet: the caller may settle it
--   repeated  the same kind of settlement, with its entry
--   settled   the other kind, with its entry
--   unknown   there is no such redemption
CREATE FUNCTION ledger_settlement(p_redemption_id bigint, p_kind text)
RETURNS TABLE (outcome text, entry_id bigint, member_id bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_member bigint;
BEGIN
    SELECT e.member_id INTO v_member FROM entry e
     WHERE e.id = p_redemption_id AND e.kind = 'redemption';
    IF v_member IS NULL THEN
        RETURN QUERY SELECT 'unknown'::text, NULL::bigint, NULL::bigint;
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(v_member);
    RETURN QUERY
    SELECT CASE WHEN e.id IS NULL THEN 'posted' WHEN e.kind = p_kind THEN 'repeated'
                ELSE 'settled' END, e.id, v_member
      FROM (SELECT 1) AS one LEFT JOIN entry e ON e.settles_entry_id = p_redemption_id;
END $$;

-- Hands out what was reserved: pending points are done with, in the account of the reward.
CREATE FUNCTION ledger_fulfil(
    p_redemption_id bigint, p_reward text, p_on date, p_actor_id bigint
) RETURNS TABLE (outcome text, entry_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v record;
    v_entry bigint;
BEGIN
    SELECT * INTO v FROM ledger_settlement(p_redemption_id, 'fulfilment');
    IF v.outcome = 'posted' THEN
        INSERT INTO entry (kind, member_id, effective_on, actor_id, settles_entry_id)
        VALUES ('fulfilment', v.member_id, p_on, p_actor_id, p_redemption_id)
        RETURNING id INTO v_entry;
        INSERT INTO transfer (entry_id, seq, debit, credit, unit, amount)
        SELECT v_entry, t.seq, t.credit,
               ledger_system_account('redemption_done', 'mpt', p_reward), t.unit, t.amount
          FROM transfer t WHERE t.entry_id = p_redemption_id;
        PERFORM ledger_carry_balances(v_entry, v.member_id);
    END IF;
    RETURN QUERY SELECT v.outcome, coalesce(v_entry, v.entry_id);
END $$;

-- Ends a member's points of the months from one to another: one entry, a transfer for each lot.
-- The caller holds the member's lock. Returns the points ended.
CREATE FUNCTION ledger_end_lots(p_member_id bigint, p_first date, p_last date, p_on date)
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
    INSERT INTO transfer (entry_id, seq, debit, credit, unit, amount)
    SELECT v_entry, row_number() OVER (ORDER BY b.expires_month), b.account_id,
           ledger_system_account('expired', 'mpt', ''), 'mpt', b.amount
      FROM balance b
     WHERE b.member_id = p_member_id AND b.kind = 'member_points' AND b.amount > 0
       AND b.expires_month BETWEEN p_first AND p_last;
    PERFORM ledger_carry_balances(v_entry, p_member_id);
    RETURN v_points;
END $$;

-- Gives back what was reserved, each part to the lot it came from. Of a lot whose month has ended
-- meanwhile: where `p_forgive`, the points come back into the lot of the present month; otherwise
-- they come back and end at once, in an entry of their own.
CREATE FUNCTION ledger_cancel(
    p_redemption_id bigint, p_on date, p_actor_id bigint, p_forgive boolean
) RETURNS TABLE (outcome text, entry_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v record;
    v_entry bigint;
    v_month date := date_trunc('month', p_on)::date;
    v_this_month bigint;
BEGIN
    SELECT * INTO v FROM ledger_settlement(p_redemption_id, 'cancellation');
    IF v.outcome = 'posted' THEN
        INSERT INTO entry (kind, member_id, effective_on, actor_id, settles_entry_id)
        VALUES ('cancellation', v.member_id, p_on, p_actor_id, p_redemption_id)
        RETURNING id INTO v_entry;
        v_this_month := ledger_member_account(v.member_id, 'member_points', v_month);
        -- A lot's months grow with its id: the greater account is the later lot.
        INSERT INTO transfer (entry_id, seq, debit, credit, unit, amount)
        SELECT v_entry, t.seq, t.credit,
               CASE WHEN p_forgive THEN greatest(t.debit, v_this_month) ELSE t.debit END,
               t.unit, t.amount
          FROM transfer t WHERE t.entry_id = p_redemption_id;
        PERFORM ledger_carry_balances(v_entry, v.member_id);
        PERFORM ledger_end_lots(ended.member_id, ended.first, ended.last, p_on)
           FROM (SELECT v.member_id AS member_id, min(b.expires_month) AS first,
                        max(b.expires_month) AS last
                   FROM transfer t JOIN balance b ON b.account_id = t.credit
                  WHERE t.entry_id = v_entry AND b.expires_month < v_month) AS ended
          WHERE ended.first IS NOT NULL;
    END IF;
    RETURN QUERY SELECT v.outcome, coalesce(v_entry, v.entry_id);
END $$;

-- Ends one month's lots of the next members after one, in the order of their ids.
-- Returns the members and points ended, and the last member looked at: null when none is left.
CREATE FUNCTION ledger_expire(p_month date, p_after bigint, p_limit integer, p_on date)
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
        PERFORM pg_advisory_xact_lock(v_member);
        v_points := ledger_end_lots(v_member, p_month, p_month, p_on);
        v_count := v_count + (v_points > 0)::int;
        v_total := v_total + v_points;
    END LOOP;
    RETURN QUERY SELECT v_count, v_total, v_members[cardinality(v_members)];
END $$;

REVOKE ALL ON FUNCTION
    ledger_oldest_lots, ledger_carry_balances, ledger_earlier_spending, ledger_redeem,
    ledger_donate, ledger_settlement, ledger_fulfil, ledger_end_lots, ledger_cancel, ledger_expire
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    ledger_redeem, ledger_donate, ledger_fulfil, ledger_cancel, ledger_expire
    TO tanpuhui_app;
