"""What makes a place open and a member present. Pure; positions are used and forgotten."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from backend.clock import business_day, minute_of_day
from backend.errors import FieldError, ForbiddenError, InvalidInputError
from backend.places.models import (
    CodeKind,
    Datum,
    PlaceDraft,
    PlaceKind,
    PlaceRecord,
    PlaceState,
)
from backend.text.characters import is_text
from backend.text.cleaning import cleaned

USES_PER_STEP: Final = 6
ACCURACY_PROVES_M: Final = 100
"""A position whose own estimate of its error is larger, or none, proves nothing (metres)."""
ALWAYS_OPEN: Final[tuple[dict[str, Any], ...]] = tuple(
    {"day": day, "from": "00:00", "to": "24:00"} for day in range(1, 8)
)

DraftT = TypeVar("DraftT", bound=PlaceDraft)

_DAY_MINUTES: Final = 1440
_MOST_HOURS: Final = 28
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)
_DAYS: Final = "一二三四五六日"
_EARTH_RADIUS_M: Final = 6_371_008.8
_SIX_PLACES: Final = Decimal("0.000001")
# The ellipsoid of Krasovsky 1940 and the bounds that the GCJ-02 shift is defined by.
_GCJ_AXIS_M: Final = 6_378_245.0
_GCJ_ECCENTRICITY_SQUARED: Final = 0.00669342162296594323


class Presence(StrEnum):
    """What shows that the member was at the place."""

    PROVEN_ROTATING = "proven_rotating"
    PROVEN_LOCATION = "proven_location"
    UNPROVEN = "unproven"
    OUTSIDE = "outside"


class PlaceNotOpenError(ForbiddenError):
    """The place takes nothing now: paused, closed for good, or outside its hours."""

    code = "place_not_open"


class PositionInvalidError(InvalidInputError):
    """Not a point on the globe."""

    code = "position_invalid"

    def __init__(self) -> None:
        message = "位置无效，请重新获取手机定位"
        super().__init__(message, fields=[FieldError("position", self.code, message)])


@dataclass(frozen=True, slots=True)
class Position:
    """Where a phone says it is: degrees, metres of accuracy, datum. Never stored or logged.

    Raises:
        PositionInvalidError: not numbers, off the globe, or a negative accuracy.
    """

    latitude: Decimal = field(repr=False)
    longitude: Decimal = field(repr=False)
    accuracy_m: int
    datum: Datum

    def __post_init__(self) -> None:
        if not (self.latitude.is_finite() and self.longitude.is_finite()):
            raise PositionInvalidError
        if abs(self.latitude) > 90 or abs(self.longitude) > 180 or self.accuracy_m < 0:
            raise PositionInvalidError


def is_open(hours: Sequence[Mapping[str, Any]], instant: datetime) -> bool:
    """Whether an aware instant lies in the opening hours, in Shanghai time.

    Args:
        hours: as `Place.hours`; an interval whose `to` is not after `from` ends the next day.
        instant: aware.
    """
    minute, today = minute_of_day(instant), business_day(instant).isoweekday()
    yesterday = (today - 2) % 7 + 1
    for interval in hours:
        if interval["day"] not in (today, yesterday):
            continue
        start, end = _minutes(interval["from"]), _minutes(interval["to"])
        end += _DAY_MINUTES if end <= start else 0
        if start <= minute + (0 if interval["day"] == today else _DAY_MINUTES) < end:
            return True
    return False


def require_open(place: PlaceRecord, instant: datetime) -> None:
    """Lets a drop-off or check-in pass only where and when the place takes it.

    Raises:
        PlaceNotOpenError: paused, closed, or outside the hours; the sentence says which.
    """
    if place.state == PlaceState.PAUSED:
        raise PlaceNotOpenError(f"{place.name}暂停使用，请前往附近其他点位")
    if place.state == PlaceState.CLOSED:
        raise PlaceNotOpenError(f"{place.name}已停用，请前往附近其他点位")
    if not is_open(place.hours, instant):
        when = "；".join(hours_lines(place.hours)) or "暂无"
        raise PlaceNotOpenError(f"现在不在{place.name}的开放时间内，请在开放时间再来：{when}")


def hours_lines(hours: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The opening hours in Chinese, days with the same hours together: `周一至周五 08:00–18:00`."""
    by_day: dict[int, str] = {}
    for day in range(1, 8):
        spans = sorted((item["from"], item["to"]) for item in hours if item["day"] == day)
        by_day[day] = "、".join(_span(start, end) for start, end in spans)
    lines, first = [], 1
    for day in range(1, 8):
        if day < 7 and by_day[day + 1] == by_day[first]:
            continue
        if by_day[first]:
            days = "每天" if (first, day) == (1, 7) else _day_range(first, day)
            lines.append(f"{days} {by_day[first]}")
        first = day + 1
    return tuple(lines)


