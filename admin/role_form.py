"""The form that gives a role: first which, then over what, from when, and why. No script needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from admin.forms.reading import filters
from admin.forms.roles import RoleChoice
from backend.clock import business_day
from backend.organisations.queries import Scope, departments_under, districts, institutions
from backend.people.access import institution_in_scope
from backend.people.administration import MANAGERS, givable_roles, giving_scope
from backend.people.labels import ROLES
from backend.people.models import Role
from backend.people.queries import Grant
from backend.people.roles import SCOPES, RoleTerm
from backend.web.access import actor
from backend.web.context import now
from backend.web.transaction import connection

BLANK = {"over": "", "since": "", "last_day": "", "reason": "", "name": ""}
LABELS = {
    "role": "角色",
    "over": "范围",
    "since": "起始日期",
    "last_day": "最后一天",
    "reason": "原因",
    "name": "姓名",
}


@dataclass(frozen=True, slots=True)
class RoleForm:
    """What the caller may choose from.

    Attributes:
        roles: the roles they may give, value and name.
        role: the one that is being given, once it was chosen.
        institutions: where a department is looked for, if the role is held over one.
        institution: the one that was chosen.
        overs: what the role can be held over, value and name; empty for the whole city.
    """

    roles: Sequence[tuple[str, str]]
    role: Role | None
    institutions: Sequence[tuple[int, str]]
    institution: int | None
    overs: Sequence[tuple[str, str]]

    @property
    def ready(self) -> bool:
        """Whether all that comes before the form proper was chosen."""
        return self.role is not None and (bool(self.overs) or not SCOPES[self.role])

    def grant(self, over: str) -> Grant | None:
        """The role over what was chosen; None where it is none of `overs`."""
        if self.role is None:
            return None
        if not SCOPES[self.role]:
            return Grant(self.role)
        if over not in dict(self.overs):
            return None
        kind, _, number = over.partition(":")
        return Grant(self.role, **{f"{kind}_id": int(number)})


def role_form() -> RoleForm:
    """The form as far as the address says what was chosen.

    Raises:
        NotFoundError: the institution lies outside of what the caller reaches.
    """
    chosen = filters(RoleChoice)
    givable = givable_roles(actor())
    role = chosen["role"] if chosen["role"] in givable else None
    within = Scope() if role is None else giving_scope(actor(), role)
    on_departments = role is Role.DEPARTMENT_MANAGER
    return RoleForm(
        roles=[(each.value, ROLES[each]) for each in givable],
        role=role,
        institutions=_institutions(within) if on_departments else (),
        institution=chosen["institution"] if on_departments else None,
        overs=() if role is None else _overs(role, within, chosen["institution"]),
    )


def term_of(values: dict[str, Any]) -> RoleTerm:
    """The term as people write it, with its last day, as the first day without the role."""
    last = values["last_day"]
    until = None if last is None else last + timedelta(days=1)
    return RoleTerm(values["since"], until, values["reason"])


def _overs(role: Role, within: Scope, institution_id: int | None) -> list[tuple[str, str]]:
    kinds = SCOPES[role]
    if "department_id" in kinds:
        return _departments(institution_id)
    found: list[tuple[str, str]] = []
    if "district_id" in kinds:
        found += [
            (f"district:{each.id}", each.name)
            for each in districts(connection())
            if within.everything or each.id in within.district_ids
        ]
    if "institution_id" in kinds:
        found += [(f"institution:{number}", name) for number, name in _institutions(within)]
    return found


def _institutions(within: Scope) -> list[tuple[int, str]]:
    found = institutions(connection(), scope=within, on=business_day(now()))
    return [(each.id, each.name) for each in found]


def _departments(institution_id: int | None) -> list[tuple[str, str]]:
    if institution_id is None:
        return []
    db = connection()
    institution_in_scope(db, actor(), institution_id, roles=MANAGERS)
    found = departments_under(db, institution_id=institution_id, on=business_day(now()))
    return [(f"department:{each.id}", each.path) for each in found]
