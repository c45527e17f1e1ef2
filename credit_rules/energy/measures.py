"""Units of energy statistics as exact ratios: kWh, 万kWh, m3, 万m3, L, t, GJ, tce; and rates.

The symbols of :mod:`credit_rules.units` keep their ratios; what only energy statistics use is added
here. Base units are kg, L, kWh, kgce and kg of CO2. 度 is a kWh here, not a degree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

from credit_rules.units import parse_unit

MASS, VOLUME, ENERGY, COAL, CARBON = "mass", "volume", "energy", "coal", "carbon"
_TEN_THOUSAND = Fraction(10_000)
_GJ = Fraction(2500, 9)  # 1 kWh = 3.6 MJ exactly


def _plain(symbols: tuple[str, ...]) -> dict[str, Fraction]:
    return {symbol: parse_unit(symbol).ratio for symbol in symbols}


_UNITS: Final[Mapping[str, Mapping[str, Fraction]]] = {
    MASS: {
        **_plain(("g", "kg", "t")),
        "千克": Fraction(1),
        "公斤": Fraction(1),
        "克": Fraction(1, 1000),
        "吨": Fraction(1000),
        **dict.fromkeys(("万t", "万吨"), 1000 * _TEN_THOUSAND),
    },
    VOLUME: {
        **_plain(("mL", "L", "m3")),
        **dict.fromkeys(("m³", "Nm3", "Nm³", "立方米"), Fraction(1000)),
        **dict.fromkeys(("万m3", "万m³", "万Nm3", "万Nm³", "万立方米"), 1000 * _TEN_THOUSAND),
        "升": Fraction(1),
        "毫升": Fraction(1, 1000),
    },
    ENERGY: {
        **_plain(("Wh", "kWh", "MWh")),
        **dict.fromkeys(("瓦时", "瓦小时"), Fraction(1, 1000)),
        **dict.fromkeys(("度", "千瓦时", "千瓦小时", "kW·h", "kW.h"), Fraction(1)),
        **dict.fromkeys(("兆瓦时", "兆瓦小时", "MW·h", "MW.h"), Fraction(1000)),
        **dict.fromkeys(("GWh", "吉瓦时", "吉瓦小时"), Fraction(1_000_000)),
        **dict.fromkeys(("万kWh", "万度", "万千瓦时", "万千瓦小时"), _TEN_THOUSAND),
        **dict.fromkeys(("kJ", "千焦"), _GJ / 1_000_000),
        **dict.fromkeys(("MJ", "兆焦"), _GJ / 1000),
        **dict.fromkeys(("GJ", "吉焦", "百万千焦"), _GJ),
        **dict.fromkeys(("TJ", "太焦"), _GJ * 1000),
    },
    COAL: {
        **dict.fromkeys(("gce", "克标准煤"), Fraction(1, 1000)),
        **dict.fromkeys(("kgce", "千克标准煤"), Fraction(1)),
        **dict.fromkeys(("tce", "吨标准煤"), Fraction(1000)),
        **dict.fromkeys(("万tce", "万吨标准煤"), 1000 * _TEN_THOUSAND),
    },
    CARBON: {
        f"{prefix}{gas}": parse_unit(f"{prefix}{gas}").ratio / 1000
        for gas in ("CO2", "CO2e")
        for prefix in ("g", "kg", "t")
    },
}
SYMBOLS: Final = {
    symbol: (kind, ratio) for kind, units in _UNITS.items() for symbol, ratio in units.items()
}
# People write KWh, kwh and KWH. The first letter decides the size where it is an m or M (mL, ML),
# so that a spelling is taken only where that letter is written as in the symbol.
_SPELLINGS: Final = {
    (symbol[0] if symbol[0] in "mM" else "", symbol.casefold()): symbol for symbol in SYMBOLS
}
# What a message offers: one spelling of each unit.
_OFFERED: Final[Mapping[str, tuple[str, ...]]] = {
    MASS: ("kg", "t"),
    VOLUME: ("L", "m3", "万m3"),
    ENERGY: ("kWh", "MWh", "万kWh", "MJ", "GJ"),
    COAL: ("kgce", "tce"),
}
PLAIN_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"
_RATE = re.compile(rf"({PLAIN_NUMBER}) ?([^0-9.\s/]\S*)", re.ASCII)
MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit: its text, what it measures and its exact ratio to the base unit of that."""

    text: str
    kind: str
    ratio: Fraction


@dataclass(frozen=True, slots=True)
class Rate:
    """A factor with its unit, exact.

    Args:
        number: the factor as published, such as ``0.4974``.
        unit: its unit, such as ``kgCO2/kWh``.
        of: what it gives: ``carbon``, ``coal`` or, for a density, ``mass``; or ``energy``.
        per: what it is multiplied by: ``mass``, ``volume``, ``energy`` or ``coal``.
        value: base units of `of` per base unit of `per`.
    """

    number: Decimal
    unit: str
    of: str
    per: str
    value: Fraction


def measure(symbol: str, kinds: Sequence[str] = ()) -> Measure:
    """The unit of that symbol, in capitals or small letters where they make no other unit.

    Args:
        symbol: as written.
        kinds: what a message offers units of; nothing stands for all.

    Raises:
        ValueError: there is none. The message, a Chinese sentence, names no nearest one: a unit
            spelled almost alike is often a thousand times larger.
    """
    mega = symbol[:1] if symbol[:1] in "mM" else ""
    found = SYMBOLS.get(_SPELLINGS.get((mega, symbol.casefold()), symbol))
    if found is None:
        raise ValueError(f"不认识单位“{symbol}”，请改用：{offered(*(kinds or _OFFERED))}。")
    return Measure(symbol, *found)


def offered(*kinds: str) -> str:
    """The units a message offers for what can be measured in any of these kinds."""
    return "、".join(symbol for kind in kinds for symbol in _OFFERED[kind])


def offered_symbols(kind: str) -> tuple[str, ...]:
    """One spelling of each usual unit of a kind of measure, for a list to choose from."""
    return _OFFERED[kind]


def rate(number: Decimal, unit: str) -> Rate:
    """A factor such as ``0.4974`` with the unit ``kgCO2/kWh``.

    Raises:
        ValueError: the unit is not one unit over another; the message is a Chinese sentence.
    """
    above, slash, below = unit.partition("/")
    if not slash:
        raise ValueError(f"因子的单位“{unit}”不是“单位/单位”的写法，例如 kgCO2/kWh。")
    of, per = measure(above), measure(below)
    return Rate(number, unit, of.kind, per.kind, Fraction(number) * of.ratio / per.ratio)


def parse_rate(text: str) -> Rate:
    """A factor written with its unit, such as ``0.305 kgce/kWh``.

    Raises:
        ValueError: no plain decimal with a unit; the message is a Chinese sentence.
    """
    match = _RATE.fullmatch(text)
    if match is None or sum(c.isdigit() for c in match[1]) > MOST_DIGITS:
        raise ValueError("须写成“数字 单位/单位”的半角普通小数，例如“0.305 kgce/kWh”。")
    return rate(Decimal(match[1]), match[2])


def rounded(value: Fraction, digits: int) -> str:
    """An exact value as plain decimal text, rounded half to even once, without trailing zeros.

    Args:
        value: the exact value.
        digits: decimals kept.
    """
    whole = round(value * 10**digits)  # round() of a Fraction is half to even, and exact
    if not whole:
        return "0"
    with localcontext() as context:
        context.prec = len(str(abs(whole)))
        return plain(Decimal(whole).scaleb(-digits))


def plain(number: Decimal) -> str:
    """A decimal without exponent or trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
