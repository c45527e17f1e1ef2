"""Numbers as people read them: exact kilograms, and two significant figures where it is a range."""

from __future__ import annotations

from fractions import Fraction

from credit_rules.footprint.model import Triple
from credit_rules.units import DecimalForm, decimal_text

_MG_IN_KG_DIGITS = 6


def kilograms(mg: int) -> str:
    """Milligrams as an exact decimal of kilograms."""
    return DecimalForm(mg, _MG_IN_KG_DIGITS).text()


def two_figures(mg: int) -> str:
    """Milligrams as kilograms in two significant figures, half up: 1 234.5 kg is ``1200``.

    Args:
        mg: milligrams, zero or more.
    """
    if mg < 100:
        return kilograms(mg)
    unit: int = 10 ** (len(str(mg)) - 2)
    return kilograms((2 * mg + unit) // (2 * unit) * unit)


def rounded_range(mg: Triple) -> str:
    """A range in two significant figures: ``约 5200 kg（3900–7100 kg）``."""
    low, mid, high = (two_figures(end) for end in mg)
    if low == high:
        return f"约 {mid} kg"
    return f"约 {mid} kg（{low}–{high} kg）"


def percent(share: Fraction) -> str:
    """A relative uncertainty without its sign: ``15%``."""
    return f"{decimal_text(abs(share) * 100)}%"
