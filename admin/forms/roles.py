"""The forms of roles, invitations to the console, and of signing in."""

from admin.forms.lists import Day
from admin.forms.places import Chosen
from backend.people.models import Role
from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema


class RoleChoice(StrictSchema):
    """Which role is to be given, and in which institution its department is looked for."""

    role = Chosen(Role, load_default=None)
    institution = StrictInteger(minimum=1, load_default=None)


class RoleGiving(StrictSchema):
    """What a role is held over (`district:1`), from when until its last day, and why."""

    over = StrictString(max_length=40, load_default="")
    since = Day(required=True)
    last_day = Day(load_default=None)
    reason = StrictString(max_length=200, required=True)


class ConsoleInviting(RoleGiving):
    """The same, for somebody who has no account yet."""

    name = StrictString(max_length=100, required=True)


class Reasoned(StrictSchema):
    """A step that asks for its reason."""

    reason = StrictString(max_length=200, required=True)


class ConsentDecision(StrictSchema):
    """Whether a second administrator consents."""

    agreed = StrictInteger(minimum=0, maximum=1, required=True)


class RolesFilter(StrictSchema):
    """Which roles the overview shows."""

    q = StrictString(max_length=50, load_default="")
    role = Chosen(Role, load_default=None)
    institution = StrictInteger(minimum=1, load_default=None)
    before = StrictInteger(minimum=1, load_default=None)
    done = StrictString(max_length=20, load_default="")


class SigningIn(StrictSchema):
    """A login name and its password; `next` and `draft` bring back to where the session ended."""

    login_name = StrictString(max_length=100, required=True)
    password = StrictString(max_length=200, required=True)
    next = StrictString(max_length=300, load_default="")
    draft = StrictString(max_length=200_000, load_default="")


class NewPassword(StrictSchema):
    """Another password, twice."""

    password = StrictString(max_length=200, required=True)
    again = StrictString(max_length=200, required=True)


class SigningUp(NewPassword):
    """A login name and a password, for who has none yet."""

    login_name = StrictString(max_length=100, required=True)
