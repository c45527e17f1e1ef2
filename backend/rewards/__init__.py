"""Catalogue and stock, and redemptions. Calls offers and ledger."""
