-- What a campaign may still add to awards, in milli-points, over all its slots.
CREATE OR REPLACE FUNCTION ledger_budget_left(p_campaign_id bigint)
RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(amount), 0)::bigint FROM balance
     WHERE account_id BETWEEN ledger_campaign_account(p_campaign_id, 0)
                          AND ledger_campaign_account(p_campaign_id, 15)
$$;

REVOKE ALL ON FUNCTION ledger_budget_left FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_budget_left TO tanpuhui_app;
