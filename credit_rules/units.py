"""Units as exact ratios over dimensions, so that formulas are checked before they ever run.

A mass of material (kg) and a mass of greenhouse gas (kgCO2e) are different dimensions, and so is
everything that is counted: a factor per meal cannot be multiplied by sheets of paper.
Base units are g of CO2e, point, kg, km, kWh, L, minute and one of each thing counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

Dimension = tuple[tuple[str, int], ...]

CO2E: Dimension = (("co2e", 1),)
POINT: Dimension = (("point", 1),)
PURE: Dimension = ()

COUNTED: Mapping[str, tuple[str, ...]] = {
    "count": ("count", "次"),
    "floor": ("floor", "层"),
    "step": ("step", "步"),
    "sheet": ("sheet", "张"),
    "pair": ("pair", "双"),
    "meal": ("meal", "餐"),
    "bottle": ("bottle", "瓶"),
    "day": ("day", "天"),
    "item": ("item", "件"),
    "night": ("night", "间夜"),
    "degree": ("degree", "度"),
}
_MEASURED: Mapping[str, Mapping[str, Fraction]] = {
    "co2e": {
        f"{prefix}{gas}": ratio
        for gas in ("CO2e", "CO2")
        for prefix, ratio in (
            ("mg", Fraction(1, 1000)),
            ("g", Fraction(1)),
            ("kg", Fraction(1000)),
            ("t", Fraction(1_000_000)),
        )
    },
    "point": {"point": Fraction(1), "mpt": Fraction(1, 1000), "分": Fraction(1)},
    "mass": {"kg": Fraction(1), "g": Fraction(1, 1000), "t": Fraction(1000)},
    "length": {
        "km": Fraction(1),
        "m": Fraction(1, 1000),
        "pkm": Fraction(1),
        "人公里": Fraction(1),
    },
    "energy": {"kWh": Fraction(1), "Wh": Fraction(1, 1000), "MWh": Fraction(1000)},
    "volume": {"L": Fraction(1), "mL": Fraction(1, 1000), "m3": Fraction(1000)},
    "time": {"min": Fraction(1), "h": Fraction(60)},
}
_SYMBOLS: Mapping[str, tuple[str, Fraction]] = {
    **{
        symbol: (dimension, ratio)
        for dimension, symbols in _MEASURED.items()
        for symbol, ratio in symbols.items()
    },
    **{symbol: (name, Fraction(1)) for name, symbols in COUNTED.items() for symbol in symbols},
}
_BASE_SYMBOL: Mapping[str, str] = {
    "co2e": "gCO2e",
    "point": "point",
    "mass": "kg",
    "length": "km",
    "energy": "kWh",
    "volume": "L",
    "time": "min",
    **{name: name for name in COUNTED},
}
_LABELS: Mapping[str, str] = {
    "point": "分",
    "gCO2e": "g",
    "min": "分钟",
    "h": "小时",
    **{name: symbols[1] for name, symbols in COUNTED.items()},
}
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,12})?"
_QUANTITY = re.compile(rf"({_NUMBER})(?: ?([^0-9\s].*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Parts:
    dimension: Dimension
    ratio: Fraction


@dataclass(frozen=True)
class Unit:
    """A unit of measure: its text, its dimension and its exact ratio to the base unit."""

    text: str
    dimension: Dimension
    ratio: Fraction

    @cached_property
    def label(self) -> str:
        """The unit as Chinese readers write it: `point/kg` is 分/kg, `1` is nothing."""
        if self.text == "1":
            return ""
        return "/".join(
            "·".join(_LABELS.get(symbol, symbol) for symbol in part.split("*"))
            for part in self.text.split("/")
        )

    def times(self, other: Unit) -> Unit:
        """The base unit of a product with `other`."""
        return base_unit(_combine(self.dimension, other.dimension, 1))


@lru_cache(maxsize=512)
def _combine(left: Dimension, right: Dimension, sign: int) -> Dimension:
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


@lru_cache(maxsize=512)
def base_unit(dimension: Dimension) -> Unit:
    """The base unit of a dimension, with a readable text."""
    above = [_BASE_SYMBOL[name] for name, power in dimension for _ in range(power)]
    below = [_BASE_SYMBOL[name] for name, power in dimension for _ in range(-power)]
    return Unit("/".join(["*".join(above) or "1", *below]), dimension, Fraction(1))


def _symbol(symbol: str) -> _Parts:
    if symbol == "1":
        return _Parts(PURE, Fraction(1))
    if symbol == "%":
        return _Parts(PURE, Fraction(1, 100))
    found = _SYMBOLS.get(symbol)
    if found is None:
        # Names no nearest one: a unit spelled almost alike is often a thousand times larger.
        raise ValueError(f"不认识单位“{symbol}”，请改用：{'、'.join(_SYMBOLS)}。")
    return _Parts(((found[0], 1),), found[1])


@lru_cache(maxsize=512)
def parse_unit(text: str) -> Unit:
    """Read a unit such as `kgCO2e/kg`, `point/count`, `%` or `1`.

    Raises:
        ValueError: a symbol is unknown; the message is a Chinese sentence with those there are.
    """
    numerator, *denominators = text.strip().split("/")
    dimension, ratio = PURE, Fraction(1)
    for symbol in numerator.split("*"):
        part = _symbol(symbol)
        dimension, ratio = _combine(dimension, part.dimension, 1), ratio * part.ratio
    for symbol in denominators:
        part = _symbol(symbol)
        dimension, ratio = _combine(dimension, part.dimension, -1), ratio / part.ratio
    return Unit(text.strip(), dimension, ratio)


@lru_cache(maxsize=4096)
def parse_quantity(text: str) -> tuple[Fraction, Unit]:
    """Read a quantity such as `2 kg` or `0.5 point/kg`; a bare number has the unit `1`.

    Returns:
        The value in base units, and the unit as written.

    Raises:
        ValueError: no plain decimal number with a unit; the message is a Chinese sentence.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text[:40]}”不是“数字 单位”的写法，例如“2 kg”。")
    unit = parse_unit(match[2] or "1")
    return Fraction(match[1]) * unit.ratio, unit


