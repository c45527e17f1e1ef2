"""Which methodologies are in force, with their digests; the bridge to credit_rules."""
