-- Makes other requests of a member wait until this transaction ends, and nobody else's. Their row is
-- what is locked, so that the lock stands wherever the member's rows stand. What only refers to the
-- member goes on: a foreign key's lock does not wait for this one.
CREATE OR REPLACE FUNCTION ledger_lock_member(p_member_id bigint)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM member m WHERE m.id = p_member_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no member %', p_member_id USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;

REVOKE ALL ON FUNCTION ledger_lock_member FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_lock_member TO tanpuhui_app;
