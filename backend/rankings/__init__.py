"""Department roll-ups and boards, derived from the ledger and rebuildable from it."""
