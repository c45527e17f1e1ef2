ALTER FUNCTION ledger_post_awards(jsonb) RESET enable_seqscan;
ALTER FUNCTION ledger_post_awards(jsonb) RESET enable_hashjoin;
ALTER FUNCTION ledger_post_awards(jsonb) RESET enable_mergejoin;
