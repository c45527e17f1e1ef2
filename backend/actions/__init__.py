"""A claim becomes evidence, an assessment and an award. Calls places, rulebook and ledger."""
