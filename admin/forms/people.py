"""The forms and filters of accounts."""

from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema


class MembersFilter(StrictSchema):
    """Which members the list shows."""

    q = StrictString(max_length=50, load_default="")
    institution = StrictInteger(minimum=1, load_default=None)
    after = StrictInteger(load_default=0)


class PeopleNotice(StrictSchema):
    """What was just done, told once after the redirect."""

    done = StrictString(max_length=20, load_default="")


class Confirmed(StrictSchema):
    """A step that asks for nothing but the button."""
