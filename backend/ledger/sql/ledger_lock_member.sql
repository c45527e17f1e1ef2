-- Makes other requests of a member wait until this transaction ends.
CREATE OR REPLACE FUNCTION ledger_lock_member(p_member_id bigint)
RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT pg_advisory_xact_lock(p_member_id)
$$;

REVOKE ALL ON FUNCTION ledger_lock_member FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_lock_member TO tanpuhui_app;
