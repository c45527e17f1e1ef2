-- Posts one award: idempotency key, caps, evidence, usage limits, action, entry, transfers,
-- balances and the outbox row, in one call.
--
-- Returns the outcome and the action:
--   posted           everything above is written
--   repeated         the same reference with the same body: nothing written, the first action
--   mismatch         the same reference with another body: nothing written
--   caps_moved       another action of this member was posted since the caps were read
--   evidence_used    this evidence has earned before (the caller must roll back)
--   usage_limit_reached  a shared code was used too often in its slot (the caller must roll back)
--
-- The member's lock makes one member's requests wait for each other and nobody else's; it is taken
-- before the first read so that each statement below sees what the one before committed.
CREATE OR REPLACE FUNCTION ledger_post_award(
    p_member_id bigint,
    p_reference text,
    p_request_digest bytea,
    p_kind text,
    p_occurred_at timestamptz,
    p_occurred_on date,
    p_received_at timestamptz,
    p_department_id bigint,
    p_institution_id bigint,
    p_district_id bigint,
    p_place_id bigint,
    p_tier text,
    p_channel text,
    p_ranked boolean,
    p_facts jsonb,
    p_context jsonb,
    p_methodology_id text,
    p_methodology_version integer,
    p_methodology_digest bytea,
    p_rulebook_digest bytea,
    p_trace_digest bytea,
    p_reduction_mg bigint,
    p_points_mpt bigint,
    p_expires_month date,
    p_caps cap_usage[],
    p_cap_additions cap_usage[],
    p_evidence bytea[],
    p_limit_subjects text[],
    p_limit_slots bigint[],
    p_limit_limits bigint[],
    p_hold_reason text DEFAULT NULL,
    p_times_out_at timestamptz DEFAULT NULL,
    p_campaign_id bigint DEFAULT NULL,
    p_bonus_mpt bigint DEFAULT 0
) RETURNS TABLE (outcome text, action_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_digest bytea;
    v_action bigint;
    v_entry bigint;
    v_points_account bigint;
    v_budget_account bigint;
    v_reduction_account bigint;
BEGIN
    PERFORM ledger_lock_member(p_member_id);

    SELECT i.request_digest, i.action_id INTO v_digest, v_action
      FROM idempotency i WHERE i.member_id = p_member_id AND i.reference = p_reference;
    IF FOUND THEN
        RETURN QUERY SELECT CASE WHEN v_digest = p_request_digest
                                 THEN 'repeated' ELSE 'mismatch' END, v_action;
        RETURN;
    END IF;

    -- A place's counters are shared: they are locked before they are compared.
    IF EXISTS (SELECT FROM unnest(p_caps) AS x WHERE x.subject_id <> p_member_id) THEN
        INSERT INTO cap_usage
        SELECT x.subject_id, x.cap_key, x.period_start, 0, 0, 0, 0 FROM unnest(p_caps) AS x
         WHERE x.subject_id <> p_member_id ORDER BY x.subject_id, x.cap_key
        ON CONFLICT DO NOTHING;
        PERFORM FROM cap_usage c JOIN unnest(p_caps) AS x USING (subject_id, cap_key, period_start)
          WHERE x.subject_id <> p_member_id ORDER BY c.subject_id, c.cap_key FOR UPDATE OF c;
    END IF;
    IF EXISTS (
        SELECT FROM unnest(p_caps) AS x
        LEFT JOIN cap_usage c USING (subject_id, cap_key, period_start)
        WHERE (x.reduction_ng, x.points_npt, x.activity_nano, x.count_nano)
           <> (coalesce(c.reduction_ng, 0), coalesce(c.points_npt, 0),
               coalesce(c.activity_nano, 0), coalesce(c.count_nano, 0))
    ) THEN
        RETURN QUERY SELECT 'caps_moved'::text, NULL::bigint;
        RETURN;
    END IF;

    -- First of all that is written: refused evidence leaves the transaction as it was.
    v_action := nextval('action_id_seq');
    INSERT INTO evidence_use (evidence_digest, action_id, member_id)
    SELECT e, v_action, p_member_id FROM unnest(p_evidence) AS e
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_entry = ROW_COUNT;
    IF v_entry <> cardinality(p_evidence) THEN
        RETURN QUERY SELECT 'evidence_used'::text,
            CASE WHEN v_entry = 0 THEN (SELECT u.action_id FROM evidence_use u
                                         WHERE u.evidence_digest = p_evidence[1]) END;
        RETURN;
    END IF;

    INSERT INTO action (id, member_id, reference, kind, occurred_at, occurred_on, received_at,
                        department_id, institution_id, district_id, place_id, tier, channel,
                        ranked, facts, context, methodology_id, methodology_version,
                        methodology_digest, rulebook_digest, reduction_mg, points_mpt)
    OVERRIDING SYSTEM VALUE
    VALUES (v_action, p_member_id, p_reference, p_kind, p_occurred_at, p_occurred_on, p_received_at,
            p_department_id, p_institution_id, p_district_id, p_place_id, p_tier, p_channel,
            p_ranked, p_facts, p_context, p_methodology_id, p_methodology_version,
            p_methodology_digest, p_rulebook_digest, p_reduction_mg, p_points_mpt);

    INSERT INTO idempotency (member_id, reference, request_digest, action_id)
    VALUES (p_member_id, p_reference, p_request_digest, v_action);

    INSERT INTO cap_usage AS c
    SELECT x.* FROM unnest(p_cap_additions) AS x
    ON CONFLICT (subject_id, cap_key, period_start) DO UPDATE
       SET reduction_ng = c.reduction_ng + excluded.reduction_ng,
           points_npt = c.points_npt + excluded.points_npt,
           activity_nano = c.activity_nano + excluded.activity_nano,
           count_nano = c.count_nano + excluded.count_nano;

    IF p_times_out_at IS NULL THEN
        INSERT INTO entry (kind, member_id, action_id, effective_on, trace_digest)
        VALUES ('award', p_member_id, v_action, p_occurred_on, p_trace_digest)
        RETURNING id INTO v_entry;

        v_reduction_account := ledger_member_account(p_member_id, 'member_reduction', NULL);
        v_points_account := ledger_member_account(p_member_id, 'member_points', p_expires_month);
        INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
        SELECT v_entry, t.seq, p_member_id,
               ledger_system_account(t.source, t.unit, p_methodology_id), t.credit, t.unit, t.amount
          FROM (VALUES (1, 'avoided_source', v_reduction_account, 'mg', p_reduction_mg),
                       (2, 'issuance', v_points_account, 'mpt', p_points_mpt))
               AS t(seq, source, credit, unit, amount)
         WHERE t.amount > 0;

        IF p_bonus_mpt > 0 THEN
            v_budget_account := ledger_take_bonus(p_campaign_id, p_member_id, p_bonus_mpt,
                                                  p_occurred_on);
            IF v_budget_account IS NULL THEN
                RETURN QUERY SELECT 'budget_short'::text, NULL::bigint;
                RETURN;
            END IF;
            INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
            SELECT v_entry, 3, p_member_id, v_budget_account, v_points_account, 'mpt',
                   p_bonus_mpt;
        END IF;

        INSERT INTO balance AS b (account_id, member_id, kind, unit, expires_month, amount)
        SELECT * FROM (VALUES
            (v_reduction_account, p_member_id, 'member_reduction', 'mg', NULL::date,
             p_reduction_mg),
            (v_points_account, p_member_id, 'member_points', 'mpt', p_expires_month,
             p_points_mpt + p_bonus_mpt)
        ) AS a(account_id, member_id, kind, unit, expires_month, amount)
        WHERE a.amount > 0 ORDER BY a.account_id
        ON CONFLICT (account_id) DO UPDATE
           SET amount = b.amount + excluded.amount, version = b.version + 1;

        INSERT INTO outbox (kind, member_id, payload)
        VALUES ('award.posted', p_member_id, jsonb_build_object('action_id', v_action));
    ELSE
        INSERT INTO held_award (action_id, member_id, reason, trace_digest, held_at, times_out_at)
        VALUES (v_action, p_member_id, p_hold_reason, p_trace_digest, p_received_at, p_times_out_at);
        INSERT INTO action_state (action_id, member_id, status, reason)
        VALUES (v_action, p_member_id, 'held', p_hold_reason);
    END IF;

    -- Last, because a usage limit's row is shared by everybody at the same place.
    INSERT INTO usage_count AS u (subject, slot, uses)
    SELECT x.subject, x.slot, 1
      FROM unnest(p_limit_subjects, p_limit_slots, p_limit_limits) AS x(subject, slot, lim)
     ORDER BY x.subject
    ON CONFLICT (subject, slot) DO UPDATE SET uses = u.uses + 1
     WHERE u.uses < p_limit_limits[array_position(p_limit_subjects, excluded.subject)];
    GET DIAGNOSTICS v_entry = ROW_COUNT;
    IF v_entry <> cardinality(p_limit_subjects) THEN
        RETURN QUERY SELECT 'usage_limit_reached'::text, NULL::bigint;
        RETURN;
    END IF;

    RETURN QUERY SELECT 'posted'::text, v_action;
END $$;

REVOKE ALL ON FUNCTION ledger_post_award FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_post_award TO tanpuhui_app;
