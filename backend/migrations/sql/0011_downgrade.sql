-- Without sealed months; the entries and the tree stay.
DROP FUNCTION proofs_seal_balances;
DROP TABLE sealed_node, sealed_balance, sealed_month;
