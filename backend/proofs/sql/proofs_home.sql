-- Where transaction ids come from. Ids in a copy of the database mean nothing in the cluster it was
-- restored into: its identifier differs, or, restored beside the original, the table's.
CREATE OR REPLACE FUNCTION proofs_home() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT system_identifier || '/' || 'entry'::regclass::oid FROM pg_control_system()
$$;

REVOKE ALL ON FUNCTION proofs_home FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofs_home TO tanpuhui_app;
