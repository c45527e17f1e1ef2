"""What fields make of values they accept; what they refuse is in test_hostile_input."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from backend.web.fields import AwareDateTime, DecimalString, StrictInteger, StrictString


class Sample(Schema):
    line = StrictString(max_length=10)
    blank = StrictString(max_length=10, min_length=0)
    text = StrictString(max_length=20, multiline=True)
    mass = DecimalString(max_digits=6, scale=3, maximum=Decimal(500))
    change = DecimalString(max_digits=4, scale=2, minimum=Decimal(-10))
    at = AwareDateTime()
    count = StrictInteger(minimum=-5, maximum=5)


AT = datetime(2026, 11, 18, tzinfo=UTC)
FRACTIONS = {
    digits: timedelta(microseconds=int("123456789"[:digits].ljust(6, "0")[:6]))
    for digits in range(1, 10)
}


@pytest.mark.parametrize(
    "field, given, read",
    [
        ("line", "  水  ", "水"),
        ("line", "e\u0301", "é"),
        ("line", "👩‍👩‍👧", "👩‍👩‍👧"),
        ("line", "\u202a\ufeff水\u200b\u202c", "水"),
        ("blank", " \u200b ", ""),
        ("text", " a\r\nb\tc ", "a\nb\tc"),
        ("mass", "0.125", Decimal("0.125")),
        ("mass", "500", Decimal(500)),
        ("change", "-9.99", Decimal("-9.99")),
        ("at", "2026-11-18T08:00:00+08:00", datetime(2026, 11, 18, tzinfo=UTC)),
        ("at", "2026-11-18t00:00:00.5z", datetime(2026, 11, 18, 0, 0, 0, 500_000, tzinfo=UTC)),
        *[
            ("at", f"2026-11-18T00:00:00.{'123456789'[:digits]}Z", AT + FRACTIONS[digits])
            for digits in range(1, 10)
        ],
        ("count", -5, -5),
    ],
)
def test_a_value_is_read_exactly(field: str, given: object, read: object) -> None:
    found = Sample().load({field: given})[field]
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    "field, given",
    [("text", "a\u0000b"), ("text", "a\u001bb"), ("mass", "500.001"), ("change", "-10.01")],
)
def test_a_value_beyond_its_bounds_is_refused(field: str, given: object) -> None:
    with pytest.raises(ValidationError):
        Sample().load({field: given})


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(Sample().fields)), _ANYTHING)
def test_anything_is_read_or_refused(field: str, value: Any) -> None:
    try:
        Sample().load({field: value})
    except ValidationError as refused:
        assert refused.messages  # noqa: PT017 - either outcome is fine, a crash is not
