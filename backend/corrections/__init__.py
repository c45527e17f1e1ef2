"""What becomes of awards later: reviews, reversals, correction runs. Calls actions and ledger."""
