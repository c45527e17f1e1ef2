-- What settled a redemption before, if anything did. Takes the lock of the redemption's member.
--   posted    nothing yet: the caller may settle it
--   repeated  the same kind of settlement, with its entry
--   settled   the other kind, with its entry
--   unknown   there is no such redemption
CREATE OR REPLACE FUNCTION ledger_settlement(p_redemption_id bigint, p_kind text)
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
    PERFORM ledger_lock_member(v_member);
    RETURN QUERY
    SELECT CASE WHEN e.id IS NULL THEN 'posted' WHEN e.kind = p_kind THEN 'repeated'
                ELSE 'settled' END, e.id, v_member
      FROM (SELECT 1) AS one LEFT JOIN entry e ON e.settles_entry_id = p_redemption_id;
END $$;

REVOKE ALL ON FUNCTION ledger_settlement FROM PUBLIC;
