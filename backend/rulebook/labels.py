"""What methodologies say of themselves, in words."""

from collections.abc import Mapping
from typing import Final

KIND_GROUPS: Final[Mapping[str, str]] = {
    "commute": "绿色出行",
    "stairs": "走楼梯",
    "dining": "光盘与自带",
    "recycling": "分类投放",
    "office": "绿色办公",
    "learning": "学习",
    "culture": "参观与自然",
    "volunteering": "志愿服务",
}
SCENARIOS: Final[Mapping[str, str]] = {
    "reduction": "减排场景",
    "behaviour": "行为场景",
}
BOUNDARIES: Final[Mapping[str, str]] = {
    "in_meter": "已体现在单位的水电表里，不另计为减排成果",
    "outside": "在单位的水电表之外",
}
EXCLUSION_PERIODS: Final[Mapping[str, str]] = {
    "trip": "同一行程",
    "meal": "同一餐",
    "day": "同一天",
    "week": "同一周",
    "month": "同一月",
    "year": "同一年",
}
UNITS: Final[Mapping[str, str]] = {
    "km": "公里",
    "kg": "千克",
    "kWh": "度",
    "L": "升",
    "mL": "毫升",
    "h": "小时",
}
