-- The id of a member's account, computed so that no lookup and no account row is needed:
-- the member in the high bits, the kind in 4 bits, the month of expiry in 12 bits
-- (months since January 2020; 0 where the account does not expire).
CREATE OR REPLACE FUNCTION ledger_member_account(
    p_member_id bigint, p_kind text, p_expires_month date
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (p_member_id << 16)
         | (CASE p_kind WHEN 'member_reduction' THEN 1 WHEN 'member_points' THEN 2
                        WHEN 'redemption_pending' THEN 4 END << 12)
         | coalesce((extract(year FROM p_expires_month)::int - 2020) * 12
                    + extract(month FROM p_expires_month)::int, 0)
$$;

REVOKE ALL ON FUNCTION ledger_member_account FROM PUBLIC;
