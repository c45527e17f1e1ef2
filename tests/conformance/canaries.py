"""Broken implementations: of every check at least one, for each invariant that it speaks of."""

from tests.conformance import (
    broken_amendments,
    broken_batches,
    broken_posting,
    broken_records,
    broken_spending,
)

CANARIES = (
    *broken_posting.CANARIES,
    *broken_batches.CANARIES,
    *broken_amendments.CANARIES,
    *broken_spending.CANARIES,
    *broken_records.CANARIES,
)
