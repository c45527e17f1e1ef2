REVOKE ALL ON FUNCTION ledger_post_award FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_post_award TO tanpuhui_app;
