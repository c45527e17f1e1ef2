-- Writes what a member's actions earn after they were assessed again: for each that changed its
-- reassessment, the difference as a correction entry where it is credited, and the roll-ups' work;
-- and the counters as they now stand.
--
-- The caller took the member's lock (`ledger_lock_member`) before it read what it assessed.
-- p_changes is an array of objects: action_id, credited, expires_month, reduction_change_mg,
-- points_change_mpt and the columns of `reassessment`. Increases come first, so that they can make
-- good what decreases need. p_counters holds what member counters become (`set`) and what is added
-- to those of places (`add`).
CREATE OR REPLACE FUNCTION ledger_reassess(
    p_member_id bigint, p_on date, p_actor_id bigint, p_run_id bigint, p_why text,
    p_changes jsonb, p_counters jsonb
) RETURNS TABLE (entries bigint, written_off_mg bigint, written_off_mpt bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_change record;
    v_new entry;
    v_entry bigint;
    v_reassessment bigint;
    v_reduction bigint := ledger_member_account(p_member_id, 'member_reduction', NULL);
    v_points bigint;
    v_sources bigint[];
    v_entries bigint := 0;
    v_mg bigint := 0;
    v_mpt bigint := 0;
BEGIN
    FOR v_change IN
        SELECT c.*, a.methodology_id, c.reduction_change_mg AS d_mg, c.points_change_mpt AS d_mpt
          FROM jsonb_to_recordset(p_changes) AS c(
               action_id bigint, credited boolean, expires_month date,
               reduction_change_mg bigint, points_change_mpt bigint,
               tier text, channel text, ranked boolean, facts jsonb, context jsonb,
               methodology_version integer, methodology_digest text, rulebook_digest text,
               trace_digest text, reduction_mg bigint, points_mpt bigint)
          JOIN action a ON a.id = c.action_id AND a.member_id = p_member_id
         ORDER BY c.points_change_mpt DESC, c.reduction_change_mg DESC, c.action_id
    LOOP
        v_entry := NULL;
        IF v_change.credited AND (v_change.d_mg <> 0 OR v_change.d_mpt <> 0) THEN
            v_points := ledger_member_account(p_member_id, 'member_points', v_change.expires_month);
            v_new := NULL;
            v_new.member_id := p_member_id;
            v_new.action_id := v_change.action_id;
            v_new.effective_on := p_on;
            v_new.actor_id := p_actor_id;
            IF v_change.d_mg < 0 THEN
                v_mg := v_mg + ledger_cover(v_new, v_reduction, 'mg', -v_change.d_mg);
            END IF;
            IF v_change.d_mpt < 0 THEN
                v_mpt := v_mpt + ledger_cover(v_new, v_points, 'mpt', -v_change.d_mpt);
            END IF;
            v_new.kind := 'correction';
            v_new.trace_digest := decode(v_change.trace_digest, 'hex');
            v_sources := ARRAY[
                ledger_system_account('avoided_source', 'mg', v_change.methodology_id),
                ledger_system_account('issuance', 'mpt', v_change.methodology_id)];
            v_entry := ledger_write_entry(
                v_new,
                ARRAY[CASE WHEN v_change.d_mg > 0 THEN v_sources[1] ELSE v_reduction END,
                      CASE WHEN v_change.d_mpt > 0 THEN v_sources[2] ELSE v_points END],
                ARRAY[CASE WHEN v_change.d_mg > 0 THEN v_reduction ELSE v_sources[1] END,
                      CASE WHEN v_change.d_mpt > 0 THEN v_points ELSE v_sources[2] END],
                ARRAY['mg', 'mpt'], ARRAY[abs(v_change.d_mg), abs(v_change.d_mpt)]);
            v_entries := v_entries + 1;
        END IF;

        INSERT INTO reassessment (action_id, member_id, entry_id, why, run_id, tier, channel,
                                  ranked, facts, context, methodology_version, methodology_digest,
                                  rulebook_digest, trace_digest, reduction_mg, points_mpt)
        VALUES (v_change.action_id, p_member_id, v_entry, p_why, p_run_id, v_change.tier,
                v_change.channel, v_change.ranked, v_change.facts, v_change.context,
                v_change.methodology_version,
                decode(v_change.methodology_digest, 'hex'), decode(v_change.rulebook_digest, 'hex'),
                decode(v_change.trace_digest, 'hex'), v_change.reduction_mg, v_change.points_mpt)
        RETURNING id INTO v_reassessment;
        INSERT INTO action_state AS s (action_id, member_id, status, reassessment_id)
        VALUES (v_change.action_id, p_member_id, 'credited', v_reassessment)
        ON CONFLICT (action_id) DO UPDATE SET reassessment_id = excluded.reassessment_id;
        IF v_change.credited THEN
            INSERT INTO outbox (kind, member_id, payload)
            VALUES ('award.posted', p_member_id,
                    jsonb_build_object('action_id', v_change.action_id));
        END IF;
    END LOOP;

    INSERT INTO cap_usage
    SELECT x.* FROM jsonb_populate_recordset(NULL::cap_usage, p_counters->'set') AS x
    ON CONFLICT (subject_id, cap_key, period_start) DO UPDATE
       SET reduction_ng = excluded.reduction_ng, points_npt = excluded.points_npt,
           activity_nano = excluded.activity_nano, count_nano = excluded.count_nano;
    UPDATE cap_usage c
       SET reduction_ng = c.reduction_ng + x.reduction_ng,
           points_npt = c.points_npt + x.points_npt,
           activity_nano = c.activity_nano + x.activity_nano,
           count_nano = c.count_nano + x.count_nano
      FROM jsonb_populate_recordset(NULL::cap_usage, p_counters->'add') AS x
     WHERE (c.subject_id, c.cap_key, c.period_start) = (x.subject_id, x.cap_key, x.period_start);
    RETURN QUERY SELECT v_entries, v_mg, v_mpt;
END $$;

REVOKE ALL ON FUNCTION ledger_reassess FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_reassess TO tanpuhui_app;
