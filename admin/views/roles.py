"""Roles: who holds which over what, given, taken, and invitations to the console."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import CITY, MEMBER_MANAGERS, scope
from admin.forms.reading import Submission, by_field, filters, submitted, typed
from admin.forms.roles import ConsentDecision, ConsoleInviting, Reasoned, RoleGiving, RolesFilter
from admin.role_form import BLANK, LABELS, RoleForm, role_form, term_of
from backend.clock import business_day
from backend.errors import InvalidInputError
from backend.organisations.queries import institutions
from backend.people.access import institution_in_scope
from backend.people.administration import (
    RoleHeldError,
    give_role,
    invitation_within_reach,
    invite_to_console,
    managed_member,
    may_take,
    role_within_reach,
    take_role,
    withdraw_from_console,
)
from backend.people.console_invitations import Invited, pending_invitations
from backend.people.labels import ROLES
from backend.people.models import Role
from backend.people.queries import Grant, MemberView
from backend.people.role_queries import standing_roles
from backend.people.second_consents import decide, open_consent, open_consents
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
from backend.web.submissions import creates
from backend.web.transaction import connection

pages = Blueprint("roles", __name__)

PAGE = 50


@pages.get("/roles")
@console_roles(*MEMBER_MANAGERS)
def listing() -> str:
    """The roles over what the caller reaches, invitations that wait, acts that need a second."""
    db, chosen, within = connection(), filters(RolesFilter), scope(MEMBER_MANAGERS)
    today = business_day(now())
    if chosen["institution"]:
        institution_in_scope(db, actor(), chosen["institution"], roles=MEMBER_MANAGERS)
    found = standing_roles(
        db,
        scope=within,
        on=today,
        role=chosen["role"],
        institution_id=chosen["institution"],
        search=chosen["q"],
        before=chosen["before"],
        limit=PAGE + 1,
    )
    shown = found[:PAGE]
    return render_template(
        "roles/list.html",
        roles=[(each, _may_take(each.member_id, each.grant)) for each in shown],
        before=shown[-1].id if len(found) > PAGE else None,
        invitations=[
            (each, may_take(db, actor(), each.grant))
            for each in pending_invitations(db, scope=within, now=now())
        ],
        consents=open_consents(db) if actor().has_role(*CITY) else [],
        chosen=chosen,
        today=today,
        institutions=institutions(db, scope=within, on=today),
    )


def _may_take(member_id: int, grant: Grant) -> bool:
    return member_id != actor().member_id and may_take(connection(), actor(), grant)


@pages.get("/members/<int:member_id>/roles/new")
@console_roles(*MEMBER_MANAGERS)
def choose(member_id: int) -> str:
    """The form that gives a member a role."""
    member = managed_member(connection(), actor(), member_id, now=now())
    return _form(role_form(), {**BLANK, "since": f"{business_day(now())}"}, {}, member)


@pages.post("/members/<int:member_id>/roles/new")
@console_roles(*MEMBER_MANAGERS)
def give(member_id: int) -> ResponseReturnValue:
    """Gives the role, or shows the form again with what is wrong."""
    member = managed_member(connection(), actor(), member_id, now=now())
    form, sent = role_form(), submitted(RoleGiving)
    errors: Mapping[str, str] = sent.errors
    if not errors:
        errors = _tried(form, sent, lambda grant: _give(member_id, grant, sent.values))
    if errors:
        return _form(form, typed(BLANK), errors, member), 422
    return redirect(url_for("members.detail", member_id=member_id, done="given"), 303)


def _give(member_id: int, grant: Grant, values: Mapping[str, Any]) -> None:
    term = term_of(dict(values))
    give_role(connection(), actor(), member_id, grant=grant, term=term, now=now())


@pages.get("/roles/<int:grant_id>/take")
@console_roles(*MEMBER_MANAGERS)
def confirm_taking(grant_id: int) -> str:
    """Says what taking a role away does, and asks why."""
    return _taking(grant_id, {})


@pages.post("/roles/<int:grant_id>/take")
@console_roles(*MEMBER_MANAGERS)
def take(grant_id: int) -> ResponseReturnValue:
    """Takes the role away; a city administrator's once a second administrator agrees."""
    role_within_reach(connection(), actor(), grant_id)
    sent = submitted(Reasoned)
    if sent.errors:
        return _taking(grant_id, sent.errors), 422
    taken = take_role(connection(), actor(), grant_id, reason=sent.values["reason"], now=now())
    return redirect(url_for("roles.listing", done="taken" if taken else "asked"), 303)


@pages.get("/roles/invitations/new")
@console_roles(*MEMBER_MANAGERS)
def choose_invitation() -> str:
    """The form that invites a colleague to the console."""
    return _form(role_form(), {**BLANK, "since": f"{business_day(now())}"}, {}, None)


