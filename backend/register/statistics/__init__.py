"""Energy statements of institutions: figures by month, their life, imports and reports.

Owns its tables. May call organisations, audit, spreadsheets and `credit_rules.energy`; nothing of
points, actions, ledger or rankings reaches it, nor it them.
"""
