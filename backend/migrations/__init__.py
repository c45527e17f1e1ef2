"""Alembic loads what lies here by path; the SQL of each revision stands beside it."""
