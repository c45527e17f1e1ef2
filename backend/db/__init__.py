"""The database: declarative base, engine, transactions and migrations. Owns no table."""
