"""Which installation a database belongs to: that of one root key.

Owns `installation_key`. May call nothing above the database and the keys.
"""
