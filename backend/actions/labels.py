"""What becomes of actions, and how they came, in words."""

from collections.abc import Mapping
from typing import Final

from backend.actions.models import ActionStatus

ACTION_STATUSES: Final[Mapping[ActionStatus, str]] = {
    ActionStatus.CREDITED: "已入账",
    ActionStatus.HELD: "待审核",
    ActionStatus.VOIDED: "审核未通过",
    ActionStatus.TIMED_OUT: "审核超时",
    ActionStatus.REVERSED: "已撤销",
}
CHANNELS: Final[Mapping[str, str]] = {
    "self_declared": "未附凭证",
    "printed_code": "海报二维码",
    "rotating_code": "现场屏幕动态码",
}
