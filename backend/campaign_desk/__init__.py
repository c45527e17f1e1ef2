"""The desk of those who run campaigns: forecast and report, from actions and the ledger.

May call campaigns, the ledger, actions and organisations.
"""
