"""The forms of districts, systems, institutions and departments.

`seen` is the fingerprint of what the form was filled in from.
"""

from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema


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
