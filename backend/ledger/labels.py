"""What entries and sources of the book are called."""

from collections.abc import Mapping
from typing import Final

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
SOURCES: Final[Mapping[str, str]] = {
    "issuance": "方法学",
    "avoided_source": "方法学",
    "campaign_budget": "活动",
    "write_off": "更正",
}
