"""The demo city: plausible history written through the real services."""
