"""Campaigns: their life, whom they are for, what they add to awards and from which budget.

May call the ledger, people, organisations and audit. Whether one runs is never stored: it follows
from what was approved and from the time of day, so there is no job to miss.
"""
