"""Every route times every role, and every id outside a scope."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from backend.bootstrap import Backend
from backend.clock import business_day
from backend.corrections.service import CorrectionDraft, open_run
from backend.offers.policy import Person
from backend.people.bindings import create_invitation
from backend.people.models import Role
from backend.people.queries import Grant, invitations_of
from backend.people.role_queries import given_roles
from backend.people.roles import grant_role, revoke_role
from backend.register.statistics.service import Officer, open_year
from backend.rewards.service import Order, redeem
from backend.web.access import undeclared
from tests.builders.campaigns import a_submitted_campaign
from tests.builders.entry import asked, ways_in
from tests.builders.organisations import a_department
from tests.builders.people import a_member
from tests.builders.points import earn
from tests.builders.rewards import a_cause, a_draw, a_reward
from tests.builders.town import Town

WRITERS = {Role.CITY_ADMIN, Role.DISTRICT_MANAGER, Role.INSTITUTION_ADMIN}
MAKERS = {Role.CITY_ADMIN, Role.DISTRICT_MANAGER}
READERS = WRITERS | {Role.AUDITOR}
DUTY = READERS | {Role.ATTENDANT}
# The console's promise, written a second time and independently of the routes' own declarations.
MAY: dict[str, set[Role]] = {
    "home.today": set(Role),
    "login.log_out": set(Role),
    "places.listing": READERS,
    "places.detail": READERS,
    "places.new": WRITERS,
    "places.create": WRITERS,
    "places.edit": WRITERS,
    "places.change": WRITERS,
    "posters.poster": READERS,
    "posters.sheets": READERS,
    "posters.print_one": WRITERS,
    "posters.print_several": WRITERS,
    "posters.confirm_revocation": WRITERS,
    "posters.revoke": WRITERS,
    "screen.full": DUTY,
    "screen.code": DUTY,
    "drop_offs.listing": DUTY,
    "drop_offs.newest": DUTY,
    "drop_offs.detail": DUTY,
    "corrections.listing": {Role.CITY_ADMIN, Role.AUDITOR},
    "corrections.create": {Role.CITY_ADMIN},
    "corrections.detail": {Role.CITY_ADMIN, Role.AUDITOR},
    "corrections.approve": {Role.CITY_ADMIN},
    "corrections.start": {Role.CITY_ADMIN},
    "corrections.cancel": {Role.CITY_ADMIN},
    "reviews.listing": READERS,
    "reviews.detail": READERS,
    "reviews.decide": WRITERS,
    "rewards.listing": READERS,
    "rewards.detail": READERS,
    "rewards.new": WRITERS,
    "rewards.create": WRITERS,
    "rewards.edit": WRITERS,
    "rewards.change": WRITERS,
    "rewards.stock": WRITERS,
    "redemptions.listing": READERS,
    "redemptions.verify": WRITERS | {Role.ATTENDANT},
    "redemptions.hand_over": WRITERS | {Role.ATTENDANT},
    "redemptions.confirm_cancellation": WRITERS,
    "redemptions.cancel": WRITERS,
    "causes.listing": READERS,
    "causes.new": WRITERS,
    "causes.create": WRITERS,
    "causes.edit": WRITERS,
    "causes.change": WRITERS,
    "draws.listing": READERS,
    "draws.detail": READERS,
    "draws.new": WRITERS,
    "draws.announce": WRITERS,
    "campaigns.listing": READERS,
    "campaigns.detail": READERS,
    "campaigns.new": WRITERS,
    "campaigns.create": WRITERS,
    "campaigns.edit": WRITERS,
    "campaigns.change": WRITERS,
    "campaigns.submit": WRITERS,
    "campaigns.approve": WRITERS,
    "campaigns.send_back": WRITERS,
    "campaigns.end": WRITERS,
    "cash_value.listing": READERS,
    "cash_value.switch": {Role.CITY_ADMIN, Role.DISTRICT_MANAGER},
    "conservation.report": {Role.CITY_ADMIN, Role.AUDITOR},
    "rankings.board": READERS | {Role.DEPARTMENT_MANAGER},
    "rankings.why": READERS | {Role.DEPARTMENT_MANAGER},
    "institutions.listing": READERS,
    "institutions.detail": READERS,
    "members.listing": WRITERS,
    "members.detail": WRITERS,
    "members.confirm_deactivation": WRITERS,
    "members.deactivate": WRITERS,
    "members.confirm_log_out": WRITERS,
    "members.log_out": WRITERS,
    "account.own": set(Role),
    "account.set_sign_in": set(Role),
    "account.log_out_others": set(Role),
    "members.confirm_link": WRITERS,
    "members.make_link": WRITERS,
    "members.confirm_reopening": WRITERS,
    "members.reopen": WRITERS,
    "members.confirm_session": WRITERS,
    "members.end": WRITERS,
    "roles.listing": WRITERS,
    "roles.choose": WRITERS,
    "roles.give": WRITERS,
    "roles.confirm_taking": WRITERS,
    "roles.take": WRITERS,
    "roles.choose_invitation": WRITERS,
    "roles.invite": WRITERS,
    "roles.confirm_withdrawal": WRITERS,
    "roles.withdraw": WRITERS,
    "roles.consent": {Role.CITY_ADMIN},
    "roles.decide_consent": {Role.CITY_ADMIN},
    "roster_requests.confirm_release": WRITERS,
    "roster_requests.release": WRITERS,
    "roster_requests.confirm_dismissal": WRITERS,
    "roster_requests.dismiss": WRITERS,
    "roster_requests.confirm_unbinding": WRITERS,
    "roster_requests.unbind": WRITERS,
    "city.listing": {Role.CITY_ADMIN},
    "city.district": {Role.CITY_ADMIN},
    "city.system": {Role.CITY_ADMIN},
    "city.new_district": {Role.CITY_ADMIN},
    "city.new_system": {Role.CITY_ADMIN},
    "units.new": MAKERS,
    "units.create": MAKERS,
    "units.closing": MAKERS,
    "units.close": MAKERS,
    "units.year": WRITERS,
    "units.report_year": WRITERS,
    "departments.new": WRITERS,
    "departments.create": WRITERS,
    "departments.edit": WRITERS,
    "departments.rename": WRITERS,
    "departments.closing": WRITERS,
    "departments.close": WRITERS,
    "invitations.new": WRITERS,
    "invitations.create": WRITERS,
    "imports.organisations": {Role.CITY_ADMIN},
    "imports.organisations_template": {Role.CITY_ADMIN},
    "imports.try_organisations": {Role.CITY_ADMIN},
    "imports.take_organisations": {Role.CITY_ADMIN},
    "imports.organisations_marked": {Role.CITY_ADMIN},
    "imports.roster": WRITERS,
    "imports.roster_template": WRITERS,
    "imports.try_roster": WRITERS,
    "imports.take_roster": WRITERS,
    "imports.roster_marked": WRITERS,
    "organisations.edit_district": {Role.CITY_ADMIN},
    "organisations.change_district": {Role.CITY_ADMIN},
    "organisations.edit_system": {Role.CITY_ADMIN},
    "organisations.change_system": {Role.CITY_ADMIN},
    "organisations.edit_institution": WRITERS,
    "organisations.change_institution": WRITERS,
    "organisations.place_department": WRITERS,
    "organisations.move": WRITERS,
    "organisations.confirm_invitation": WRITERS,
    "organisations.revoke_invitation": WRITERS,
    "ledger.state": {Role.CITY_ADMIN, Role.AUDITOR},
    "audit.listing": {Role.CITY_ADMIN, Role.AUDITOR},
    "register.listing": READERS,
    "register.open_statement": WRITERS,
    "register.statement": READERS,
    "register.save": WRITERS,
    "register.move": WRITERS,
    "register.yearly_report": READERS,
    "register.doubts": READERS,
}
OPEN = {
    "login.explain",
    "login.enter",
    "login.welcome",
    "login.join",
    "login.confirm",
    "login.log_in",
    "static",
    "web.healthz",
    "web.readyz",
    "web.metrics",
}
QUERIES = {"drop_offs.newest": "after=0", "posters.sheets": "place={place_id}"}


def _routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            if rule.endpoint not in OPEN:
                yield rule, method


def _call(client: FlaskClient, rule: Rule, method: str, ids: dict[str, int]) -> TestResponse:
    wanted = {name: value for name, value in ids.items() if name in rule.arguments}
    if "form" in rule.arguments:
        wanted["form"] = "svg"  # type: ignore[assignment]  # the one argument that is no id
    built = rule.build(wanted)
    assert built is not None, rule
    query = QUERIES.get(rule.endpoint, "").format(**ids)
    return client.open(built[1], method=method, query_string=query)


def _people(backend: Backend, town: Town, institution_id: int) -> dict[str, int]:
    """A department, an attendant and an invitation of an institution, and their ids."""
    now = backend.clock.now()
    with backend.engine.begin() as db:
        member_id = a_member(db, name="小唐", institution_id=institution_id)
        department_id = a_department(db, institution_id, "值守班")
        grant = Grant(Role.ATTENDANT, institution_id=institution_id)
        grant_role(db, member_id=member_id, grant=grant, now=now)
        create_invitation(
            db,
            institution_id=institution_id,
            department_id=None,
            ttl=timedelta(days=1),
            max_uses=1,
            now=now,
            actor_id=None,
        )
        return {
            "department_id": department_id,
            "member_id": member_id,
            "grant_id": given_roles(db, member_id=member_id)[0].id,
            **ways_in(db, town.officers[Role.CITY_ADMIN], grant, member_id, now),
            "request_id": asked(db, backend, institution_id),
            "statement_id": open_year(
                db, institution_id=institution_id, year=2025, officer=Officer(None, now)
            ).id,
            "invitation_id": invitations_of(db, institution_id=institution_id, limit=1)[0].id,
        }


@pytest.fixture
def run_id(town: Town, backend: Backend) -> int:
    """A correction run whose simulation has not begun."""
    now = backend.clock.now()
    draft = CorrectionDraft("recycling.drop_off", business_day(now), business_day(now), "试验")
    with backend.engine.begin() as db:
        return open_run(
            db, backend.rulebook, draft, actor_id=town.officers[Role.CITY_ADMIN], now=now
        )


@pytest.fixture
def ids(
    town: Town, drop_off: Callable[..., int], run_id: int, backend: Backend
) -> Callable[[str], dict[str, int]]:
    """Ids of the bureau's, the school's or the hospital's objects."""
    points = {
        "bureau": (town.bureau_point, town.organisation.bureau),
        "school": (town.school_point, town.organisation.school),
        "hospital": (town.hospital_point, town.organisation.hospital),
    }
    member = iter(town.staff)

    def of(name: str) -> dict[str, int]:
        point, institution = points[name]
        return {
            "place_id": point.place.id,
            "batch_id": point.batch_id,
            "action_id": drop_off(point, next(member)),
            "institution_id": institution,
            "run_id": run_id,
            **offered(institution),
            "district_id": town.organisation.west,
            "system_id": town.organisation.system,
            **_people(backend, town, institution),
        }

    def offered(institution: int) -> dict[str, int]:
        now = backend.clock.now()
        with backend.engine.begin() as db:
            earn(db, town.citizen, points_mpt=10_000)
            reward = a_reward(db, institution, now)
            order = Order(f"access-{reward:06d}", reward, 1)
            made, _ = redeem(db, Person(town.citizen, None), order, now=now)
            return {
                "reward_id": reward,
                "redemption_id": made.id,
                "cause_id": a_cause(db, institution, now),
                "campaign_id": a_submitted_campaign(db, institution, now),
                "draw_id": a_draw(db, backend.keys, institution, now),
            }

    return of


