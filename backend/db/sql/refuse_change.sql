-- Refuses UPDATE, DELETE and TRUNCATE on what may only grow, whatever role tries.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation',
              HINT = 'Post a reversing entry and a new one instead.';
END $$;

REVOKE ALL ON FUNCTION refuse_change FROM PUBLIC;
