"""Repeatable chance: the same seed gives the same city and the same history."""

from collections.abc import Sequence
from random import Random


def stream(seed: int, name: str) -> Random:
    """A source of chance of its own for one part of the demo.

    A part that draws more or less leaves the other parts as they were.
    """
    return Random(f"{seed}:{name}")  # noqa: S311 - plausible data, not secrets


def apportion(total: int, weights: Sequence[int], *, minimum: int) -> list[int]:
    """Shares out a total by weights in whole numbers (largest remainder).

    Args:
        total: what is shared out.
        weights: positive, one a share.
        minimum: what every share gets first.

    Raises:
        ValueError: the total does not reach for the minimum of every share.
    """
    spare = total - minimum * len(weights)
    if spare < 0:
        raise ValueError(f"{total} cannot give {len(weights)} shares at least {minimum} each")
    whole = sum(weights)
    shares = [minimum + spare * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda index: (-(spare * weights[index] % whole), index)
    )
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares
