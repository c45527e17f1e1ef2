"""Prize draws that anybody can recheck. Calls offers and ledger."""
