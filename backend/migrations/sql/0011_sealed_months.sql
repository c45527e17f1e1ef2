-- Months that are closed: every account's balance as of their end, under one signed root.

CREATE TABLE sealed_month (
    month DATE NOT NULL,
    tree_size BIGINT NOT NULL,
    accounts BIGINT NOT NULL,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sealed_month PRIMARY KEY (month),
    CONSTRAINT ck_sealed_month_first_day CHECK (extract(day FROM month) = 1),
    CONSTRAINT ck_sealed_month_length CHECK (octet_length(root) = 32),
    CONSTRAINT fk_sealed_month_tree_size FOREIGN KEY(tree_size) REFERENCES checkpoint (size)
);

CREATE TABLE sealed_balance (
    month DATE NOT NULL,
    index BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    unit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    CONSTRAINT pk_sealed_balance PRIMARY KEY (month, index),
    CONSTRAINT uq_sealed_balance_account_id_month UNIQUE (account_id, month),
    CONSTRAINT ck_sealed_balance_index CHECK (index >= 0),
    CONSTRAINT ck_sealed_balance_length CHECK (octet_length(salt) = 16)
);

-- Roots of complete subtrees of a month's 2^height balances; every eighth height is kept.
CREATE TABLE sealed_node (
    month DATE NOT NULL,
    height SMALLINT NOT NULL,
    index BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_sealed_node PRIMARY KEY (month, height, index),
    CONSTRAINT ck_sealed_node_height CHECK (height > 0 AND height % 8 = 0),
    CONSTRAINT ck_sealed_node_length CHECK (octet_length(hash) = 32)
);

DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['sealed_month', 'sealed_balance', 'sealed_node']
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', v_table);
    END LOOP;
END $$;

-- Writes down what every account held at the end of a month: the sum of its transfers over the
-- entries that count for that month or an earlier one and stand among the first leaves of the tree.
CREATE FUNCTION proofs_seal_balances(p_month date, p_tree_size bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_count bigint;
BEGIN
    INSERT INTO sealed_balance (month, index, account_id, unit, amount, salt)
    SELECT p_month, row_number() OVER (ORDER BY h.account_id) - 1, h.account_id, h.unit, h.amount,
           uuid_send(gen_random_uuid())
      FROM (SELECT s.account_id, s.unit, sum(s.amount)::bigint AS amount
              FROM transfer t
              JOIN entry e ON e.id = t.entry_id AND e.effective_on < p_month + interval '1 month'
              JOIN tree_leaf l ON l.entry_id = e.id AND l.index < p_tree_size,
                   LATERAL (VALUES (t.credit, t.unit, t.amount), (t.debit, t.unit, -t.amount))
                       AS s(account_id, unit, amount)
             GROUP BY s.account_id, s.unit) AS h;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION proofs_seal_balances FROM PUBLIC;

GRANT SELECT ON sealed_month, sealed_balance, sealed_node TO tanpuhui_app;
GRANT INSERT ON sealed_month, sealed_node TO tanpuhui_app;
GRANT EXECUTE ON FUNCTION proofs_seal_balances TO tanpuhui_app;