@pages.post("/roles/invitations/new")
@console_roles(*MEMBER_MANAGERS)
@creates
def invite() -> ResponseReturnValue:
    """Makes the invitation and shows its link, once."""
    form, sent = role_form(), submitted(ConsoleInviting)
    errors: Mapping[str, str] = sent.errors
    codes: list[str] = []

    def invited(grant: Grant) -> None:
        whom = Invited(sent.values["name"], grant, term_of(dict(sent.values)))
        codes.append(invite_to_console(connection(), actor(), whom, now=now()))

    if not errors:
        errors = _tried(form, sent, invited)
    if errors:
        return _form(form, typed(BLANK), errors, None), 422
    address = backend().settings.console_url + url_for("login.welcome", code=codes[0])
    return render_template("roles/invited.html", name=sent.values["name"], address=address)


@pages.get("/roles/invitations/<int:pending_id>/withdraw")
@console_roles(*MEMBER_MANAGERS)
def confirm_withdrawal(pending_id: int) -> str:
    """Says what withdrawing an invitation does, and asks for it."""
    found = invitation_within_reach(connection(), actor(), pending_id, now=now())
    return render_template(
        "confirm.html",
        title=f"撤回给{found.name}的邀请",
        crumbs=[("角色授权", url_for("roles.listing"))],
        warning="撤回后，邀请链接立即失效，对方不能再用它进入后台。",
        button="撤回邀请",
        idle="",
        back=url_for("roles.listing"),
    )


@pages.post("/roles/invitations/<int:pending_id>/withdraw")
@console_roles(*MEMBER_MANAGERS)
def withdraw(pending_id: int) -> ResponseReturnValue:
    """Ends the invitation."""
    withdraw_from_console(connection(), actor(), pending_id, now=now())
    return redirect(url_for("roles.listing", done="withdrawn"), 303)


@pages.get("/consents/<int:consent_id>")
@console_roles(*CITY)
def consent(consent_id: int) -> str:
    """An act against an administrator that waits for a second one."""
    found = open_consent(connection(), consent_id=consent_id)
    return render_template("roles/consent.html", found=found, errors={})


@pages.post("/consents/<int:consent_id>")
@console_roles(*CITY)
def decide_consent(consent_id: int) -> ResponseReturnValue:
    """Does the act, or declines it."""
    db = connection()
    found, sent = open_consent(db, consent_id=consent_id), submitted(ConsentDecision)
    if sent.errors:
        return render_template("roles/consent.html", found=found, errors=sent.errors), 422
    agreed = bool(sent.values["agreed"])
    decide(db, consent_id=consent_id, agreed=agreed, actor_id=actor().member_id, now=now())
    return redirect(url_for("roles.listing", done="agreed" if agreed else "declined"), 303)


def _tried(form: RoleForm, sent: Submission, act: Callable[[Grant], None]) -> dict[str, str]:
    """What is wrong with a role that was to be given; nothing when it was."""
    grant = form.grant(sent.values["over"])
    if grant is None:
        return {"over": "请先选择角色和范围。"}
    try:
        act(grant)
    except (InvalidInputError, RoleHeldError) as error:
        return by_field(error.fields) or {"over": error.message}
    return {}


def _form(
    form: RoleForm, values: Mapping[str, str], errors: Mapping[str, str], to: MemberView | None
) -> str:
    if to is None:
        here, back = url_for("roles.choose_invitation"), url_for("roles.listing")
    else:
        here = url_for("roles.choose", member_id=to.id)
        back = url_for("members.detail", member_id=to.id)
    return render_template(
        "roles/form.html",
        form=form,
        values=values,
        errors=errors,
        names=LABELS,
        member=to,
        here=here,
        back=back,
    )


def _taking(grant_id: int, errors: Mapping[str, str]) -> str:
    given = role_within_reach(connection(), actor(), grant_id)
    role = ROLES[given.grant.role]
    second = given.grant.role is Role.CITY_ADMIN
    warning = (
        f"收回“{role}”需要另一名市级管理员同意；同意之前，{given.member_name}的权限不变。"
        if second
        else f"收回“{role}”（{given.over}）后，从下一次操作起不再有这项权限。"
    )
    return render_template(
        "confirm.html",
        title=f"收回{given.member_name}的角色",
        crumbs=[("角色授权", url_for("roles.listing"))],
        warning=warning,
        button="提请收回" if second else "收回角色",
        idle="这项角色已经收回，无需重复操作。" if given.revoked_at else "",
        back=url_for("roles.listing"),
        reason={"values": typed({"reason": ""}), "errors": errors},
    )
