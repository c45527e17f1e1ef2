"""The Chinese words for what the domain names by code."""

from collections.abc import Mapping
from typing import Final

from backend.actions.models import ActionStatus
from backend.draws.models import DrawState
from backend.places.models import PlaceKind, PlaceState, WasteClass
from backend.rankings.policy import MIN_GROUP, Board, Measure
from backend.rewards.models import CancelledBy, LimitPeriod, RedemptionState

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
    PlaceKind.VENUE: "活动场所",
}
PLACE_STATES: Final[Mapping[str, str]] = {
    PlaceState.OPEN: "正常使用",
    PlaceState.PAUSED: "暂停使用",
    PlaceState.CLOSED: "已停用",
}
CHANNELS: Final[Mapping[str, str]] = {
    "self_declared": "未附凭证",
    "printed_code": "海报二维码",
    "rotating_code": "屏幕动态码",
}
UNITS: Final[Mapping[str, str]] = {
    "km": "公里",
    "kg": "千克",
    "kWh": "度",
    "L": "升",
    "mL": "毫升",
    "h": "小时",
}
SCENARIOS: Final[Mapping[str, str]] = {
    "reduction": "减排场景",
    "behaviour": "行为场景",
}
BOUNDARIES: Final[Mapping[str, str]] = {
    "in_meter": "已体现在单位的水电表里，不另计为减排成果",
    "outside": "在单位的水电表之外",
}
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
EXCLUSION_PERIODS: Final[Mapping[str, str]] = {
    "trip": "同一行程",
    "meal": "同一餐",
    "day": "同一天",
    "week": "同一周",
    "month": "同一月",
    "year": "同一年",
}
ACTION_STATUSES: Final[Mapping[ActionStatus, str]] = {
    ActionStatus.CREDITED: "已入账",
    ActionStatus.HELD: "待审核",
    ActionStatus.VOIDED: "审核未通过",
    ActionStatus.TIMED_OUT: "审核超时",
    ActionStatus.REVERSED: "已撤销",
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
    "grant": "预算拨付",
    "redemption": "兑换，积分冻结",
    "fulfilment": "兑换已领取，冻结扣除",
    "cancellation": "兑换取消，积分退回",
    "donation": "捐赠",
    "expiry": "到期清零",
}
PERIODS: Final[Mapping[LimitPeriod, str]] = {
    LimitPeriod.MONTH: "每月",
    LimitPeriod.QUARTER: "每季度",
    LimitPeriod.YEAR: "每年",
    LimitPeriod.EVER: "累计",
}
REDEMPTION_STATES: Final[Mapping[RedemptionState, str]] = {
    RedemptionState.PENDING: "待领取",
    RedemptionState.FULFILLED: "已领取",
    RedemptionState.CANCELLED: "已取消",
}
CANCELLED_BY: Final[Mapping[CancelledBy, str]] = {
    CancelledBy.MEMBER: "您已取消，积分已退回。",
    CancelledBy.PROGRAMME: "主办方已取消，积分已退回。",
    CancelledBy.TIMEOUT: "逾期未领，已自动取消，积分已退回。",
}
DRAW_STATES: Final[Mapping[DrawState, str]] = {
    DrawState.OPEN: "报名中",
    DrawState.CLOSED: "已截止，等待开奖",
    DrawState.DRAWN: "已开奖",
}


def better_drop_off(tier: str) -> str | None:
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
