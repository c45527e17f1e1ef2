"""What the review rules are called, and what they ask."""

from collections.abc import Mapping
from typing import Final

RULES: Final[Mapping[str, str]] = {
    "year_on_year": "与上年相差超过 10%",
    "unit_price": "单价不合理",
    "cost_without_quantity": "有费用没有用量",
    "quantity_without_cost": "有用量没有费用",
    "missing_month": "缺月份",
    "copied_months": "连续几个月数值相同",
    "slipped_decimal": "疑似单位或小数点错位",
}
