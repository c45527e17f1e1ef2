-- Whoever writes the row: nothing runs without two approvals.
CREATE OR REPLACE FUNCTION require_two_approvals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM correction_approval a WHERE a.run_id = NEW.id) < 2 THEN
        RAISE EXCEPTION 'correction run % lacks its two approvals', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

REVOKE ALL ON FUNCTION require_two_approvals FROM PUBLIC;
