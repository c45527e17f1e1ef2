"""Causes, and donations to them with certificates. Calls offers and ledger."""
