"""All checks of the ledger's invariants over one snapshot, and what the last runs found.

May call every feature's `checks.py`; nothing but jobs, commands and the console calls it.
"""
