-- One slot of a campaign's budget: the campaign in the high bits, its kind, the slot (0 to 15).
CREATE OR REPLACE FUNCTION ledger_campaign_account(p_campaign_id bigint, p_slot integer)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (p_campaign_id << 16) | (3 << 12) | p_slot
$$;

REVOKE ALL ON FUNCTION ledger_campaign_account FROM PUBLIC;
