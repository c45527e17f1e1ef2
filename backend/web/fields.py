"""Fields that accept one spelling of a value: what a client may send, exactly.

The stock fields turn `3.7` into 3, `"١٢"` into 12, `"yes"` into true and take a time without a
zone. These refuse, with a Chinese sentence and a code.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate
from werkzeug.routing import IntegerConverter
from werkzeug.routing import ValidationError as NoMatch

from backend.clock import business_day
from backend.text.cleaning import UNSEEN, cleaned

BIGINT_MAX = 2**63 - 1
_INTEGER_TEXT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_DECIMAL_TEXT = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?", re.ASCII)
_INSTANT_TEXT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_REFERENCE_TEXT = re.compile(r"[A-Za-z0-9_-]{8,64}")
_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
# Unicode's control characters (Cc) and the halves of surrogate pairs (Cs); with line breaks and
# tabs among them, and without.
_FORBIDDEN = re.compile(rf"[{_CONTROLS}\ud800-\udfff]")
_FORBIDDEN_IN_LINES = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff]")
_YEARS = range(2020, 2101)


def _refuse(code: str, sentence: str) -> ValidationError:
    return ValidationError(f"{code}|{sentence}")


class StrictInteger(fields.Integer):
    """A JSON integer, or ASCII digits in a query string; never a fraction, a blank or a sign `+`.

    Args:
        minimum: smallest value accepted.
        maximum: largest value accepted; a bigint column by default.
    """

    def __init__(self, *, minimum: int = 0, maximum: int = BIGINT_MAX, **kwargs: Any) -> None:
        super().__init__(
            strict=True,
            validate=validate.Range(
                min=minimum, max=maximum, error=f"range|应在 {minimum} 与 {maximum} 之间。"
            ),
            **kwargs,
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> int:
        del attr, data
        finite = isinstance(value, Decimal) and value.is_finite()
        whole = finite and value == value.to_integral_value()
        if isinstance(value, bool) or not (isinstance(value, int) or whole):
            raise _refuse("type", "这一项应为整数。")
        return int(value)  # 3.0 is an integer to JSON Schema, and to JavaScript

    @staticmethod
    def of_text(text: str) -> int | str:
        """The integer that a query parameter spells, or the text itself if it spells none."""
        return int(text) if _INTEGER_TEXT.fullmatch(text) else text


class StrictBoolean(fields.Boolean):
    """A JSON `true` or `false`, and those two words in a query string."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> bool:
        del attr, data
        if not isinstance(value, bool):
            raise _refuse("type", "这一项应为 true 或 false。")
        return value

    @staticmethod
    def of_text(text: str) -> bool | str:
        """The truth value that a query parameter spells, or the text itself if it spells none."""
        return {"true": True, "false": False}.get(text, text)


class StrictString(fields.String):
    """Text in Unicode's normal form C, trimmed, without control and unseen characters.

    Args:
        max_length: characters accepted at most, after trimming.
        min_length: characters wanted at least, after trimming.
        multiline: line breaks and tabs are welcome.
    """

    def __init__(
        self, *, max_length: int, min_length: int = 1, multiline: bool = False, **kwargs: Any
    ) -> None:
        metadata = kwargs.pop("metadata", {})
        if not multiline:
            filled = rf"[^\s{_CONTROLS}{UNSEEN}][^{_CONTROLS}]*" if min_length else ""
            metadata = {"pattern": f"^[^{_CONTROLS}]*{filled}$", **metadata}
        super().__init__(
            metadata=metadata,
            validate=validate.Length(
                min=min_length,
                max=max_length,
                error=f"length|长度应在 {min_length} 与 {max_length} 个字之间。",
            ),
            **kwargs,
        )
        self.multiline = multiline

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> str:
        del attr, data
        if not isinstance(value, str):
            raise _refuse("type", "这一项应为文字。")
        text = cleaned(value.replace("\r\n", "\n"))
        if (_FORBIDDEN_IN_LINES if self.multiline else _FORBIDDEN).search(text):
            raise _refuse("control_character", "文字中含有控制字符，请删除后再提交。")
        return text

    def _validate(self, value: Any) -> None:
        # The stock method builds a composite validator at every call, for the one there is.
        for validator in self.validators:
            validator(value)


