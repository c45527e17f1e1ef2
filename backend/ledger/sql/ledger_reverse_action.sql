-- Takes an action's award back: every entry that built it up is mirrored exactly, newest first, and
-- never again (unique key on reverses_entry_id). Caps are the caller's to reassess afterwards.
--
-- Returns `reversed`, or `not_credited` where there is nothing to take back, and what was written off
-- because the member had spent it.
CREATE OR REPLACE FUNCTION ledger_reverse_action(
    p_action_id bigint, p_actor_id bigint, p_reason text, p_on date
) RETURNS TABLE (outcome text, written_off_mg bigint, written_off_mpt bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_new entry;
    v_old record;
    v_take record;
    v_mg bigint := 0;
    v_mpt bigint := 0;
BEGIN
    SELECT a.member_id, a.id INTO v_new.member_id, v_new.action_id
      FROM action a WHERE a.id = p_action_id;
    PERFORM ledger_lock_member(v_new.member_id) WHERE v_new.member_id IS NOT NULL;
    IF v_new.member_id IS NULL
       OR EXISTS (SELECT FROM action_state s
                   WHERE s.action_id = p_action_id AND s.status <> 'credited') THEN
        RETURN QUERY SELECT 'not_credited'::text, 0::bigint, 0::bigint;
        RETURN;
    END IF;
    v_new.effective_on := p_on;
    v_new.actor_id := p_actor_id;

    FOR v_old IN
        SELECT e.id, e.trace_digest FROM entry e
         WHERE e.action_id = p_action_id
           AND (e.kind = 'award' OR e.id IN (SELECT r.entry_id FROM reassessment r
                                              WHERE r.action_id = p_action_id))
         ORDER BY e.id DESC
    LOOP
        FOR v_take IN
            SELECT t.credit, t.unit, sum(t.amount)::bigint AS amount FROM transfer t
             WHERE t.entry_id = v_old.id AND t.credit > 0 GROUP BY t.credit, t.unit
        LOOP
            IF v_take.unit = 'mg' THEN
                v_mg := v_mg + ledger_cover(v_new, v_take.credit, 'mg', v_take.amount);
            ELSE
                v_mpt := v_mpt + ledger_cover(v_new, v_take.credit, 'mpt', v_take.amount);
            END IF;
        END LOOP;
        v_new.kind := 'reversal';
        v_new.reverses_entry_id := v_old.id;
        v_new.trace_digest := v_old.trace_digest;
        PERFORM ledger_write_entry(v_new, array_agg(t.credit ORDER BY t.seq),
                                   array_agg(t.debit ORDER BY t.seq),
                                   array_agg(t.unit ORDER BY t.seq),
                                   array_agg(t.amount ORDER BY t.seq))
           FROM transfer t WHERE t.entry_id = v_old.id;
    END LOOP;

    INSERT INTO action_state AS s (action_id, member_id, status, reason)
    VALUES (p_action_id, v_new.member_id, 'reversed', p_reason)
    ON CONFLICT (action_id) DO UPDATE SET status = 'reversed', reason = excluded.reason;
    INSERT INTO outbox (kind, member_id, payload)
    VALUES ('award.posted', v_new.member_id, jsonb_build_object('action_id', p_action_id));
    RETURN QUERY SELECT 'reversed'::text, v_mg, v_mpt;
END $$;

REVOKE ALL ON FUNCTION ledger_reverse_action FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_reverse_action TO tanpuhui_app;
