-- Locks the rows of several members, as `ledger_lock_member` does one, in the order of their ids: who
-- needs more than one takes them together, so that nobody waits in a circle.
CREATE OR REPLACE FUNCTION ledger_lock_members(p_member_ids bigint[])
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_locked bigint;
BEGIN
    PERFORM FROM member m WHERE m.id = ANY (p_member_ids) ORDER BY m.id FOR NO KEY UPDATE;
    GET DIAGNOSTICS v_locked = ROW_COUNT;
    IF v_locked <> (SELECT count(DISTINCT id) FROM unnest(p_member_ids) AS id) THEN
        RAISE EXCEPTION 'not all of % are members', p_member_ids
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;

REVOKE ALL ON FUNCTION ledger_lock_members FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_lock_members TO tanpuhui_app;
