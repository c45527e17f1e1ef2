-- The builder of the tree begins before the first entry.
INSERT INTO tree_cursor (home, txid, entry_id) VALUES (proofs_home(), '0', 0);