class DecimalString(fields.Decimal):
    """A decimal number as a JSON string such as `"1.25"`: no exponent, no sign `+`, no blanks.

    Args:
        max_digits: digits of the column, before and after the point together, as NUMERIC counts.
        scale: digits accepted at most after the point; `max_digits - scale` before it.
        minimum: smallest value accepted.
        maximum: largest value accepted; by default what the digits allow.
    """

    def __init__(
        self,
        *,
        max_digits: int = 15,
        scale: int = 6,
        minimum: Decimal = Decimal(0),
        maximum: Decimal | None = None,
        **kwargs: Any,
    ) -> None:
        sign = "-?" if minimum < 0 else ""
        pattern = rf"^{sign}(0|[1-9][0-9]{{0,{max_digits - scale - 1}}})(\.[0-9]{{1,{scale}}})?$"
        super().__init__(
            allow_nan=False,
            as_string=True,
            metadata={"pattern": pattern, **kwargs.pop("metadata", {})},
            **kwargs,
        )
        self.whole_digits, self.scale = max_digits - scale, scale
        self.minimum = minimum
        self.maximum = maximum

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> Decimal:
        del attr, data
        if not isinstance(value, str) or not _DECIMAL_TEXT.fullmatch(value):
            raise _refuse("type", '这一项应为用引号括起的十进制数，例如 "1.25"。')
        whole, _point, fraction = value.removeprefix("-").partition(".")
        if len(fraction) > self.scale:
            raise _refuse("scale", f"小数点后最多 {self.scale} 位。")
        if len(whole) > self.whole_digits:
            raise _refuse("digits", f"整数部分最多 {self.whole_digits} 位。")
        number = Decimal(value)
        if number < self.minimum or (number.is_signed() and self.minimum >= 0):
            raise _refuse("range", f"不能小于 {self.minimum}。")
        if self.maximum is not None and number > self.maximum:
            raise _refuse("range", f"不能大于 {self.maximum}。")
        return number


class AwareDateTime(fields.AwareDateTime):
    """An RFC 3339 instant with its offset, between 2020 and 2100; becomes UTC.

    Clocks count to the nanosecond; what is beyond the microsecond is cut off.
    """

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"pattern": "^(20[2-9][0-9]|2100)-", **kwargs.pop("metadata", {})}
        super().__init__(format="iso", default_timezone=None, metadata=metadata, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> datetime:
        del attr, data
        if not isinstance(value, str) or not _INSTANT_TEXT.fullmatch(value):
            raise _refuse("format", "时间应带时区，例如 2026-11-18T08:00:00+08:00。")
        try:
            instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
            year = business_day(instant).year
        except (ValueError, OverflowError) as error:
            raise _refuse("format", "没有这个时间，请检查日期和钟点。") from error
        if year not in _YEARS:
            raise _refuse("range", f"年份应在 {_YEARS[0]} 与 {_YEARS[-1]} 之间。")
        return instant


class Reference(fields.String):
    """A client's own name for one event: 8 to 64 of `A-Z a-z 0-9 _ -`, made where it happened."""

    def __init__(self, **kwargs: Any) -> None:
        pattern = f"^{_REFERENCE_TEXT.pattern}$"
        super().__init__(metadata={"pattern": pattern, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> str:
        del attr, data
        if not isinstance(value, str):
            raise _refuse("type", "这一项应为文字。")
        if not _REFERENCE_TEXT.fullmatch(value):
            raise _refuse("format", "应为 8 至 64 个字母、数字、下划线或连字符。")
        return value


class BigintConverter(IntegerConverter):
    """The id in a path: a positive bigint in plain digits; anything else is no such page."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """The id; no match, hence 404, beyond what a bigint column can hold."""
        number = int(value)
        if number > BIGINT_MAX:
            raise NoMatch
        return number
