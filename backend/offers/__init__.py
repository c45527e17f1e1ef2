"""What rewards, causes and draws share: for whom they are, cash value. Calls ledger."""
