"""The forms of districts, systems, institutions and departments.

`seen` is the fingerprint of what the form was filled in from.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields

from admin.forms.lists import Day
from admin.forms.places import Chosen
from backend.organisations.models import InstitutionKind
from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema


class TakeMode(StrEnum):
    """Whether a file with refused rows is taken in at all."""

    ALL = "all"
    GOOD = "good"


_AREA = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?", re.ASCII)


class Area(fields.Field[Decimal]):
    """A floor area in m², at most two decimals; commas between thousands are forgiven."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> Decimal:
        del attr, data
        plain = str(value).strip().replace(",", "")
        if not _AREA.fullmatch(plain):
            raise ValidationError("format|请填写平方米数，最多两位小数，例如 12000.50。")
        return Decimal(plain)


class Renaming(StrictSchema):
    """Another name for a district or a system."""

    name = StrictString(max_length=100, required=True)
    seen = StrictString(max_length=64, required=True)


class InstitutionRenaming(Renaming):
    """Another name for an institution; without a short name, boards show the full one."""

    short_name = StrictString(max_length=100, load_default="")


class Moving(StrictSchema):
    """Where a department is to stand; without a parent, at the top."""

    parent_id = StrictInteger(minimum=1, load_default=None)
    seen = StrictString(max_length=64, required=True)


class Coded(StrictSchema):
    """A new district or system."""

    code = StrictString(max_length=100, required=True)
    name = StrictString(max_length=100, required=True)


class NewInstitution(StrictSchema):
    """A new institution; `same_name` says that another of this name is another institution."""

    credit_code = StrictString(max_length=40, required=True)
    name = StrictString(max_length=100, required=True)
    short_name = StrictString(max_length=100, load_default="")
    district_id = StrictInteger(minimum=1, required=True)
    system_id = StrictInteger(minimum=1, required=True)
    kind = Chosen(InstitutionKind, required=True)
    opened_on = Day(required=True)
    same_name = StrictInteger(minimum=0, maximum=1, load_default=0)


class Taking(StrictSchema):
    """How an uploaded file is to be taken in: as a whole, or its good rows."""

    mode = Chosen(TakeMode, required=True)


class Closing(StrictSchema):
    """The first day on which an institution or a department no longer exists."""

    closed_on = Day(required=True)


class YearlyFigures(StrictSchema):
    """用能人数 and 建筑面积 of a calendar year."""

    year = StrictInteger(minimum=2000, maximum=2100, required=True)
    headcount = StrictInteger(minimum=0, maximum=99_999_999, required=True)
    floor_area_m2 = Area(required=True)


class NewDepartment(StrictSchema):
    """A new department; without a parent, at the top."""

    name = StrictString(max_length=100, required=True)
    parent_id = StrictInteger(minimum=1, load_default=None)


class DepartmentRenaming(StrictSchema):
    """Another name for a department."""

    name = StrictString(max_length=100, required=True)


class Inviting(StrictSchema):
    """Invitation codes: how many, for how many people each, and for how long."""

    department_id = StrictInteger(minimum=1, load_default=None)
    codes = StrictInteger(minimum=1, maximum=200, required=True)
    uses = StrictInteger(minimum=1, maximum=100_000, required=True)
    days = StrictInteger(minimum=1, maximum=366, required=True)