@dataclass(frozen=True, slots=True)
class DecimalForm:
    """An exact value as `numerator` over ten to the `digits`: integers times it are quick to write.

    Args:
        numerator: whole number.
        digits: how many of its last figures are decimals.
    """

    numerator: int
    digits: int

    def text(self, number: int = 1) -> str:
        """`number` times the value, as a decimal without exponent or trailing zeros."""
        return self.writer()(number)

    def writer(self) -> Callable[[int], str]:
        """`text` as a function of its own, for numbers that are written again and again."""
        numerator, digits = self.numerator, self.digits
        if not digits:
            return str if numerator == 1 else lambda number: str(number * numerator)

        def write(number: int) -> str:
            value = number * numerator
            figures = str(abs(value)).zfill(digits + 1)
            decimals = figures[-digits:].rstrip("0")
            whole = figures[:-digits] if value >= 0 else f"-{figures[:-digits]}"
            return f"{whole}.{decimals}" if decimals else whole

        return write


def decimal_form(value: Fraction) -> DecimalForm:
    """The finite decimal form of an exact value.

    Raises:
        ValueError: the value has none.
    """
    if not _only_two_and_five(value.denominator):
        raise ValueError(f"{value} 不能写成有限小数。")
    digits = 0
    while 10**digits % value.denominator:
        digits += 1
    return DecimalForm((value * 10**digits).numerator, digits)


def showable(unit: Unit, scale: Fraction) -> Unit:
    """The unit in which multiples of `scale` are shown: `unit`, or the base unit of its dimension.

    Args:
        unit: the unit preferred.
        scale: exact scale in base units.

    Raises:
        ValueError: multiples of the scale have no finite decimal form in either.
    """
    if _only_two_and_five((scale / unit.ratio).denominator):
        return unit
    decimal_form(scale)
    return base_unit(unit.dimension)


def _only_two_and_five(number: int) -> bool:
    for prime in (2, 5):
        while number % prime == 0:
            number //= prime
    return number == 1


def decimal_text(value: Fraction) -> str:
    """Write an exact value as a decimal without exponent or trailing zeros.

    Raises:
        ValueError: the value has no finite decimal form.
    """
    return decimal_form(value).text()
