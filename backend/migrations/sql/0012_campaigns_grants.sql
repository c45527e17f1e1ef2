REVOKE ALL ON FUNCTION ledger_fund_campaign, ledger_take_bonus, ledger_post_award,
    ledger_post_awards FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_fund_campaign, ledger_post_award, ledger_post_awards
    TO tanpuhui_app;
