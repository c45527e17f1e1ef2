-- The id of a member's account, computed so that no lookup and no account row is needed:
-- the member in the high bits, the kind in 4 bits, the month of expiry in 12 bits
-- (months since January 2020; 0 where the account does not expire).
CREATE FUNCTION ledger_member_account(p_member_id bigint, p_kind text, p_expires_month date)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (p_member_id << 16)
         | (CASE p_kind WHEN 'member_reduction' THEN 1 WHEN 'member_points' THEN 2 END << 12)
         | coalesce((extract(year FROM p_expires_month)::int - 2020) * 12
                    + extract(month FROM p_expires_month)::int, 0)
$$;

-- The id of a system account, opened at its first use. Bulk loads call it beforehand: until the
-- transaction that opens an account commits, others that need it wait.
CREATE FUNCTION ledger_system_account(p_kind text, p_unit text, p_subject text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT id INTO v_id FROM account WHERE kind = p_kind AND subject = p_subject;
    IF v_id IS NULL THEN
        INSERT INTO account (kind, unit, subject) VALUES (p_kind, p_unit, p_subject)
        ON CONFLICT (kind, subject) DO NOTHING;
        SELECT id INTO v_id FROM account WHERE kind = p_kind AND subject = p_subject;
    END IF;
    RETURN v_id;
END $$;

-- What earlier requests left behind for this one: the outcome of the same reference, and what is
-- claimed of each cap. Plain, so that it is planned as a part of the statement that asks.
-- One row per cap key; `request_digest` is null for a new reference.
CREATE FUNCTION ledger_standing(
    p_member_id bigint, p_reference text,
    p_cap_subjects bigint[], p_cap_keys text[], p_cap_periods date[]
) RETURNS TABLE (
    request_digest bytea, action_id bigint,
    cap_key text, reduction_ng bigint, points_npt bigint, activity_nano bigint, count_nano bigint
) LANGUAGE sql STABLE AS $$
    SELECT i.request_digest, i.action_id, x.key,
           coalesce(c.reduction_ng, 0), coalesce(c.points_npt, 0),
           coalesce(c.activity_nano, 0), coalesce(c.count_nano, 0)
      FROM (SELECT 1) AS one
      LEFT JOIN idempotency i ON i.member_id = p_member_id AND i.reference = p_reference
      LEFT JOIN unnest(p_cap_subjects, p_cap_keys, p_cap_periods) AS x(subject, key, period) ON true
      LEFT JOIN cap_usage c ON c.subject_id = x.subject AND c.cap_key = x.key
                           AND c.period_start = x.period
$$;
