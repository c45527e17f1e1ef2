"""The areas that factors of grid electricity are published for, and what each is a part of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from credit_rules.energy.errors import refused, shown
from credit_rules.errors import nearest

NATIONAL, REGIONAL, PROVINCIAL = "national", "regional", "provincial"
COUNTRY: Final = "全国"
# The regional grids of the announcements of the Ministry of Ecology and Environment. Inner
# Mongolia is split there; its larger, western part belongs to 华北.
_GRIDS: Final[Mapping[str, str]] = {
    "华北": "北京 天津 河北 山西 山东 内蒙古",
    "东北": "辽宁 吉林 黑龙江",
    "华东": "上海 江苏 浙江 安徽 福建",
    "华中": "江西 河南 湖北 湖南",
    "西北": "陕西 甘肃 青海 宁夏 新疆",
    "南方": "广东 广西 海南 贵州 云南",
    "西南": "四川 重庆 西藏",
}
PARENTS: Final[Mapping[str, str]] = {
    **{province: grid for grid, provinces in _GRIDS.items() for province in provinces.split()},
    **dict.fromkeys(_GRIDS, COUNTRY),
    COUNTRY: "",
}
BELOW_NATION: Final[Mapping[str, tuple[str, ...]]] = {
    REGIONAL: tuple(_GRIDS),
    PROVINCIAL: tuple(area for area in PARENTS if PARENTS[area] in _GRIDS),
}
"""The areas of each level below the nation."""

# GB/T 2260: the first two digits of a division code name the province.
_CODES: Final[Mapping[str, str]] = {
    code: province
    for codes, provinces in (
        ("11 12 13 14 15", "北京 天津 河北 山西 内蒙古"),
        ("21 22 23", "辽宁 吉林 黑龙江"),
        ("31 32 33 34 35 36 37", "上海 江苏 浙江 安徽 福建 江西 山东"),
        ("41 42 43 44 45 46", "河南 湖北 湖南 广东 广西 海南"),
        ("50 51 52 53 54", "重庆 四川 贵州 云南 西藏"),
        ("61 62 63 64 65", "陕西 甘肃 青海 宁夏 新疆"),
    )
    for code, province in zip(codes.split(), provinces.split(), strict=True)
}
_DIVISION_CODE: Final = re.compile(r"[0-9]{2}(?:[0-9]{4})?", re.ASCII)
_SUFFIXES: Final = (
    *("", "省", "市", "自治区", "壮族自治区", "回族自治区", "维吾尔自治区"),
    *("区域电网", "区域", "电网"),
)


def region_named(text: str) -> str:
    """The area a text names: 浙江 for 浙江省, 330000 or 330106.

    Args:
        text: a name, with or without its rank, or a division code of GB/T 2260, which stands for
            its province.

    Raises:
        EnergyRefused: no such area; the message has the nearest one.
    """
    name = text.strip()
    if name in {"中国", "100000"}:
        return COUNTRY
    if _DIVISION_CODE.fullmatch(name) and name[:2] in _CODES:
        return _CODES[name[:2]]
    for region in PARENTS:
        if name.startswith(region) and name[len(region) :] in _SUFFIXES:
            return region
    raise refused(
        "region", f"不认识地区“{shown(text)}”。{nearest(text, PARENTS)}", "unknown_region"
    )
