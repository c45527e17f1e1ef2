REVOKE ALL ON FUNCTION ledger_write_entry, ledger_move_balance, ledger_cover, ledger_reverse_action,
    ledger_reassess, ledger_lock_member, ledger_add_reference, ledger_resolve_hold, ledger_post_award
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_reverse_action, ledger_reassess, ledger_lock_member,
    ledger_add_reference, ledger_resolve_hold, ledger_post_award TO tanpuhui_app;
