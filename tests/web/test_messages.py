"""Whatever marshmallow can say has a code and a Chinese sentence here."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import Schema, ValidationError, fields, validate

from backend.web.messages import field_errors, translated

CHINESE = re.compile(r"[\u4e00-\u9fff]")
FILLED = {
    "input": "x",
    "choices": "a, b",
    "obj_type": "datetime",
    "awareness": "aware",
    "min": 1,
    "max": 5,
    "equal": 3,
    "other": "z",
    "values": "a",
    "values_text": "a",
    "choices_text": "a, b",
}


def _library_sentences() -> Iterator[str]:
    for _name, field in inspect.getmembers(fields, inspect.isclass):
        for sentence in getattr(field, "default_error_messages", {}).values():
            yield str(sentence).format(**FILLED)
    yield "Unknown field."
    yield "Invalid input type."
    yield "Invalid value."


@pytest.mark.parametrize("sentence", sorted(set(_library_sentences())))
def test_every_sentence_of_a_field_is_translated(sentence: str) -> None:
    code, chinese = translated(sentence)
    assert code != sentence
    assert CHINESE.search(chinese)


@pytest.mark.parametrize(
    "validator, bad, code",
    [
        (validate.Range(min=1), 0, "range"),
        (validate.Range(max=1), 2, "range"),
        (validate.Range(min=1, max=2), 3, "range"),
        (validate.Range(min=1, min_inclusive=False), 1, "range"),
        (validate.Range(max=1, max_inclusive=False), 1, "range"),
        (validate.Range(min=1, max=2, min_inclusive=False, max_inclusive=False), 2, "range"),
        (validate.Length(min=2), "a", "length"),
        (validate.Length(max=2), "abc", "length"),
        (validate.Length(min=2, max=3), "a", "length"),
        (validate.Length(equal=2), "a", "length"),
        (validate.OneOf(["a", "b"]), "c", "choice"),
        (validate.NoneOf(["a"]), "a", "invalid"),
        (validate.ContainsOnly(["a"]), ["b"], "choice"),
        (validate.ContainsNoneOf(["a"]), ["a"], "choice"),
        (validate.Equal("a"), "b", "choice"),
        (validate.Regexp("a"), "b", "format"),
        (validate.URL(), "b", "format"),
        (validate.Email(), "b", "format"),
        (validate.Predicate("isalpha"), "1", "invalid"),
    ],
)
def test_every_validator_is_translated(validator: Any, bad: object, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validator(bad)
    (error,) = field_errors(caught.value.messages)
    assert error.code == code
    assert CHINESE.search(error.message)
    assert not re.search(r"[A-Za-z]{4}", error.message)


def test_numbers_of_the_library_stay_in_the_sentence() -> None:
    assert translated("Must be greater than or equal to 1 and less than or equal to 5.") == (
        "range",
        "应在 1 与 5 之间。",
    )
    assert translated("Longer than maximum length 20.") == ("length", "太长，最多 20 个。")


def test_our_own_sentences_pass() -> None:
    assert translated("scale|小数点后最多 2 位。") == ("scale", "小数点后最多 2 位。")
    assert translated("请检查。") == ("invalid", "请检查。")


def test_paths_of_nested_lists_and_whole_objects() -> None:
    class Inner(Schema):
        mass = fields.Integer(required=True)

    class Outer(Schema):
        items = fields.List(fields.Nested(Inner))

    with pytest.raises(ValidationError) as caught:
        Outer().load({"items": [{"mass": 1}, {}, 5], "other": 1})
    found = {(error.field, error.code) for error in field_errors(caught.value.messages)}
    assert found == {("items.1.mass", "required"), ("items.2", "type"), ("other", "unknown")}
