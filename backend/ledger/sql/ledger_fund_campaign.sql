-- Funds a campaign: from where budgets come from, evenly into its slots.
CREATE OR REPLACE FUNCTION ledger_fund_campaign(
    p_campaign_id bigint, p_points_mpt bigint, p_on date, p_actor_id bigint
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_entry entry;
BEGIN
    v_entry.kind := 'grant';
    v_entry.campaign_id := p_campaign_id;
    v_entry.effective_on := p_on;
    v_entry.actor_id := p_actor_id;
    RETURN ledger_write_entry(
        v_entry,
        array_fill(ledger_system_account('budget_source', 'mpt', ''), ARRAY[16]),
        (SELECT array_agg(ledger_campaign_account(p_campaign_id, slot) ORDER BY slot)
           FROM generate_series(0, 15) AS slot),
        array_fill('mpt'::text, ARRAY[16]),
        (SELECT array_agg(p_points_mpt / 16
                          + CASE WHEN slot < p_points_mpt % 16 THEN 1 ELSE 0 END ORDER BY slot)
           FROM generate_series(0, 15) AS slot));
END $$;

REVOKE ALL ON FUNCTION ledger_fund_campaign FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_fund_campaign TO tanpuhui_app;
