-- Refused once anything was held or settled again: an older program would count it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM action_state) THEN
        RAISE EXCEPTION 'actions were held, settled again or reversed: no way back to 0007';
    END IF;
END $$;
DROP FUNCTION ledger_post_award, ledger_resolve_hold, ledger_add_reference, ledger_lock_member,
    ledger_reassess, ledger_reverse_action, ledger_cover, ledger_move_balance, ledger_write_entry;
DROP TABLE hold_resolution, held_award, action_state, reassessment;
ALTER TABLE account DROP CONSTRAINT ck_account_chart;
ALTER TABLE account ADD CONSTRAINT ck_account_chart CHECK (
    (kind IN ('avoided_source', 'donated') AND unit = 'mg' AND subject <> '')
    OR (kind IN ('issuance', 'redemption_done', 'donated') AND unit = 'mpt' AND subject <> '')
    OR (kind IN ('expired', 'write_off', 'budget_source') AND unit = 'mpt'
        AND subject = ''));
