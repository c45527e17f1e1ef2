-- What may only grow refuses UPDATE, DELETE and TRUNCATE, whatever role tries, and no correction
-- run starts without two approvals, whoever writes its row.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'account', 'action', 'audit_event', 'checkpoint', 'conservation_line',
        'correction_approval', 'donation', 'draw_entry', 'entry', 'evidence_use', 'expiry_notice',
        'held_award', 'hold_resolution', 'idempotency', 'methodology_version', 'reassessment',
        'rulebook_release', 'sealed_balance', 'sealed_month', 'sealed_node', 'transfer',
        'tree_leaf', 'tree_node', 'verifier_key']
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', v_table);
    END LOOP;
END $$;

CREATE TRIGGER two_approvals BEFORE INSERT OR UPDATE ON correction_run
    FOR EACH ROW WHEN (NEW.state IN ('running', 'done'))
    EXECUTE FUNCTION require_two_approvals();
