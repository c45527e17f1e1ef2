"""Recycling points: what a scan there offers, before a drop-off is recorded. Calls actions."""
