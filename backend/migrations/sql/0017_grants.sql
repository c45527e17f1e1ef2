-- What the program's role may do. Each function's own file says whether the role may call it.
GRANT USAGE ON SCHEMA public TO tanpuhui_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO tanpuhui_app;

GRANT INSERT, UPDATE, DELETE ON
    district, system, institution, department, institution_year,
    member, identity, access_token, login_link, membership, roster_entry, roster_import,
    invitation, binding_attempt, role_grant, place, print_batch,
    outbox, periodic_run, clock_watch, department_day, footprint_answers
    TO tanpuhui_app;
-- A place's public code is made of its id, so the id is drawn before the row is written.
GRANT USAGE ON SEQUENCE place_id_seq TO tanpuhui_app;

GRANT INSERT, UPDATE ON
    institution_reward_policy, reward, redemption, cause, correction_run, correction_day
    TO tanpuhui_app;
GRANT INSERT, DELETE ON verification_run, verification_result TO tanpuhui_app;
-- They may only grow, or are closed when they are made.
GRANT INSERT ON
    installation_key, audit_event, methodology_version, rulebook_release, expiry_notice, conservation_line,
    correction_approval, donation, draw_entry, prize_draw,
    tree_node, checkpoint, verifier_key, sealed_month, sealed_node
    TO tanpuhui_app;
GRANT UPDATE (state, entries_digest, seed) ON prize_draw TO tanpuhui_app;
