"""Tamper evidence of the ledger: the tree over its entries, signed checkpoints, sealed months.

Calls ledger and actions for what they wrote; nothing is ever posted from here.
"""
