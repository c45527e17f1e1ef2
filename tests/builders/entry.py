"""What stands between a person and the console: logins, invitations, second consents."""

from datetime import datetime

from sqlalchemy import Connection

from backend.clock import business_day
from backend.organisations.queries import Scope
from backend.people.console_invitations import Invited, invite, pending_invitations
from backend.people.console_models import GraveAct
from backend.people.models import Face, Role
from backend.people.queries import Grant, sessions_of
from backend.people.roles import RoleTerm, grant_role
from backend.people.second_consents import ask
from backend.people.service import open_session
from tests.builders.people import a_member


def ways_in(db: Connection, by: int, grant: Grant, member_id: int, now: datetime) -> dict[str, int]:
    """A login, an invitation to the console and an act that waits for a second administrator."""
    term = RoleTerm(business_day(now), None, "试验")
    invite(db, invited=Invited("王芳", grant, term), actor_id=by, now=now)
    second = a_member(db, name="李副主任")
    grant_role(db, member_id=second, grant=Grant(Role.CITY_ADMIN), now=now)
    act = GraveAct.ACCOUNT_CLOSE
    open_session(db, member_id=member_id, face=Face.API, now=now)
    return {
        "session_id": sessions_of(db, member_id=member_id, now=now)[0].id,
        "pending_id": pending_invitations(db, scope=Scope(everything=True), now=now)[0].id,
        "consent_id": ask(db, act=act, member_id=second, reason="离任", actor_id=by, now=now),
    }
