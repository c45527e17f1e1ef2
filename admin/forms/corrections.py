"""The form of a correction run."""

from admin.forms.lists import Day
from backend.web.fields import StrictString
from backend.web.schemas import StrictSchema


class NewCorrection(StrictSchema):
    """Which methodology over which days, both included, and why."""

    methodology_id = StrictString(max_length=64, required=True)
    first_day = Day(required=True)
    last_day = Day(required=True)
    reason = StrictString(max_length=200, required=True)


class CorrectionNotice(StrictSchema):
    """What was just done, told once after the redirect."""

    done = StrictString(max_length=20, load_default="")
