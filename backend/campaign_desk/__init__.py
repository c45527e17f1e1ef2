"""The desk of those who run campaigns: the report, which reads actions and the ledger from above.

May call campaigns, the ledger, actions and organisations.
"""
