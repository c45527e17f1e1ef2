"""Guards: factors that are wrong by a unit, by a decimal place or by a decade are refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from credit_rules.energy.choices import Basis
from credit_rules.energy.items import ON_A_BASIS, POWER_BANDS, Item
from credit_rules.energy.measures import CARBON, MASS, VOLUME, Rate, plain, rate, rounded

# Numbers that still circulate, and why each is refused.
_LEGACY: Mapping[Fraction, str] = {
    Fraction(785, 1000): "0.785 kgCO2/kWh 出自 2015 年前后的旧计算器，比浙江 2023 年因子高约 58%",
}
_SAME_VALUE_AT_MOST = 2


def implausible(item: Item, factor: Rate, density: Rate | None, basis: Basis | None = None) -> str:
    """Why a factor cannot be right; empty where it can.

    Args:
        item: what it is a factor of.
        factor: a CO2 or standard-coal factor.
        density: of the item, to compare a factor per litre with a band per kilogram.
        basis: of a standard-coal factor of electricity, where it is known.

    Returns:
        A Chinese sentence that says what to check, or an empty text.
    """
    if factor.of == CARBON and item.key in ON_A_BASIS:
        legacy = _LEGACY.get(factor.value)
        if legacy:
            return f"{legacy}，不得使用；请改用当年公布的电网因子。"
    band = item.carbon if factor.of == CARBON else item.coal
    if basis is not None and factor.of != CARBON:
        band = POWER_BANDS[basis]
    if band is None:
        return f"“{item.label}”的数量已是标准煤，不需要折标系数，请删除。"
    unit = rate(Decimal(1), band[2])
    try:
        value = per_kind(factor, unit.per, density) / unit.value
    except ValueError:
        return f"单位 {factor.unit} 与“{item.label}”不符，请改用 {band[2]}。"
    low, high = Fraction(band[0]), Fraction(band[1])
    if low <= value <= high:
        return ""
    shown = rounded(value, 4)
    return (
        f"{plain(factor.number)} {factor.unit}（合 {shown} {band[2]}）不在“{item.label}”"
        f"的合理范围 {band[0]}～{band[1]} 内，{_slip(low, high, value)}"
    )


def per_kind(factor: Rate, kind: str, density: Rate | None) -> Fraction:
    """A factor per base unit of `kind`; litres become kilograms by the density.

    Args:
        factor: the factor.
        kind: ``mass``, ``volume`` or ``energy``.
        density: kg per L of the item, where it has one.

    Raises:
        ValueError: the factor is per something else.
    """
    if factor.per == kind:
        return factor.value
    if density is not None and (factor.per, kind) == (VOLUME, MASS):
        return factor.value / density.value
    if density is not None and (factor.per, kind) == (MASS, VOLUME):
        return factor.value * density.value
    raise ValueError(f"{factor.unit} is not per {kind}")


def _slip(low: Fraction, high: Fraction, value: Fraction) -> str:
    far_off = not low <= 2 * value <= 4 * high  # nearer than that, it is no decimal place
    for power in (1, 2, 3, 4, 6):
        times = Fraction(10) ** power
        if far_off and (low <= value * times <= high or low <= value / times <= high):
            return f"相差约 {10**power} 倍，请检查小数点和单位（例如 kg 与 t、m3 与 万m3）。"
    return "请核对数值、单位和密度。"


def repeated(provincial: Iterable[tuple[str, Decimal]]) -> str:
    """Whether one value stands for many provinces of a year, as where a national one was copied.

    Args:
        provincial: province and value, of one year.

    Returns:
        A Chinese sentence, or an empty text.
    """
    provinces: dict[Decimal, list[str]] = {}
    for province, value in provincial:
        provinces.setdefault(value, []).append(province)
    for value, names in provinces.items():
        if len(names) > _SAME_VALUE_AT_MOST:
            return (
                f"{len(names)} 个省份的因子都是 {value}（{'、'.join(names[:3])}等），"
                "像是把全国值重复填给各省，请换成各省公布的数值。"
            )
    return ""