def distance_m(place: PlaceRecord, position: Position) -> int:
    """Great-circle distance (haversine, mean radius), rounded to metres.

    Raises:
        ValueError: the place has no position.
    """
    if place.latitude is None or place.longitude is None:
        raise ValueError("a place without a position has no distance")
    there = in_datum(position, place.datum)
    phi_1, phi_2 = math.radians(place.latitude), math.radians(there.latitude)
    half_phi = (phi_2 - phi_1) / 2
    half_lambda = math.radians(there.longitude - place.longitude) / 2
    square = math.sin(half_phi) ** 2 + math.cos(phi_1) * math.cos(phi_2) * (
        math.sin(half_lambda) ** 2
    )
    return round(2 * _EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(square))))


def inside(place: PlaceRecord, position: Position) -> bool:
    """Whether a position lies in the place's radius, allowing for its accuracy.

    Raises:
        ValueError: the place has no position.
    """
    return distance_m(place, position) <= place.radius_m + position.accuracy_m


def presence(place: PlaceRecord, code_kind: CodeKind, position: Position | None) -> Presence:
    """What the code and the position together show of the moment of the scan.

    A rotating code is proof by itself, so that members who refuse their position lose nothing. A
    printed code can be photographed: it needs a position inside the radius, and one that is
    uncertain, or claims to be exact to nothing, proves no more than none.

    Args:
        place: the place of the code.
        code_kind: what was scanned.
        position: the phone's, if the member gave one.
    """
    if code_kind == CodeKind.ROTATING:
        return Presence.PROVEN_ROTATING
    if position is None or place.latitude is None:
        return Presence.UNPROVEN
    if not 0 < position.accuracy_m <= ACCURACY_PROVES_M:
        return Presence.UNPROVEN
    return Presence.PROVEN_LOCATION if inside(place, position) else Presence.OUTSIDE


def in_datum(position: Position, datum: Datum) -> Position:
    """The same position in another datum, to six decimals (0.1 m).

    GCJ-02 is the shift that Chinese maps apply; outside China the two are equal.
    """
    if position.datum == datum:
        return position
    latitude, longitude = float(position.latitude), float(position.longitude)
    if not (0.8293 <= latitude <= 55.8271 and 72.004 <= longitude <= 137.8347):
        return replace(position, datum=datum)
    if datum == Datum.GCJ02:
        shifted = _shifted(latitude, longitude)
    else:
        shifted = _unshifted(latitude, longitude)
    return Position(
        Decimal(shifted[0]).quantize(_SIX_PLACES),
        Decimal(shifted[1]).quantize(_SIX_PLACES),
        position.accuracy_m,
        datum,
    )


def checked(draft: DraftT) -> DraftT:
    """The draft or place with tidied texts, all of whose fields hold together.

    Raises:
        InvalidInputError: names every field at fault.
    """
    tidied = replace(
        draft,
        name=" ".join(cleaned(draft.name).split()),
        address=" ".join(cleaned(draft.address).split()),
    )
    faults = {**_text_faults(tidied), **_position_faults(tidied), **_hours_faults(tidied.hours)}
    if tidied.kind == PlaceKind.RECYCLING_POINT and not tidied.accepted:
        faults["accepted"] = "请至少选择一类可投放的垃圾"
    if len(set(tidied.accepted)) != len(tidied.accepted):
        faults["accepted"] = "同一类垃圾请只选一次"
    if faults:
        raise InvalidInputError(
            "点位信息有误，请按提示修改后再保存",
            fields=[FieldError(name, "invalid", message) for name, message in faults.items()],
        )
    return tidied


