-- Posts many awards in one call: what an offline backlog, a feed or a load brings at once.
--
-- p_items is an array of objects with the arguments of `ledger_post_award` and the counters its
-- assessment read (`caps`) and adds to (`added`), as rows of `cap_usage`; an item's counters
-- include what the items before it add. Only members are posted all of whose items are plain: new
-- references and evidence, counters as expected and their own, room under every usage limit. Returns
-- their items with the actions; the others go one by one through `ledger_post_award`, which tells why.
--
-- Raises serialization_failure, and writes nothing, where somebody used the same evidence or the
-- last of a usage limit at the same moment.
CREATE OR REPLACE FUNCTION ledger_post_awards(p_items jsonb)
RETURNS TABLE (seq integer, action_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET jit = off
-- What it looks up is looked up by key, however small a table is held to be: a plan made while the
-- book was young reads whole tables, and is kept while they grow.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_missing boolean;
    v_seqs integer[];
    v_actions bigint[];
BEGIN
    PERFORM ledger_lock_members(
        ARRAY(SELECT (i->>'member_id')::bigint FROM jsonb_array_elements(p_items) AS i));

    WITH item AS MATERIALIZED (
        SELECT x.* FROM jsonb_to_recordset(p_items) AS x(
            seq integer, member_id bigint, reference text, request_digest text, kind text,
            occurred_at timestamptz, occurred_on date, received_at timestamptz,
            department_id bigint, institution_id bigint, district_id bigint, place_id bigint,
            tier text, channel text, ranked boolean, facts jsonb, context jsonb,
            methodology_id text, methodology_version integer, methodology_digest text,
            rulebook_digest text, trace_digest text, reduction_mg bigint, points_mpt bigint,
            expires_month date, caps jsonb, added jsonb, evidence text[], usage_limits jsonb)
    ), evidence AS MATERIALIZED (
        SELECT i.seq, i.member_id, decode(e, 'hex') AS digest FROM item i, unnest(i.evidence) AS e
    ), usage_limit AS MATERIALIZED (
        SELECT i.member_id, c.subject, c.slot, c.lim,
               count(*) OVER (PARTITION BY c.subject, c.slot) AS uses
          FROM item i, jsonb_to_recordset(i.usage_limits) AS c(subject text, slot bigint, lim bigint)
    ), added AS MATERIALIZED (
        SELECT i.seq, i.member_id, c.*
          FROM item i, jsonb_populate_recordset(NULL::cap_usage, i.added) AS c
    ), claimed AS (
        SELECT 0 AS seq, x.member_id, x.subject_id, x.cap_key, x.period_start,
               u.reduction_ng, u.points_npt, u.activity_nano, u.count_nano, false AS read
          FROM (SELECT DISTINCT i.member_id, c.subject_id, c.cap_key, c.period_start
                  FROM item i, jsonb_populate_recordset(NULL::cap_usage, i.caps) AS c) AS x
          JOIN cap_usage u USING (subject_id, cap_key, period_start)
        UNION ALL
        SELECT a.seq, a.member_id, a.subject_id, a.cap_key, a.period_start,
               a.reduction_ng, a.points_npt, a.activity_nano, a.count_nano, false FROM added a
        UNION ALL
        SELECT i.seq, i.member_id, c.subject_id, c.cap_key, c.period_start,
               c.reduction_ng, c.points_npt, c.activity_nano, c.count_nano, true
          FROM item i, jsonb_populate_recordset(NULL::cap_usage, i.caps) AS c
    ), compared AS (
        SELECT member_id, subject_id, read,
               (reduction_ng, points_npt, activity_nano, count_nano) AS stated,
               (coalesce(sum(reduction_ng) FILTER (WHERE NOT read) OVER before, 0)::bigint,
                coalesce(sum(points_npt) FILTER (WHERE NOT read) OVER before, 0)::bigint,
                coalesce(sum(activity_nano) FILTER (WHERE NOT read) OVER before, 0)::bigint,
                coalesce(sum(count_nano) FILTER (WHERE NOT read) OVER before, 0)::bigint) AS found
          FROM claimed
        WINDOW before AS (PARTITION BY subject_id, cap_key, period_start ORDER BY seq
                          GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), alone AS MATERIALIZED (
        SELECT i.member_id FROM item i
          JOIN idempotency d ON d.member_id = i.member_id AND d.reference = i.reference
        UNION SELECT member_id FROM item GROUP BY member_id, reference HAVING count(*) > 1
        UNION SELECT e.member_id FROM evidence e
                JOIN evidence_use u ON u.evidence_digest = e.digest
        UNION SELECT member_id FROM (SELECT member_id, count(*) OVER (PARTITION BY digest) AS n
                                       FROM evidence) AS e WHERE n > 1
        UNION SELECT member_id FROM compared
               WHERE read AND (stated <> found OR subject_id <> member_id)
        UNION SELECT c.member_id FROM usage_limit c
                LEFT JOIN usage_count u ON u.subject = c.subject AND u.slot = c.slot
               WHERE coalesce(u.uses, 0) + c.uses > c.lim
    ), plain AS MATERIALIZED (
        -- Rows of different tables find each other by ids taken here: nothing is joined below.
        SELECT nextval('action_id_seq') AS id, nextval('entry_id_seq') AS entry_id, i.*,
               ledger_member_account(i.member_id, 'member_reduction', NULL) AS reductions,
               ledger_member_account(i.member_id, 'member_points', i.expires_month) AS points
          FROM (SELECT * FROM item WHERE member_id NOT IN (SELECT member_id FROM alone)
                 ORDER BY seq) AS i
    ), new_evidence AS (
        INSERT INTO evidence_use (evidence_digest, action_id, member_id)
        SELECT decode(e, 'hex'), p.id, p.member_id FROM plain p, unnest(p.evidence) AS e
        ON CONFLICT DO NOTHING RETURNING 1
    ), new_action AS (
        INSERT INTO action (id, member_id, reference, kind, occurred_at, occurred_on, received_at,
                            department_id, institution_id, district_id, place_id, tier, channel,
                            ranked, facts, context, methodology_id, methodology_version,
                            methodology_digest, rulebook_digest, reduction_mg, points_mpt)
        OVERRIDING SYSTEM VALUE
        SELECT id, member_id, reference, kind, occurred_at, occurred_on, received_at,
               department_id, institution_id, district_id, place_id, tier, channel, ranked, facts,
               context, methodology_id, methodology_version, decode(methodology_digest, 'hex'),
               decode(rulebook_digest, 'hex'), reduction_mg, points_mpt
          FROM plain ORDER BY seq
    ), new_reference AS (
        INSERT INTO idempotency (member_id, reference, request_digest, action_id)
        SELECT member_id, reference, decode(request_digest, 'hex'), id FROM plain
    ), new_usage AS (
        INSERT INTO cap_usage AS c
        SELECT a.subject_id, a.cap_key, a.period_start, sum(a.reduction_ng), sum(a.points_npt),
               sum(a.activity_nano), sum(a.count_nano)
          FROM plain p, jsonb_populate_recordset(NULL::cap_usage, p.added) AS a
         GROUP BY a.subject_id, a.cap_key, a.period_start ORDER BY 1, 2, 3
        ON CONFLICT (subject_id, cap_key, period_start) DO UPDATE
           SET reduction_ng = c.reduction_ng + excluded.reduction_ng,
               points_npt = c.points_npt + excluded.points_npt,
               activity_nano = c.activity_nano + excluded.activity_nano,
               count_nano = c.count_nano + excluded.count_nano
    ), source AS MATERIALIZED (
        SELECT methodology_id,
               ledger_system_account('avoided_source', 'mg', methodology_id) AS reductions,
               ledger_system_account('issuance', 'mpt', methodology_id) AS points
          FROM (SELECT DISTINCT methodology_id FROM plain ORDER BY 1) AS m
    ), new_entry AS (
        INSERT INTO entry (id, kind, member_id, action_id, effective_on, trace_digest)
        OVERRIDING SYSTEM VALUE
        SELECT entry_id, 'award', member_id, id, occurred_on, decode(trace_digest, 'hex')
          FROM plain ORDER BY seq
    ), move AS MATERIALIZED (
        SELECT p.entry_id, p.seq, m.*
          FROM plain p JOIN source s USING (methodology_id)
         CROSS JOIN LATERAL (VALUES
               (1, s.reductions, p.reductions, 'mg', 'member_reduction', NULL::date,
                p.reduction_mg, p.member_id),
               (2, s.points, p.points, 'mpt', 'member_points', p.expires_month,
                p.points_mpt, p.member_id))
               AS m(part, debit, credit, unit, kind, expires_month, amount, member_id)
         WHERE m.amount > 0
    ), new_transfer AS (
        INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
        SELECT entry_id, part, member_id, debit, credit, unit, amount FROM move ORDER BY seq, part
    ), new_balance AS (
        INSERT INTO balance AS b (account_id, member_id, kind, unit, expires_month, amount, version)
        SELECT credit, member_id, kind, unit, expires_month, sum(amount), count(*) FROM move
         GROUP BY credit, member_id, kind, unit, expires_month ORDER BY credit
        ON CONFLICT (account_id) DO UPDATE
           SET amount = b.amount + excluded.amount, version = b.version + excluded.version
    ), new_work AS (
        INSERT INTO outbox (kind, member_id, payload)
        SELECT 'award.posted', member_id, jsonb_build_object('action_id', id) FROM plain ORDER BY seq
    ), new_use AS (
        INSERT INTO usage_count AS u (subject, slot, uses)
        SELECT c.subject, c.slot, count(*) FROM usage_limit c
         WHERE c.member_id NOT IN (SELECT member_id FROM alone)
         GROUP BY c.subject, c.slot ORDER BY c.subject, c.slot
        ON CONFLICT (subject, slot) DO UPDATE SET uses = u.uses + excluded.uses
         WHERE u.uses + excluded.uses <= (SELECT min(c.lim) FROM usage_limit c
                                           WHERE (c.subject, c.slot) = (u.subject, u.slot))
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM new_evidence)
               <> (SELECT coalesce(sum(cardinality(evidence)), 0) FROM plain)
        OR (SELECT count(*) FROM new_use)
               <> (SELECT count(DISTINCT (c.subject, c.slot)) FROM usage_limit c
                    WHERE c.member_id NOT IN (SELECT member_id FROM alone)),
           (SELECT array_agg(seq ORDER BY seq) FROM plain),
           (SELECT array_agg(id ORDER BY seq) FROM plain)
      INTO v_missing, v_seqs, v_actions;
    IF v_missing THEN
        RAISE serialization_failure USING MESSAGE = 'evidence or a usage limit was used meanwhile';
    END IF;
    RETURN QUERY SELECT * FROM unnest(v_seqs, v_actions);
END $$;

REVOKE ALL ON FUNCTION ledger_post_awards FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_post_awards TO tanpuhui_app;
