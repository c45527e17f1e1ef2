"""What draws count in, and why somebody may not enter. Pure."""

from typing import Final

from backend.errors import DomainError, ErrorKind

UNITS: Final = frozenset({"mg", "mpt"})
"""What a threshold is counted in: reductions or points."""


class ThresholdError(DomainError):
    """Too little was earned in the time that counts for a draw."""

    code = "threshold_not_reached"
    kind = ErrorKind.CONFLICT
