"""How figures, instants and documents look on a page: template filters."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask import Flask

from admin import colours
from admin.wording import WORDS
from backend.clock import shanghai_time
from backend.people.labels import ROLES
from backend.people.models import Role
from backend.places.labels import DATUMS
from backend.places.models import PlaceRecord
from credit_rules.energy import rounded

_NO_VALUE = "（空）"


def thousandths(number: int) -> str:
    """A whole number of thousandths as a decimal: milli-points as points, mg as grams."""
    text = f"{Decimal(number) / 1000:,.3f}"
    return text.rstrip("0").rstrip(".")


def mass(milligrams: int) -> str:
    """A reduction with its unit: grams, from 10 kg on kilograms rounded down to 10 g."""
    if milligrams < 10_000_000:
        return f"{thousandths(milligrams)} g"
    return f"{Decimal(milligrams // 10_000) / 100:,.2f} kg"


def tonnes(value: Fraction) -> str:
    """Tonnes for people: two decimals, from 1,000 on none."""
    shown = round(value) if value >= 1000 else Decimal(rounded(value, 2))
    return f"{shown:,}" if value >= 1000 else f"{shown:,.2f}"


def amount(value: Decimal) -> str:
    """A quantity as it was filled in, with separators and no zeros behind."""
    text = f"{value:,.3f}"
    return text.rstrip("0").rstrip(".")


def moment(instant: datetime) -> str:
    """An aware instant in Shanghai time, to the second."""
    return f"{shanghai_time(instant):%Y-%m-%d %H:%M:%S}"


def minute(instant: datetime) -> str:
    """An aware instant in Shanghai time, without the year, to the minute."""
    return f"{shanghai_time(instant):%m-%d %H:%M}"


def lasting(span: timedelta) -> str:
    """A length of time in its largest unit, rounded down: 3 天, 5 小时, 12 分钟."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes >= 24 * 60:
        return f"{minutes // (24 * 60)} 天"
    return f"{minutes // 60} 小时" if minutes >= 60 else f"{minutes} 分钟"


def day(value: date) -> str:
    """A day as 2026年11月18日."""
    return f"{value.year}年{value.month}月{value.day}日"


def last_day(until: date) -> str:
    """The last day of a term that is kept with the first day after it, as 2026-11-18."""
    return f"{until - timedelta(days=1)}"


def audited(value: Any) -> str:
    """A value of an audit document in words; structures as short JSON."""
    if value is None or value in ("", []):
        return _NO_VALUE
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return WORDS.get(value, value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "、".join(WORDS.get(item, item) for item in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def role_name(role: Role) -> str:
    """What a role is called."""
    return ROLES[role]


def coordinates(place: PlaceRecord) -> str:
    """Latitude and longitude with their datum."""
    if place.latitude is None or place.longitude is None:
        return "未填写"
    return f"{place.latitude}, {place.longitude} · {DATUMS[place.datum]}"


def install(app: Flask) -> None:
    """Makes the filters and the colours known to the templates."""
    for filter_ in (
        thousandths,
        mass,
        tonnes,
        amount,
        moment,
        minute,
        lasting,
        day,
        last_day,
        audited,
        role_name,
        coordinates,
    ):
        app.add_template_filter(filter_)
    app.jinja_env.globals["colours"] = colours
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
