"""The areas that factors of grid electricity are published for, and what each is a part of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
