"""Rewards: the list, one reward with its stock, the form that makes or changes one."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_READERS, PLACE_WRITERS, may, scope
from admin.forms.reading import Submission, by_field, differing, filters, submitted, typed
from admin.forms.rewards import ChangedReward, Done, NewReward, StockChange
from backend.clock import business_day
from backend.db.seen import EditedMeanwhileError, fingerprint
from backend.errors import InvalidInputError
from backend.organisations.queries import InstitutionView, institutions
from backend.people.access import institution_in_scope
from backend.rewards import catalogue, queries
from backend.rewards.queries import RewardDraft, RewardView
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.submissions import creates
from backend.web.transaction import connection

pages = Blueprint("rewards", __name__)

_LATEST = 20
_MPT_A_POINT = 1_000
_BLANK: Mapping[str, str] = {
    "institution_id": "",
    "name": "",
    "description": "",
    "pickup": "",
    "points": "",
    "cash_value": "",
    "audience": "city",
    "stock": "",
    "member_limit": "",
    "institution_limit": "",
    "period": "month",
    "hold_days": "7",
    "available_from": "",
    "available_until": "",
    "state": "draft",
}


@pages.get("/rewards")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """The rewards of the institutions in the caller's scope."""
    return render_template(
        "rewards/list.html",
        rewards=queries.rewards_in(connection(), scope=scope(PLACE_READERS)),
        writes=may(*PLACE_WRITERS),
    )


@pages.get("/rewards/<int:reward_id>")
@console_roles(*PLACE_READERS)
def detail(reward_id: int) -> str:
    """One reward: facts, stock, the latest redemptions."""
    return _detail(reward_id, {})


def _detail(reward_id: int, errors: Mapping[str, str]) -> str:
    within = scope(PLACE_READERS)
    reward = queries.reward_of(connection(), reward_id, scope=within)
    latest = queries.redemptions_in(connection(), scope=within, reward_id=reward_id, limit=_LATEST)
    return render_template(
        "rewards/detail.html",
        reward=reward,
        redemptions=latest,
        writes=may(*PLACE_WRITERS),
        errors=errors,
        values=typed({"change": ""}),
        done=filters(Done)["done"],
    )


@pages.get("/rewards/new")
@console_roles(*PLACE_WRITERS)
def new() -> str:
    """The form of a new reward."""
    today = business_day(now()).isoformat()
    return _form(None, {**_BLANK, "available_from": today}, {})


@pages.post("/rewards/new")
@console_roles(*PLACE_WRITERS)
@creates
def create() -> ResponseReturnValue:
    """Makes the reward, or shows the form again with what is wrong."""
    sent = submitted(NewReward)
    if not sent.errors:
        institution = institution_in_scope(
            connection(), actor(), sent.values["institution_id"], roles=PLACE_WRITERS
        )
        try:
            reward_id = catalogue.create_reward(
                connection(),
                _draft(sent.values),
                institution_id=institution.id,
                stock=sent.values["stock"],
                actor_id=actor().member_id,
                now=now(),
            )
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("rewards.detail", reward_id=reward_id, done="created"), 303)
    return _form(None, typed(_BLANK), sent.errors), 422


@pages.get("/rewards/<int:reward_id>/edit")
@console_roles(*PLACE_WRITERS)
def edit(reward_id: int) -> str:
    """The form of a reward as it stands."""
    reward = queries.reward_of(connection(), reward_id, scope=scope(PLACE_WRITERS))
    return _form(reward, _as_typed(reward), {})


@pages.post("/rewards/<int:reward_id>/edit")
@console_roles(*PLACE_WRITERS)
def change(reward_id: int) -> ResponseReturnValue:
    """Changes the reward, or shows the form again with what is wrong."""
    within = scope(PLACE_WRITERS)
    reward = queries.reward_of(connection(), reward_id, scope=within)
    sent = submitted(ChangedReward)
    if not sent.errors:
        try:
            catalogue.change_reward(
                connection(),
                reward_id,
                _draft(sent.values),
                scope=within,
                actor_id=actor().member_id,
                now=now(),
                seen=sent.values["seen"],
            )
        except EditedMeanwhileError as error:
            return _overtaken(reward_id, error.message), 409
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("rewards.detail", reward_id=reward_id, done="changed"), 303)
    return _form(reward, typed(_BLANK), sent.errors), 422


def _overtaken(reward_id: int, sentence: str) -> str:
    """The form as it stands now, with what was typed beside it where the two differ."""
    reward = queries.reward_of(connection(), reward_id, scope=scope(PLACE_WRITERS))
    stands = _as_typed(reward)
    sent = {name: value for name, value in typed(_BLANK).items() if name in request.form}
    return _form(reward, stands, {}, meanwhile=sentence, theirs=differing(sent, stands))


@pages.post("/rewards/<int:reward_id>/stock")
@console_roles(*PLACE_WRITERS)
@creates
def stock(reward_id: int) -> ResponseReturnValue:
    """Puts pieces into stock or takes some out."""
    within = scope(PLACE_WRITERS)
    queries.reward_of(connection(), reward_id, scope=within)
    sent = submitted(StockChange)
    if not sent.errors:
        try:
            catalogue.change_stock(
                connection(),
                reward_id,
                sent.values["change"],
                scope=within,
                actor_id=actor().member_id,
                now=now(),
            )
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("rewards.detail", reward_id=reward_id, done="stocked"), 303)
    return _detail(reward_id, sent.errors), 422


def _draft(values: Mapping[str, Any]) -> RewardDraft:
    said = {
        name: value
        for name, value in values.items()
        if name not in {"institution_id", "stock", "points", "cash_value", "seen"}
    }
    return RewardDraft(
        **said,
        points_mpt=values["points"] * _MPT_A_POINT,
        cash_value=bool(values["cash_value"]),
    )


def _as_typed(reward: RewardView) -> dict[str, str]:
    """A reward as the form would have sent it."""
    said = {name: getattr(reward, name, None) for name in _BLANK}
    said["points"] = reward.points_mpt // _MPT_A_POINT
    shown = {name: "" if value is None else str(value) for name, value in said.items()}
    return {**shown, "cash_value": "1" if reward.cash_value else ""}


def _form(
    reward: RewardView | None,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    meanwhile: str = "",
    theirs: Mapping[str, str] | None = None,
) -> str:
    # A form that is wrong goes on with what its author saw; one that is late begins anew.
    seen = request.form.get("seen") if errors else None
    return render_template(
        "rewards/form.html",
        reward=reward,
        values=values,
        errors=errors,
        seen=seen or (fingerprint(queries.said_of(reward)) if reward else ""),
        meanwhile=meanwhile,
        theirs=theirs or {},
        institutions=writable_institutions() if reward is None else (),
    )


def writable_institutions() -> tuple[InstitutionView, ...]:
    """The institutions in whose name the caller may offer something."""
    return institutions(connection(), scope=scope(PLACE_WRITERS), on=business_day(now()))
