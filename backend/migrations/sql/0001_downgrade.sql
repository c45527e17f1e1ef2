-- Everything of the foundation; the role stays, because other databases may use it.
DROP FUNCTION ledger_post_award;
DROP FUNCTION ledger_standing;
DROP FUNCTION ledger_system_account;
DROP FUNCTION ledger_member_account;
DROP TABLE department_day, periodic_run, outbox, transfer, entry, balance, account, idempotency,
    evidence_use, cap_usage, usage_count, action, methodology_version, print_batch, place,
    audit_event, role_grant, binding_attempt, invitation, roster_import, roster_entry, membership,
    login_link, access_token, identity, member, institution_year, department, institution, system,
    district;
DROP FUNCTION refuse_change;
