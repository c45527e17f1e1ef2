"""The Chinese words for what the domain names by code."""

from collections.abc import Mapping
from typing import Final

from backend.places.models import PlaceKind, PlaceState, WasteClass
from backend.rankings.policy import MIN_GROUP, Board, Measure

WASTE_CLASSES: Final[Mapping[str, str]] = {
    WasteClass.RECYCLABLE: "可回收物",
    WasteClass.HAZARDOUS: "有害垃圾",
    WasteClass.FOOD_WASTE: "易腐垃圾",
    WasteClass.RESIDUAL: "其他垃圾",
}
PLACE_KINDS: Final[Mapping[str, str]] = {
    PlaceKind.RECYCLING_POINT: "回收投放点",
    PlaceKind.CANTEEN: "食堂",
    PlaceKind.STAIRWELL: "楼梯间",
    PlaceKind.VENUE: "活动场地",
}
PLACE_STATES: Final[Mapping[str, str]] = {
    PlaceState.OPEN: "正常使用",
    PlaceState.PAUSED: "暂停使用",
    PlaceState.CLOSED: "已停用",
}
CHANNELS: Final[Mapping[str, str]] = {
    "printed_code": "海报二维码",
    "rotating_code": "屏幕动态码",
}
BOARDS: Final[Mapping[Board, str]] = {
    Board.DEPARTMENTS: "部门",
    Board.INSTITUTIONS: "单位",
    Board.DISTRICTS: "区县",
}
MEASURES: Final[Mapping[Measure, str]] = {
    Measure.PER_HEAD: "人均积分",
    Measure.TOTAL: "总积分",
}
FORMULAS: Final[Mapping[Measure, str]] = {
    Measure.PER_HEAD: "人均积分 ＝ 本月计入排名的积分 ÷ 人数（含没有记录的人），"
    "不足千分之一分的舍去；"
    f"不满 {MIN_GROUP} 人的不列出；分数相同的名次并列。",
    Measure.TOTAL: "总积分 ＝ 本月计入排名的积分之和；"
    f"不满 {MIN_GROUP} 人的不列出；分数相同的名次并列。",
}
ENTRY_KINDS: Final[Mapping[str, str]] = {
    "award": "行为入账",
    "reversal": "冲正",
    "correction": "更正",
}


def better_evidence(tier: str) -> str | None:
    """How to reach a better tier of evidence than this one at a recycling point, if there is one.

    Args:
        tier: T0 to T4.
    """
    return {
        "T0": "按自行申报计：积分减半，不计减排量，也不参加排名。"
        "在点位旁允许使用位置，或扫描现场屏幕上的动态码，就能全额计。",
        "T1": "扫描现场屏幕上的动态码，凭证更可靠。",
        "T2": "在有称重设备的点位投放，按实际重量计。",
    }.get(tier)