def test_every_route_is_declared_and_listed_here(app: Flask) -> None:
    assert not list(undeclared(app))
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == MAY.keys() | OPEN


def test_strangers_are_sent_to_the_login(app: Flask, ids: Callable[[str], dict[str, int]]) -> None:
    bureau = ids("bureau")
    for rule, method in _routes(app):
        answer = _call(app.test_client(), rule, method, bureau)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/login"), rule


@pytest.mark.parametrize("role", Role)
def test_roles_reach_their_routes_and_no_others(
    role: Role,
    app: Flask,
    as_role: Callable[[Role], FlaskClient],
    ids: Callable[[str], dict[str, int]],
) -> None:
    bureau = ids("bureau")
    for rule, method in _routes(app):
        answer = _call(as_role(role), rule, method, bureau)
        if role in MAY[rule.endpoint]:
            # 409: reached, though there is nothing to decide at the moment.
            assert answer.status_code in {200, 204, 303, 409, 422}, (rule, answer.text)
        else:
            assert answer.status_code == 403, rule


OUTSIDE = [
    (Role.DISTRICT_MANAGER, "hospital"),
    (Role.INSTITUTION_ADMIN, "school"),
    (Role.INSTITUTION_ADMIN, "hospital"),
    (Role.ATTENDANT, "school"),
]


