-- What a reference of a member's spending led to before; no row for a new one. Takes the lock.
CREATE OR REPLACE FUNCTION ledger_earlier_spending(
    p_member_id bigint, p_reference text, p_request_digest bytea
) RETURNS TABLE (outcome text, entry_id bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_lock_member(p_member_id);
    RETURN QUERY
    SELECT CASE WHEN i.request_digest = p_request_digest AND i.entry_id IS NOT NULL
                THEN 'repeated' ELSE 'mismatch' END, i.entry_id
      FROM idempotency i WHERE i.member_id = p_member_id AND i.reference = p_reference;
END $$;

REVOKE ALL ON FUNCTION ledger_earlier_spending FROM PUBLIC;
