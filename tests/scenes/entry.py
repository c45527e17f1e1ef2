"""Ways into the console in every state: invited, withdrawn, roles ended and to come, consents."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import text

from backend.clock import business_day
from backend.organisations.queries import Scope
from backend.people.console_invitations import Invited, invite, pending_invitations, withdraw
from backend.people.console_models import GraveAct
from backend.people.models import Role
from backend.people.queries import Grant
from backend.people.roles import RoleTerm, grant_role, revoke_role
from backend.people.second_consents import ask, decide
from tests.builders.people import a_member
from tests.scenes.acts import RARE, Acts


def let_people_in(acts: Acts, people: Mapping[str, int]) -> None:
    """Invitations that wait and one that is over; roles of every term; acts that need a second."""
    db, now, officers = acts.db, acts.now, acts.town.officers
    today, by = business_day(now), officers[Role.CITY_ADMIN]
    bureau = Grant(Role.INSTITUTION_ADMIN, institution_id=acts.town.organisation.bureau)
    for grant, until in ((bureau, None), (Grant(Role.AUDITOR), today + timedelta(days=30))):
        term = RoleTerm(today, until, RARE)
        invite(db, invited=Invited("王芳", grant, term), actor_id=by, now=now)
    waiting = pending_invitations(db, scope=Scope(everything=True), now=now)
    withdraw(db, invitation_id=waiting[0].id, actor_id=by, now=now)
    known = "UPDATE console_invitation SET code_sha256 = sha256('an-open-invitation')"
    db.execute(text(f"{known} WHERE id = :id"), {"id": waiting[1].id})
    later = RoleTerm(today + timedelta(days=1), today + timedelta(days=9), "借调")
    grant_role(db, member_id=people["many"], grant=bureau, now=now, actor_id=by, term=later)
    auditor = Grant(Role.AUDITOR)
    grant_role(db, member_id=people["many"], grant=auditor, now=now, actor_id=by)
    revoke_role(db, member_id=people["many"], grant=auditor, now=now, actor_id=by, reason=RARE)
    second = a_member(db, name="李副主任")
    role = grant_role(db, member_id=second, grant=Grant(Role.CITY_ADMIN), now=now)
    asked = ask(
        db, act=GraveAct.ACCOUNT_CLOSE, member_id=second, reason="离任", actor_id=by, now=now
    )
    decide(db, consent_id=asked, agreed=False, actor_id=second, now=now)
    for act, grant_id in ((GraveAct.ACCOUNT_CLOSE, None), (GraveAct.ROLE_TAKE, role)):
        ask(
            db,
            act=act,
            member_id=second,
            grant_id=grant_id,
            reason=RARE,
            actor_id=by,
            now=now,
        )
