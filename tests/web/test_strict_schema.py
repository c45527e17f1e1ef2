"""The quick load of a body gives what marshmallow's own gives: values, defaults and mistakes."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from hypothesis import given
from hypothesis import strategies as st

from backend.web.fields import AwareDateTime, Reference, StrictInteger, StrictString
from backend.web.schemas import StrictSchema


class Inner(StrictSchema):
    """A nested body."""

    code = StrictString(load_default=None, allow_none=True, max_length=5)
    count = StrictInteger(minimum=1, maximum=3)


class Outer(StrictSchema):
    """A body with everything a request may have."""

    reference = Reference(required=True)
    at = AwareDateTime(data_key="occurred_at")
    inner = ma.fields.Nested(Inner, required=True)
    others = ma.fields.List(ma.fields.Nested(Inner), load_default=list)
    facts = ma.fields.Dict(keys=StrictString(max_length=3), values=StrictString(max_length=4))


class Renamed(StrictSchema):
    """A body that is not plain: its hook must run."""

    name = StrictString(required=True, max_length=5)

    @ma.post_load
    def shout(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Marks what it saw."""
        return {name: value.upper() for name, value in data.items()}


TEXTS = st.sampled_from(["", "a", " ab ", "abcdef", "\x00", "12345678", "2026-11-18T08:00:00Z"])
VALUES: st.SearchStrategy[object] = st.one_of(
    TEXTS, st.none(), st.integers(-1, 4), st.booleans(), st.just([])
)
INNER = st.dictionaries(st.sampled_from(["code", "count", "x"]), VALUES, max_size=3)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "reference": VALUES,
        "occurred_at": VALUES,
        "at": VALUES,
        "inner": INNER | VALUES,
        "others": st.lists(INNER, max_size=2) | VALUES,
        "facts": st.dictionaries(TEXTS, VALUES, max_size=2) | VALUES,
    },
)


def outcome(schema: ma.Schema, load: Any, body: object) -> tuple[Any, Any]:
    try:
        return load(schema, body), None
    except ma.ValidationError as error:
        return None, error.messages


@given(BODIES | VALUES)
def test_any_body_loads_as_marshmallow_loads_it(body: object) -> None:
    schema = Outer()
    assert outcome(schema, StrictSchema.load, body) == outcome(schema, ma.Schema.load, body)


@given(INNER)
def test_a_good_body_is_loaded_in_one_pass(inner: Mapping[str, object]) -> None:
    schema = Outer()
    body = {"reference": "12345678", "inner": inner}
    loaded, wrong = outcome(schema, ma.Schema.load, body)
    if wrong is None:
        assert schema.load(body) == loaded
        assert loaded["others"] == []


def test_hooks_run() -> None:
    assert Renamed().load({"name": "ab"}) == {"name": "AB"}


def test_many_and_partial_are_marshmallows() -> None:
    assert Inner(many=True).load([{"count": 1}]) == [{"count": 1, "code": None}]
    assert Outer(partial=True).load({}) == {}
    assert Outer().load({}, partial=True) == {}
    assert Inner().load({"x": 1}, unknown=ma.EXCLUDE) == {"code": None}
