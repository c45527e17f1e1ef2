-- A further reference of an act that is in the book already, shown by better evidence: its repeats
-- lead to the same action, and the evidence it brought along earns nothing elsewhere.
--   posted           written
--   evidence_used    something else was earned by the evidence (the caller must roll back)
--   usage_limit_reached  a shared code was used too often in its slot (the caller must roll back)
CREATE OR REPLACE FUNCTION ledger_add_reference(
    p_member_id bigint, p_reference text, p_request_digest bytea, p_action_id bigint,
    p_evidence bytea[], p_limit_subjects text[], p_limit_slots bigint[],
    p_limit_limits bigint[]
) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_rows bigint;
BEGIN
    INSERT INTO idempotency (member_id, reference, request_digest, action_id)
    SELECT a.member_id, p_reference, p_request_digest, a.id FROM action a
     WHERE a.id = p_action_id AND a.member_id = p_member_id;

    INSERT INTO evidence_use (evidence_digest, action_id, member_id)
    SELECT e, p_action_id, p_member_id FROM unnest(p_evidence) AS e ORDER BY e ON CONFLICT DO NOTHING;
    SELECT count(*) INTO v_rows FROM evidence_use u
     WHERE u.evidence_digest = ANY (p_evidence) AND u.action_id = p_action_id;
    IF v_rows <> cardinality(p_evidence) THEN
        RETURN 'evidence_used';
    END IF;

    INSERT INTO usage_count AS u (subject, slot, uses)
    SELECT x.subject, x.slot, 1
      FROM unnest(p_limit_subjects, p_limit_slots, p_limit_limits) AS x(subject, slot, lim)
     WHERE x.lim > 0 ORDER BY x.subject, x.slot
    ON CONFLICT (subject, slot) DO UPDATE SET uses = u.uses + 1
     WHERE u.uses < p_limit_limits[array_position(p_limit_subjects, excluded.subject)];
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows <> cardinality(p_limit_subjects) THEN
        RETURN 'usage_limit_reached';
    END IF;
    RETURN 'posted';
END $$;

REVOKE ALL ON FUNCTION ledger_add_reference FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_add_reference TO tanpuhui_app;
