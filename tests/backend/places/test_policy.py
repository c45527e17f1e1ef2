"""Opening hours, distances, datums and presence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.clock import SHANGHAI
from backend.errors import InvalidInputError
from backend.places.models import (
    CodeKind,
    Datum,
    PlaceKind,
    PlaceRecord,
    PlaceState,
    WasteClass,
)
from backend.places.policy import (
    ALWAYS_OPEN,
    PlaceNotOpenError,
    Position,
    PositionInvalidError,
    Presence,
    checked,
    distance_m,
    hours_lines,
    in_datum,
    inside,
    is_open,
    presence,
    require_open,
)

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=SHANGHAI)  # a Wednesday
WEEKDAYS = tuple({"day": day, "from": "08:00", "to": "18:00"} for day in range(1, 6))
PLACE = PlaceRecord(
    id=1,
    code="R0000001",
    kind=PlaceKind.RECYCLING_POINT,
    name="投放点",
    institution_id=1,
    address="文三路999号",
    accepted=(WasteClass.RECYCLABLE,),
    hours=WEEKDAYS,
    latitude=Decimal("30.274150"),
    longitude=Decimal("120.155150"),
    datum=Datum.WGS84,
    radius_m=100,
)


def position(north_m: int = 0, accuracy_m: int = 0, datum: Datum = Datum.WGS84) -> Position:
    """A position so many metres north of the place; a degree of latitude is 111,195 m."""
    return Position(
        Decimal("30.274150") + Decimal(north_m) / Decimal(111_195),
        Decimal("120.155150"),
        accuracy_m,
        datum,
    )


def at(day: int, time: str) -> datetime:
    """An instant in the week of Monday 2026-11-16, ISO weekday and Shanghai time."""
    hour, minute = map(int, time.split(":"))
    return datetime(2026, 11, 15 + day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    "day, time, expected",
    [
        (3, "07:59", False),
        (3, "08:00", True),
        (3, "17:59", True),
        (3, "18:00", False),
        (6, "12:00", False),
        (7, "12:00", False),
    ],
)
def test_hours_of_weekdays(day: int, time: str, *, expected: bool) -> None:
    assert is_open(WEEKDAYS, at(day, time)) is expected


@pytest.mark.parametrize(
    "day, time, expected",
    [
        (7, "21:59", False),
        (7, "22:00", True),
        (7, "23:59", True),
        (1, "00:00", True),
        (1, "05:59", True),
        (1, "06:00", False),
        (6, "23:00", False),
        (7, "05:00", False),
    ],
)
def test_hours_across_midnight_and_the_week(day: int, time: str, *, expected: bool) -> None:
    assert is_open([{"day": 7, "from": "22:00", "to": "06:00"}], at(day, time)) is expected


def test_equal_ends_are_twenty_four_hours() -> None:
    hours = [{"day": 3, "from": "09:00", "to": "09:00"}]
    assert not is_open(hours, at(3, "08:59"))
    assert is_open(hours, at(3, "09:00"))
    assert is_open(hours, at(4, "08:59"))
    assert not is_open(hours, at(4, "09:00"))


@given(st.datetimes(timezones=st.just(UTC)))
def test_always_open_is_always_open(instant: datetime) -> None:
    assert is_open(ALWAYS_OPEN, instant)
    assert not is_open((), instant)


@pytest.mark.parametrize(
    "hours, lines",
    [
        (ALWAYS_OPEN, ("每天 全天",)),
        ((), ()),
        (WEEKDAYS, ("周一至周五 08:00–18:00",)),
        (
            (
                *WEEKDAYS,
                {"day": 7, "from": "18:00", "to": "02:00"},
                {"day": 7, "from": "08:00", "to": "12:00"},
            ),
            ("周一至周五 08:00–18:00", "周日 08:00–12:00、18:00–次日02:00"),
        ),
        (({"day": 1, "from": "08:00", "to": "24:00"},), ("周一 08:00–24:00",)),
    ],
)
def test_hours_in_words(hours: tuple[dict[str, Any], ...], lines: tuple[str, ...]) -> None:
    assert hours_lines(hours) == lines


@pytest.mark.parametrize(
    "changes, instant, said",
    [
        ({"state": PlaceState.PAUSED}, NOON, "暂停使用"),
        ({"state": PlaceState.CLOSED}, NOON, "已停用"),
        ({}, NOON - timedelta(hours=12), "周一至周五 08:00–18:00"),
        ({"hours": ()}, NOON, "暂无"),
    ],
)
def test_a_place_that_takes_nothing_says_why(
    changes: dict[str, Any], instant: datetime, said: str
) -> None:
    with pytest.raises(PlaceNotOpenError, match=said):
        require_open(replace(PLACE, **changes), instant)


def test_an_open_place_takes() -> None:
    require_open(PLACE, NOON)


@pytest.mark.parametrize(
    "latitude, longitude, expected",
    [
        ("30.274150", "120.155150", 0),
        ("30.284150", "120.155150", 1112),
        ("39.904200", "116.407400", 1124_000),
    ],
)
def test_distances(latitude: str, longitude: str, expected: int) -> None:
    there = Position(Decimal(latitude), Decimal(longitude), 0, Datum.WGS84)
    assert distance_m(PLACE, there) == pytest.approx(expected, rel=0.002)


def test_distance_to_the_antipode_is_half_the_circumference() -> None:
    there = Position(Decimal("-30.274150"), Decimal("-59.844850"), 0, Datum.WGS84)
    assert distance_m(PLACE, there) == 20_015_114


@pytest.mark.parametrize(
    "north_m, accuracy_m, expected",
    [
        (99, 0, True),
        (102, 0, False),
        (148, 50, True),
        (152, 50, False),
        (198, 100, True),
        (202, 100, False),
    ],
)
def test_radius_and_accuracy(north_m: int, accuracy_m: int, *, expected: bool) -> None:
    assert inside(PLACE, position(north_m, accuracy_m)) is expected


@pytest.mark.parametrize(
    "latitude, longitude, accuracy_m",
    [
        ("90.1", "0", 0),
        ("0", "-180.1", 0),
        ("NaN", "0", 0),
        ("0", "sNaN", 0),
        ("Infinity", "0", 0),
        ("0", "0", -1),
    ],
)
def test_positions_off_the_globe_are_refused(
    latitude: str, longitude: str, accuracy_m: int
) -> None:
    with pytest.raises(PositionInvalidError, match="重新获取"):
        Position(Decimal(latitude), Decimal(longitude), accuracy_m, Datum.WGS84)


# Pairs that mapping libraries test their conversions with.
@pytest.mark.parametrize(
    "wgs84, gcj02",
    [
        (("31.1774276", "121.5272106"), ("31.1753040", "121.5315419")),
        (("22.543847", "113.912316"), ("22.5407961", "113.9171765")),
        (("39.911954", "116.377817"), ("39.9133455", "116.3840472")),
    ],
)
def test_datums(wgs84: tuple[str, str], gcj02: tuple[str, str]) -> None:
    metre = Decimal("0.00001")
    gps = Position(Decimal(wgs84[0]), Decimal(wgs84[1]), 10, Datum.WGS84)
    on_map = in_datum(gps, Datum.GCJ02)
    assert abs(on_map.latitude - Decimal(gcj02[0])) < metre
    assert abs(on_map.longitude - Decimal(gcj02[1])) < metre
    assert (on_map.accuracy_m, on_map.datum) == (10, Datum.GCJ02)
    back = in_datum(on_map, Datum.WGS84)
    assert abs(back.latitude - gps.latitude) < metre
    assert abs(back.longitude - gps.longitude) < metre


def test_datums_are_equal_outside_china() -> None:
    there = Position(Decimal("48.8584"), Decimal("2.2945"), 10, Datum.WGS84)
    assert in_datum(there, Datum.GCJ02) == replace(there, datum=Datum.GCJ02)


def test_a_datum_mixed_up_would_put_a_member_outside() -> None:
    gps = position()
    mixed_up = replace(gps, datum=Datum.GCJ02)
    assert distance_m(PLACE, gps) == 0
    assert distance_m(PLACE, mixed_up) > 400
    assert inside(PLACE, in_datum(gps, Datum.GCJ02))


UNMAPPED = replace(PLACE, latitude=None, longitude=None)


@pytest.mark.parametrize(
    "place, code_kind, where, expected",
    [
        (PLACE, CodeKind.ROTATING, None, Presence.PROVEN_ROTATING),
        (PLACE, CodeKind.ROTATING, position(5000), Presence.PROVEN_ROTATING),
        (PLACE, CodeKind.PRINTED, position(50, 10), Presence.PROVEN_LOCATION),
        (PLACE, CodeKind.PRINTED, position(50, 100), Presence.PROVEN_LOCATION),
        (PLACE, CodeKind.PRINTED, position(5000, 10), Presence.OUTSIDE),
        (PLACE, CodeKind.PRINTED, position(50, 101), Presence.UNPROVEN),
        (PLACE, CodeKind.PRINTED, position(5000, 101), Presence.UNPROVEN),
        (PLACE, CodeKind.PRINTED, position(50, 0), Presence.UNPROVEN),
        (PLACE, CodeKind.PRINTED, None, Presence.UNPROVEN),
        (UNMAPPED, CodeKind.PRINTED, position(50, 10), Presence.UNPROVEN),
    ],
)
def test_presence(
    place: PlaceRecord, code_kind: CodeKind, where: Position | None, expected: Presence
) -> None:
    assert presence(place, code_kind, where) is expected


def test_coordinates_stay_out_of_repr() -> None:
    assert "30.27" not in repr(position())


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"name": "  "}, "name"),
        ({"name": "楼" * 101}, "name"),
        ({"name": "楼\x00"}, "name"),
        ({"address": ""}, "address"),
        ({"latitude": None}, "latitude"),
        ({"latitude": Decimal(91)}, "latitude"),
        ({"longitude": Decimal("-180.1")}, "longitude"),
        ({"radius_m": 0}, "radius_m"),
        ({"radius_m": 2001}, "radius_m"),
        ({"accepted": ()}, "accepted"),
        ({"accepted": (WasteClass.RESIDUAL, WasteClass.RESIDUAL)}, "accepted"),
        ({"hours": ALWAYS_OPEN * 5}, "hours"),
        ({"hours": ({"day": 1},)}, "hours.0"),
        ({"hours": ({"day": "1", "from": "08:00", "to": "09:00"},)}, "hours.0"),
        ({"hours": ({"day": True, "from": "08:00", "to": "09:00"},)}, "hours.0"),
        ({"hours": ({"day": 8, "from": "08:00", "to": "09:00"},)}, "hours.0.day"),
        ({"hours": ({"day": 1, "from": "24:00", "to": "09:00"},)}, "hours.0.from"),
        ({"hours": ({"day": 1, "from": "8:00", "to": "09:00"},)}, "hours.0.from"),
        ({"hours": (*ALWAYS_OPEN, {"day": 1, "from": "08:00", "to": "24:01"})}, "hours.7.to"),
        ({"hours": ({"day": 1, "from": "08:00", "to": 9},)}, "hours.0.to"),
    ],
)
def test_faults_name_their_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked(replace(PLACE, **changes))
    assert [error.field for error in caught.value.fields] == [field]


def test_texts_are_tidied_and_a_canteen_needs_no_waste_class() -> None:
    place = replace(PLACE, name=" 一\u3000楼 ", kind=PlaceKind.CANTEEN, accepted=())
    assert checked(place).name == "一 楼"
