-- The id of a system account, opened at its first use. Bulk loads call it beforehand: until the
-- transaction that opens an account commits, others that need it wait.
CREATE OR REPLACE FUNCTION ledger_system_account(p_kind text, p_unit text, p_subject text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT id INTO v_id FROM account
     WHERE kind = p_kind AND unit = p_unit AND subject = p_subject;
    IF v_id IS NULL THEN
        INSERT INTO account (kind, unit, subject) VALUES (p_kind, p_unit, p_subject)
        ON CONFLICT (kind, unit, subject) DO NOTHING;
        SELECT id INTO v_id FROM account
         WHERE kind = p_kind AND unit = p_unit AND subject = p_subject;
    END IF;
    RETURN v_id;
END $$;

REVOKE ALL ON FUNCTION ledger_system_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_system_account TO tanpuhui_app;
