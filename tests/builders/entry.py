"""What stands between a person and the console: logins, invitations, second consents."""

from datetime import datetime

from sqlalchemy import Connection

from backend.bootstrap import Backend
from backend.clock import business_day
from backend.organisations.queries import Scope, institution
from backend.people.console_invitations import Invited, invite, pending_invitations
from backend.people.console_models import GraveAct
from backend.people.models import Face, Role
from backend.people.queries import Grant
from backend.people.roles import RoleTerm, grant_role
from backend.people.roster import import_roster
from backend.people.roster_binding import Statement
from backend.people.roster_requests import open_request
from backend.people.second_consents import ask
from backend.people.service import open_session
from backend.people.sessions import sessions_of
from tests.builders.people import a_member, a_roster_csv


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


def asked(db: Connection, backend: Backend, institution_id: int) -> int:
    """A request to be bound as somebody on the roster of an institution."""
    now = backend.clock.now()
    code = institution(db, institution_id=institution_id).credit_code
    row = (code, "值守班", "A001", "张三", f"138{institution_id:08d}", "", "")
    import_roster(db, data=a_roster_csv([row]), keys=backend.keys, now=now)
    said = Statement(code, "A001", f"138{institution_id:08d}", phone_verified=False)
    member_id = a_member(db, name="小何")
    return open_request(db, member_id=member_id, said=said, keys=backend.keys, now=now)
