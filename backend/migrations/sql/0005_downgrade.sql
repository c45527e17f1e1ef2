-- Without the tree; the entries stay.
DROP FUNCTION proofs_append_leaves;
DROP FUNCTION proofs_home;
DROP TABLE tree_cursor, verifier_key, checkpoint, tree_node, tree_leaf;
DROP INDEX ix_entry_txid_id;
ALTER TABLE entry DROP COLUMN txid;
