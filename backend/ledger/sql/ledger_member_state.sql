-- What earlier requests left behind for this one: the outcome of the same reference, and what is
-- claimed of each cap. Plain, so that it is planned as a part of the statement that asks.
-- One row per cap key; `request_digest` is null for a new reference.
CREATE OR REPLACE FUNCTION ledger_member_state(
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

REVOKE ALL ON FUNCTION ledger_member_state FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_member_state TO tanpuhui_app;
