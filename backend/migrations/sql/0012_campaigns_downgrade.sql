-- Refused once a campaign was funded: an older program would not know its accounts.
DO $$
BEGIN
    IF EXISTS (SELECT FROM balance WHERE kind = 'campaign_budget') THEN
        RAISE EXCEPTION 'campaigns were funded: no way back';
    END IF;
END $$;
DROP FUNCTION ledger_post_awards, ledger_take_bonus, ledger_fund_campaign;
