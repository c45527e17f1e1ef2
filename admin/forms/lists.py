"""The filters of the console's lists."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields

from admin.forms.places import Chosen
from backend.rankings.policy import Board, BoardMeasure
from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema

_DAY = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Day(fields.Field[date]):
    """A day as a date field sends it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> date:
        del attr, data
        try:
            if _DAY.fullmatch(str(value)):
                return date.fromisoformat(str(value))
        except ValueError:
            pass
        raise ValidationError("format|日期格式应为 2026-11-18。")


class DropOffsFilter(StrictSchema):
    """Which drop-offs the list shows; `live=0` keeps it still."""

    place = StrictInteger(minimum=1, load_default=None)
    on = Day(load_default=None)
    before = StrictInteger(minimum=1, load_default=None)
    live = StrictInteger(minimum=0, maximum=1, load_default=1)


class NewestFilter(StrictSchema):
    """Which drop-offs are new to the list that asks."""

    place = StrictInteger(minimum=1, load_default=None)
    on = Day(load_default=None)
    after = StrictInteger(required=True)


class RankingFilter(StrictSchema):
    """Which board is shown; `seen` is the digest of what the page shows already."""

    board = Chosen(Board, load_default=Board.DEPARTMENTS)
    measure = Chosen(BoardMeasure, load_default=BoardMeasure.INDEX)
    season = StrictString(max_length=7, load_default="")
    q = StrictString(max_length=50, load_default="")
    page = StrictInteger(minimum=1, maximum=10_000, load_default=1)
    live = StrictInteger(minimum=0, maximum=1, load_default=1)
    seen = StrictString(max_length=64, load_default="")


class LineFilter(StrictSchema):
    """Which line of a board is explained."""

    board = Chosen(Board, load_default=Board.DEPARTMENTS)
    subject = StrictInteger(minimum=1, required=True)
    season = StrictString(max_length=7, load_default="")


class InstitutionsFilter(StrictSchema):
    """Which institutions the list shows."""

    q = StrictString(max_length=50, load_default="")
    district = StrictInteger(minimum=1, load_default=None)
    system = StrictInteger(minimum=1, load_default=None)
    page = StrictInteger(minimum=1, maximum=10_000, load_default=1)


class AuditFilter(StrictSchema):
    """Which audit events the list shows."""

    subject = StrictString(max_length=40, load_default="")
    object_type = StrictString(max_length=40, load_default=None)
    object_id = StrictInteger(minimum=1, load_default=None)
    actor = StrictInteger(minimum=1, load_default=None)
    cursor = StrictString(max_length=40, load_default=None)


class LoginNotice(StrictSchema):
    """Why the login page is shown, and where it leads on to."""

    expired = StrictInteger(minimum=0, maximum=1, load_default=0)
    left = StrictInteger(minimum=0, maximum=1, load_default=0)
    next = StrictString(max_length=300, load_default="")
