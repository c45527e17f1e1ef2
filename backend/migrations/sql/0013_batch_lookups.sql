-- What a batch looks up is looked up by key, however small a table is held to be: a plan made while
-- the book was young reads whole tables, and is kept while they grow.
ALTER FUNCTION ledger_post_awards(jsonb) SET enable_seqscan = off;
ALTER FUNCTION ledger_post_awards(jsonb) SET enable_hashjoin = off;
ALTER FUNCTION ledger_post_awards(jsonb) SET enable_mergejoin = off;
