-- Ends a held award, once: `posted` credits what it earns now, `voided` and `timed_out` credit
-- nothing and leave the caps to the caller. Returns `resolved`, or `not_held` where there is no such
-- hold or it ended before.
CREATE OR REPLACE FUNCTION ledger_resolve_hold(
    p_action_id bigint, p_outcome text, p_actor_id bigint, p_reason text, p_at timestamptz,
    p_expires_month date
) RETURNS TABLE (outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_new entry;
    v_award record;
    v_entry bigint;
BEGIN
    PERFORM ledger_lock_member(a.member_id) FROM action a WHERE a.id = p_action_id;
    SELECT a.member_id, a.occurred_on, a.methodology_id,
           coalesce(r.trace_digest, h.trace_digest) AS trace_digest,
           coalesce(r.reduction_mg, a.reduction_mg) AS reduction_mg,
           coalesce(r.points_mpt, a.points_mpt) AS points_mpt
      INTO v_award
      FROM action a
      JOIN held_award h ON h.action_id = a.id
      JOIN action_state s ON s.action_id = a.id AND s.status = 'held'
      LEFT JOIN reassessment r ON r.id = s.reassessment_id
     WHERE a.id = p_action_id;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'not_held'::text;
        RETURN;
    END IF;
    IF p_outcome = 'posted' THEN
        v_new.kind := 'award';
        v_new.member_id := v_award.member_id;
        v_new.action_id := p_action_id;
        v_new.effective_on := v_award.occurred_on;
        v_new.trace_digest := v_award.trace_digest;
        v_new.actor_id := p_actor_id;
        v_entry := ledger_write_entry(
            v_new,
            ARRAY[ledger_system_account('avoided_source', 'mg', v_award.methodology_id),
                  ledger_system_account('issuance', 'mpt', v_award.methodology_id)],
            ARRAY[ledger_member_account(v_award.member_id, 'member_reduction', NULL),
                  ledger_member_account(v_award.member_id, 'member_points', p_expires_month)],
            ARRAY['mg', 'mpt'], ARRAY[v_award.reduction_mg, v_award.points_mpt]);
        INSERT INTO outbox (kind, member_id, payload)
        VALUES ('award.posted', v_award.member_id, jsonb_build_object('action_id', p_action_id));
    END IF;
    INSERT INTO hold_resolution (action_id, member_id, outcome, entry_id, actor_id, reason,
                                 resolved_at)
    VALUES (p_action_id, v_award.member_id, p_outcome, v_entry, p_actor_id, p_reason, p_at);
    UPDATE action_state
       SET status = CASE p_outcome WHEN 'posted' THEN 'credited' ELSE p_outcome END,
           reason = p_reason
     WHERE action_id = p_action_id;
    RETURN QUERY SELECT 'resolved'::text;
END $$;

REVOKE ALL ON FUNCTION ledger_resolve_hold FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_resolve_hold TO tanpuhui_app;
