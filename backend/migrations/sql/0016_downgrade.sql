DROP FUNCTION ledger_add_reference(
    bigint, text, bytea, bigint, bytea[], text[], bigint[], bigint[]);

CREATE FUNCTION ledger_add_reference(
    p_member_id bigint, p_reference text, p_request_digest bytea, p_action_id bigint,
    p_evidence bytea[]
) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO idempotency (member_id, reference, request_digest, action_id)
    SELECT a.member_id, p_reference, p_request_digest, a.id FROM action a
     WHERE a.id = p_action_id AND a.member_id = p_member_id;
    INSERT INTO evidence_use (evidence_digest, action_id)
    SELECT e, p_action_id FROM unnest(p_evidence) AS e ON CONFLICT DO NOTHING;
$$;

REVOKE ALL ON FUNCTION ledger_add_reference FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_add_reference TO tanpuhui_app;
