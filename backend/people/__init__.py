"""Members, identities, tokens, dated memberships, roles. May call organisations, audit, outbox."""
