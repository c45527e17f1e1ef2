"""Logins, tokens and links, on the real database."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select, update

from backend.audit.queries import events
from backend.audit.tags import Tag
from backend.errors import UnauthenticatedError
from backend.people import service
from backend.people.closing import deactivate_member
from backend.people.models import (
    AccessToken,
    Face,
    LoginLink,
    Member,
    MemberIdentity,
    MemberKind,
    Role,
)
from backend.people.queries import Grant
from backend.people.roles import grant_role, revoke_role
from backend.ports.keys import SESSION_KEY, KeyRing
from backend.ports.wechat import WeChatSession
from tests.builders.organisations import NOW, TODAY, an_organisation
from tests.builders.people import a_member

KEYS = KeyRing("a secret of the tests, 32 characters")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def wechat(openid: str = "openid-1", session_key: str = "c2Vzc2lvbi1rZXk=") -> WeChatSession:
    return WeChatSession(openid, None, session_key)


def log_in(db: Connection, face: Face = Face.API, now: datetime = NOW) -> tuple[int, str]:
    member = a_member(db)
    return member, service.open_session(db, member_id=member, face=face, now=now).token


def refused(db: Connection, token: str, now: datetime = NOW, face: Face = Face.API) -> bool:
    try:
        service.authenticate(db, token=token, now=now, face=face)
    except UnauthenticatedError:
        return True
    return False


def test_the_first_wechat_login_opens_a_citizen_s_account(db: Connection) -> None:
    session = service.log_in_wechat(db, session=wechat(), keys=KEYS, now=NOW)
    assert session.member.kind is MemberKind.CITIZEN
    assert session.member.membership is None
    actor = service.authenticate(db, token=session.token, now=NOW)
    assert actor.member_id == session.member.id
    again = service.log_in_wechat(db, session=wechat(), keys=KEYS, now=NOW + HOUR)
    assert again.member.id == session.member.id
    assert again.token != session.token
    other = service.log_in_wechat(db, session=wechat("openid-2"), keys=KEYS, now=NOW)
    assert other.member.id != session.member.id


def test_the_session_key_is_encrypted_and_replaced(db: Connection) -> None:
    service.log_in_wechat(db, session=wechat(session_key="Zmlyc3Q="), keys=KEYS, now=NOW)
    service.log_in_wechat(db, session=wechat(session_key="c2Vjb25k"), keys=KEYS, now=NOW)
    (sealed,) = db.scalars(select(MemberIdentity.session_key_encrypted)).all()
    assert sealed is not None
    assert b"c2Vjb25k" not in sealed
    assert KEYS.unseal(SESSION_KEY, sealed, b"openid-1") == b"c2Vjb25k"


def test_nothing_in_the_database_is_a_token_or_code(db: Connection) -> None:
    member, token = log_in(db)
    code = service.create_login_link(db, member_id=member, purpose=Face.API, ttl=HOUR, now=NOW)
    stored = [
        *db.scalars(select(AccessToken.token_sha256)),
        *db.scalars(select(LoginLink.code_sha256)),
    ]
    assert all(len(digest) == 32 for digest in stored)
    assert token.encode() not in stored
    assert code.encode() not in stored
    assert not any(text in repr(entry) for entry in events(db).items for text in (token, code))


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "a" * 10_000])
def test_what_is_no_token_is_refused(db: Connection, token: str) -> None:
    assert refused(db, token)


def test_a_token_opens_one_face(db: Connection) -> None:
    _, token = log_in(db, Face.API)
    assert refused(db, token, face=Face.CONSOLE)
    assert not refused(db, token, face=Face.API)
    _, token = log_in(db, Face.CONSOLE)
    assert refused(db, token, face=Face.API)
    assert not refused(db, token, face=Face.CONSOLE)


def test_a_member_s_token_slides_thirty_days(db: Connection) -> None:
    _, token = log_in(db)
    assert not refused(db, token, NOW + 29 * DAY)
    assert not refused(db, token, NOW + 58 * DAY)
    assert refused(db, token, NOW + 88 * DAY)


def test_an_unused_token_ends_after_thirty_days(db: Connection) -> None:
    _, token = log_in(db)
    assert refused(db, token, NOW + 30 * DAY)


def test_a_console_s_token_ends_twelve_hours_after_login(db: Connection) -> None:
    _, token = log_in(db, Face.CONSOLE)
    for halves in range(1, 24):
        assert not refused(db, token, NOW + halves * HOUR / 2, Face.CONSOLE)
    assert refused(db, token, NOW + 12 * HOUR, Face.CONSOLE)


def test_a_console_s_token_ends_after_half_an_hour_without_use(db: Connection) -> None:
    _, token = log_in(db, Face.CONSOLE)
    assert not refused(db, token, NOW + HOUR / 2, Face.CONSOLE)
    assert refused(db, token, NOW + HOUR + timedelta(seconds=1), Face.CONSOLE)


def test_a_request_is_one_statement_and_writes_once_a_day(
    db: Connection, statements: list[str]
) -> None:
    _, token = log_in(db)
    statements.clear()
    for hours in (1, 2, 23, 24, 25, 47):
        service.authenticate(db, token=token, now=NOW + hours * HOUR)
    verbs = [statement.split(maxsplit=1)[0] for statement in statements]
    assert verbs.count("SELECT") == 6
    assert verbs.count("UPDATE") == 1
    assert len(verbs) == 7


def test_logging_out_holds_at_once(db: Connection) -> None:
    member, token = log_in(db)
    other = service.open_session(db, member_id=member, face=Face.API, now=NOW).token
    service.log_out(db, token=token, now=NOW)
    service.log_out(db, token=token, now=NOW)
    assert refused(db, token)
    assert not refused(db, other)
    revocations = events(db, actor_id=member, tag_prefix=Tag.SESSION_REVOKE).items
    assert len(revocations) == 1


def test_revoking_all_ends_tokens_and_links(db: Connection) -> None:
    member, token = log_in(db)
    code = service.create_login_link(db, member_id=member, purpose=Face.API, ttl=HOUR, now=NOW)
    _, strangers = log_in(db)
    assert service.revoke_all(db, member_id=member, now=NOW) == 1
    assert refused(db, token)
    assert not refused(db, strangers)
    with pytest.raises(service.LoginLinkInvalidError):
        service.log_in_link(db, code=code, purpose=Face.API, now=NOW)


def test_a_deactivated_account_is_out_at_once_and_stays_out(db: Connection) -> None:
    session = service.log_in_wechat(db, session=wechat(), keys=KEYS, now=NOW)
    deactivate_member(db, member_id=session.member.id, now=NOW, actor_id=None)
    assert refused(db, session.token)
    with pytest.raises(service.AccountDeactivatedError):
        service.log_in_wechat(db, session=wechat(), keys=KEYS, now=NOW)


def test_deactivation_alone_closes_a_token(db: Connection) -> None:
    member, token = log_in(db)
    db.execute(update(Member).where(Member.id == member).values(deactivated_at=NOW))
    assert refused(db, token)


def test_a_link_logs_in_once(db: Connection) -> None:
    member = a_member(db, name="小周")
    code = service.create_login_link(db, member_id=member, purpose=Face.CONSOLE, ttl=HOUR, now=NOW)
    with pytest.raises(service.LoginLinkInvalidError):
        service.log_in_link(db, code=code, purpose=Face.API, now=NOW)
    session = service.log_in_link(db, code=code, purpose=Face.CONSOLE, now=NOW)
    assert (session.member.id, session.member.display_name) == (member, "小周")
    assert session.expires_at == NOW + 12 * HOUR
    with pytest.raises(service.LoginLinkInvalidError):
        service.log_in_link(db, code=code, purpose=Face.CONSOLE, now=NOW)


def test_a_link_expires(db: Connection) -> None:
    code = service.create_login_link(
        db, member_id=a_member(db), purpose=Face.API, ttl=HOUR, now=NOW
    )
    with pytest.raises(service.LoginLinkInvalidError):
        service.log_in_link(db, code=code, purpose=Face.API, now=NOW + HOUR)


def test_zzd_says_which_way_is_open() -> None:
    with pytest.raises(service.ProviderNotConfiguredError) as refusal:
        service.log_in_zzd()
    assert refusal.value.code == "provider_not_configured"
    assert [field.field for field in refusal.value.fields] == ["provider"]


def test_an_actor_carries_today_s_membership(db: Connection) -> None:
    city = an_organisation(db)
    member = a_member(db, institution_id=city.bureau, department_id=city.office, since=TODAY)
    token = service.open_session(db, member_id=member, face=Face.API, now=NOW).token
    actor = service.authenticate(db, token=token, now=NOW)
    assert (actor.institution_id, actor.department_id) == (city.bureau, city.office)
    assert actor.kind is MemberKind.STAFF
    # 15:59 UTC the day before is still yesterday in Shanghai; a minute later is not.
    before = service.authenticate(db, token=token, now=NOW.replace(day=17, hour=15, minute=59))
    assert (before.institution_id, before.kind) == (None, MemberKind.CITIZEN)
    after = service.authenticate(db, token=token, now=NOW.replace(day=17, hour=16))
    assert after.institution_id == city.bureau


def test_roles_hold_and_end_with_the_next_request(db: Connection) -> None:
    city = an_organisation(db)
    member, token = log_in(db)
    grant = Grant(Role.DISTRICT_MANAGER, district_id=city.west)
    for one in (grant, Grant(Role.AUDITOR)):
        grant_role(db, member_id=member, grant=one, now=NOW)
    actor = service.authenticate(db, token=token, now=NOW)
    assert actor.roles == (grant, Grant(Role.AUDITOR))
    assert revoke_role(db, member_id=member, grant=grant, now=NOW)
    actor = service.authenticate(db, token=token, now=NOW)
    assert actor.roles == (Grant(Role.AUDITOR),)
    assert not actor.has_role(Role.DISTRICT_MANAGER)
