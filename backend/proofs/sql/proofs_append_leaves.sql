-- Appends the next entries to the tree; one builder at a time.
--
-- Returns the index of the first new leaf and the new hashes one after the other; no hash where
-- there was nothing to append; null for both while another builder works.
--
-- Ids do not commit in order. An entry is read only when every transaction up to its own has ended:
-- what is below the snapshot's horizon is complete and stays so. In a restored copy the ids of old
-- entries tell nothing: everything there is read once, whatever its id, what is not in the tree is
-- appended, and reading goes on from the horizon at which this began.
--
-- Layout 1 of a leaf, big-endian, times and days as PostgreSQL sends them, texts of fixed length
-- padded with blanks, zeros for what is null: docs/proofs.md, backend/proofs/leaves.py.
CREATE OR REPLACE FUNCTION proofs_append_leaves(p_limit integer)
RETURNS TABLE (first_index bigint, hashes bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_home text := proofs_home();
    v_horizon xid8;
    v_cursor tree_cursor;
    v_count bigint;
    v_none CONSTANT bytea := decode(repeat('00', 32), 'hex');
BEGIN
    IF NOT pg_try_advisory_xact_lock(x'74726565'::bigint) THEN
        RETURN QUERY SELECT NULL::bigint, NULL::bytea;
        RETURN;
    END IF;
    -- Taken before the entries are read: what has ended by now is visible to the statement below.
    v_horizon := pg_snapshot_xmin(pg_current_snapshot());
    SELECT * INTO v_cursor FROM tree_cursor WHERE home = v_home;
    IF NOT FOUND THEN
        DELETE FROM tree_cursor;
        INSERT INTO tree_cursor (home, txid, entry_id, resume) VALUES (v_home, '0', 0, v_horizon)
        RETURNING * INTO v_cursor;
    END IF;
    SELECT coalesce(max(index) + 1, 0) INTO first_index FROM tree_leaf;

    WITH due AS MATERIALIZED (
        SELECT e.* FROM entry e
         WHERE (e.txid, e.id) > (v_cursor.txid, v_cursor.entry_id)
           AND (v_cursor.resume IS NOT NULL OR e.txid < v_horizon)
           AND NOT EXISTS (SELECT FROM tree_leaf l WHERE l.entry_id = e.id)
         ORDER BY e.txid, e.id LIMIT p_limit
    ), content AS MATERIALIZED (
        SELECT first_index - 1 + row_number() OVER (ORDER BY d.txid, d.id) AS index, d.id, d.member_id,
               uuid_send(gen_random_uuid()) AS salt,
               int8send(d.id) || convert_to(rpad(d.kind, 16), 'UTF8')
               || timestamptz_send(d.created_at) || date_send(d.effective_on)
               || int8send(d.member_id) || int8send(coalesce(d.action_id, 0))
               || int8send(coalesce(d.reverses_entry_id, 0))
               || int8send(coalesce(d.settles_entry_id, 0)) || int8send(coalesce(d.actor_id, 0))
               || int8send(coalesce(d.campaign_id, 0)) || coalesce(d.trace_digest, v_none)
               || coalesce(
                    (SELECT sha256(
                        '\x01'::bytea || int8send(a.id) || int8send(a.member_id)
                        || timestamptz_send(a.occurred_at) || date_send(a.occurred_on)
                        || timestamptz_send(a.received_at)
                        || int8send(coalesce(a.department_id, 0))
                        || int8send(coalesce(a.institution_id, 0))
                        || int8send(coalesce(a.district_id, 0)) || int8send(coalesce(a.place_id, 0))
                        || boolsend(a.ranked) || int4send(a.methodology_version)
                        || int8send(a.reduction_mg) || int8send(a.points_mpt)
                        || a.methodology_digest || a.rulebook_digest
                        || int4send(octet_length(a.reference)) || convert_to(a.reference, 'UTF8')
                        || int4send(octet_length(a.kind)) || convert_to(a.kind, 'UTF8')
                        || int4send(octet_length(a.tier)) || convert_to(a.tier, 'UTF8')
                        || int4send(octet_length(a.channel)) || convert_to(a.channel, 'UTF8')
                        || int4send(octet_length(a.methodology_id))
                        || convert_to(a.methodology_id, 'UTF8') || f.facts)
                       FROM action a,
                            LATERAL (SELECT int4send(count(*)::integer) || coalesce(string_agg(
                                                int4send(octet_length(k)) || k
                                                || int4send(octet_length(v)) || v, '' ORDER BY k), '')
                                       AS facts
                                       FROM (SELECT convert_to(key, 'UTF8') AS k,
                                                    convert_to(coalesce(value, 'null'), 'UTF8') AS v
                                               FROM jsonb_each_text(a.facts)) AS s) AS f
                      WHERE a.id = d.action_id), v_none)
               || m.moved AS body
          FROM due d,
               LATERAL (SELECT int4send(count(*)::integer) || coalesce(string_agg(
                                   int4send(seq::integer) || int8send(debit) || int8send(credit)
                                   || convert_to(rpad(unit, 4), 'UTF8') || int8send(amount),
                                   '' ORDER BY seq), '') AS moved
                          FROM transfer WHERE entry_id = d.id) AS m
    ), added AS (
        INSERT INTO tree_leaf (index, entry_id, member_id, layout, salt, hash)
        SELECT c.index, c.id, c.member_id, 1, c.salt, sha256('\x0001'::bytea || c.salt || c.body) FROM content c
        RETURNING tree_leaf.index, tree_leaf.hash
    )
    SELECT count(*), coalesce(string_agg(a.hash, '' ORDER BY a.index), '')
      INTO v_count, hashes FROM added a;

    IF v_count < p_limit THEN
        UPDATE tree_cursor
           SET txid = coalesce(v_cursor.resume, v_horizon), entry_id = 0, resume = NULL
         WHERE home = v_home;
    ELSE
        UPDATE tree_cursor c SET txid = e.txid, entry_id = e.id
          FROM tree_leaf l JOIN entry e ON e.id = l.entry_id
         WHERE home = v_home AND l.index = first_index + v_count - 1;
    END IF;
    RETURN NEXT;
END $$;

REVOKE ALL ON FUNCTION proofs_append_leaves FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofs_append_leaves TO tanpuhui_app;
