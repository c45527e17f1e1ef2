"""What becomes of redemptions, in words."""

from collections.abc import Mapping
from typing import Final

from backend.rewards.models import CancelledBy, LimitPeriod, RedemptionState

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
    CancelledBy.MEMBER: "成员取消",
    CancelledBy.PROGRAMME: "主办方取消",
    CancelledBy.TIMEOUT: "逾期取消",
}
CANCELLED_BY_FOR_MEMBER: Final[Mapping[CancelledBy, str]] = {
    CancelledBy.MEMBER: "您已取消，积分已退回。",
    CancelledBy.PROGRAMME: "主办方已取消，积分已退回。",
    CancelledBy.TIMEOUT: "逾期未领，已自动取消，积分已退回。",
}
