"""Embedded PostgreSQL and Redis, and the supervisor of `tanpuhui up`. Knows no feature."""
