-- What spending takes, lot by lot: the oldest points first, none of a month that has ended.
CREATE OR REPLACE FUNCTION ledger_oldest_lots(p_member_id bigint, p_points_mpt bigint, p_on date)
RETURNS TABLE (expires_month date, amount bigint) LANGUAGE sql STABLE AS $$
    SELECT lot.expires_month, least(lot.amount, p_points_mpt - lot.before)::bigint
      FROM (SELECT b.expires_month, b.amount,
                   coalesce(sum(b.amount) OVER (ORDER BY b.expires_month ROWS BETWEEN
                                                UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
              FROM balance b
             WHERE b.member_id = p_member_id AND b.kind = 'member_points' AND b.amount > 0
               AND b.expires_month >= date_trunc('month', p_on)::date) AS lot
     WHERE lot.before < p_points_mpt
$$;

REVOKE ALL ON FUNCTION ledger_oldest_lots FROM PUBLIC;