@pytest.mark.parametrize("role, elsewhere", OUTSIDE)
def test_what_lies_outside_the_scope_does_not_exist(
    role: Role,
    elsewhere: str,
    app: Flask,
    as_role: Callable[[Role], FlaskClient],
    ids: Callable[[str], dict[str, int]],
) -> None:
    theirs = ids(elsewhere)
    seen = 0
    for rule, method in _routes(app):
        if role in MAY[rule.endpoint] and (rule.arguments or rule.endpoint == "posters.sheets"):
            assert _call(as_role(role), rule, method, theirs).status_code == 404, rule
            seen += 1
    assert seen >= 3


def test_ids_that_nobody_has_do_not_exist(
    app: Flask, admin: FlaskClient, ids: Callable[[str], dict[str, int]]
) -> None:
    bureau = ids("bureau")
    for rule, method in _routes(app):
        for name, number in product(rule.arguments - {"form"}, (987_654, 2**63 - 1)):
            answer = _call(admin, rule, method, {**bureau, name: number})
            assert answer.status_code == 404, (rule, name)
            assert "返回首页" in answer.text


def test_a_member_without_a_role_gets_no_further(
    town: Town, login: Callable[[int], FlaskClient]
) -> None:
    assert login(town.staff[0]).get("/").status_code == 403


def test_a_role_taken_away_ends_at_once(
    town: Town, as_role: Callable[[Role], FlaskClient], backend: Backend
) -> None:
    client = as_role(Role.CITY_ADMIN)
    assert client.get("/audit").status_code == 200
    with backend.engine.begin() as db:
        other = a_member(db, name="李副主任")
        grant_role(db, member_id=other, grant=Grant(Role.CITY_ADMIN), now=backend.clock.now())
        revoke_role(
            db,
            member_id=town.officers[Role.CITY_ADMIN],
            grant=Grant(Role.CITY_ADMIN),
            now=backend.clock.now(),
        )
    assert client.get("/audit").status_code == 403