def _text_faults(draft: PlaceDraft) -> dict[str, str]:
    faults = {}
    if not 1 <= len(draft.name) <= 100 or not is_text(draft.name):
        faults["name"] = "名称请填1到100个可显示的字"
    if not 1 <= len(draft.address) <= 200 or not is_text(draft.address):
        faults["address"] = "地址请填1到200个可显示的字"
    return faults


def _position_faults(draft: PlaceDraft) -> dict[str, str]:
    faults = {}
    if (draft.latitude is None) != (draft.longitude is None):
        faults["latitude"] = "经度和纬度请一起填写"
    if draft.latitude is not None and not -90 <= draft.latitude <= 90:
        faults["latitude"] = "纬度应在-90到90之间"
    if draft.longitude is not None and not -180 <= draft.longitude <= 180:
        faults["longitude"] = "经度应在-180到180之间"
    if not 1 <= draft.radius_m <= 2000:
        faults["radius_m"] = "核验半径应为1到2000米"
    return faults


def _hours_faults(hours: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    if len(hours) > _MOST_HOURS:
        return {"hours": f"开放时段最多{_MOST_HOURS}个"}
    faults = {}
    for index, interval in enumerate(hours):
        if set(interval) != {"day", "from", "to"} or type(interval["day"]) is not int:
            faults[f"hours.{index}"] = "开放时段应有星期、开始和结束时间"
        elif not 1 <= interval["day"] <= 7:
            faults[f"hours.{index}.day"] = "星期应为1（周一）到7（周日）"
        elif not _is_time(interval["from"]) or interval["from"] == "24:00":
            faults[f"hours.{index}.from"] = "开始时间应如08:00"
        elif not _is_time(interval["to"]):
            faults[f"hours.{index}.to"] = "结束时间应如18:00，最晚24:00"
    return faults


def _is_time(value: object) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _minutes(time: str) -> int:
    """Minutes since midnight of `HH:MM`."""
    return int(time[:2]) * 60 + int(time[3:])


def _span(start: str, end: str) -> str:
    if (start, end) == ("00:00", "24:00"):
        return "全天"
    return f"{start}–{'次日' if end <= start else ''}{end}"


def _day_range(first: int, last: int) -> str:
    if first == last:
        return f"周{_DAYS[first - 1]}"
    return f"周{_DAYS[first - 1]}至周{_DAYS[last - 1]}"


def _shifted(latitude: float, longitude: float) -> tuple[float, float]:
    """WGS-84 degrees as GCJ-02 degrees, by the published reconstruction of the shift."""
    x, y = longitude - 105.0, latitude - 35.0
    root, wave = math.sqrt(abs(x)), math.sin
    both = 20.0 * wave(6.0 * x * math.pi) + 20.0 * wave(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (both + 20.0 * wave(y * math.pi) + 40.0 * wave(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * wave(y / 12.0 * math.pi) + 320.0 * wave(y / 30.0 * math.pi)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (both + 20.0 * wave(x * math.pi) + 40.0 * wave(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * wave(x / 12.0 * math.pi) + 300.0 * wave(x / 30.0 * math.pi)) * 2.0 / 3.0
    phi = math.radians(latitude)
    magic = 1.0 - _GCJ_ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    meridian = _GCJ_AXIS_M * (1.0 - _GCJ_ECCENTRICITY_SQUARED) / (magic * math.sqrt(magic))
    parallel = _GCJ_AXIS_M / math.sqrt(magic) * math.cos(phi)
    return latitude + math.degrees(north / meridian), longitude + math.degrees(east / parallel)


def _unshifted(latitude: float, longitude: float) -> tuple[float, float]:
    """GCJ-02 degrees as WGS-84 degrees: the shift has no closed inverse, so it is approached."""
    guess = (latitude, longitude)
    for _ in range(5):
        there = _shifted(*guess)
        guess = (guess[0] + latitude - there[0], guess[1] + longitude - there[1])
    return guess
