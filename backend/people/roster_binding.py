"""How a member is bound as a person on a roster, and unbound. Callers commit.

Staff number and phone are no secrets among colleagues: only who holds the phone, by WeChat's word,
or whom the institution's administrator releases (`roster_requests`) is bound.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import DomainError, ErrorKind, ForbiddenError, InvalidInputError, NotFoundError
from backend.organisations.models import Institution
from backend.organisations.policy import checked_credit_code
from backend.people.bindings import bind_from_today
from backend.people.memberships import end_membership, lock_member
from backend.people.models import Member, RosterEntry
from backend.people.policy import checked_phone, normalised_staff_number, phone_hash
from backend.people.queries import membership_on
from backend.ports.keys import KeyRing


class RosterMismatchError(InvalidInputError):
    """No person on the institution's roster has this staff number and this phone."""

    code = "roster_mismatch"


class RosterEntryBoundError(DomainError):
    """The person on the roster is bound to another account."""

    code = "roster_entry_bound"
    kind = ErrorKind.CONFLICT


class PhoneUnverifiedError(ForbiddenError):
    """Nobody vouches that the phone is the member's: neither WeChat nor an administrator."""

    code = "phone_unverified"


class PhoneTakenError(DomainError):
    """Another account that is in use has this phone."""

    code = "phone_taken"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Statement:
    """Who somebody says to be.

    Attributes:
        credit_code: 统一社会信用代码 of the institution, as typed.
        staff_number: 工号, as typed.
        phone: mobile number; kept as an HMAC and a mask only.
        phone_verified: WeChat says that the phone is theirs.
    """

    credit_code: str
    staff_number: str
    phone: str
    phone_verified: bool


@dataclass(frozen=True, slots=True)
class RosterPerson:
    """A person on a roster, locked; the phone may have been taken off it since."""

    id: int
    institution_id: int
    department_id: int
    name: str
    phone_hash: bytes | None
    phone_masked: str | None
    bound_member_id: int | None


def require_well_formed(credit_code: str, phone: str | None) -> None:
    """Refuses what can be nobody's, before it counts as an attempt.

    Raises:
        CreditCodeError: the institution's code is misspelt.
        PhoneError: not a mobile number.
    """
    checked_credit_code(credit_code)
    if phone is not None:
        checked_phone(phone)


def bind_by_roster(
    db: Connection, *, member_id: int, said: Statement, keys: KeyRing, now: datetime
) -> None:
    """Binds a member from today on as a person of an institution's roster.

    Staff number and phone must both be the roster's, and the phone verified. The account takes
    the roster's name. The same entry again changes nothing. Call `count_attempt` before.

    Args:
        db: the caller's transaction.
        member_id: who is bound.
        said: who they say to be.
        keys: holds the key of the phones' HMAC.
        now: the instant, aware.

    Raises:
        CreditCodeError: the institution's code is misspelt.
        PhoneError: not a mobile number.
        RosterMismatchError: nobody on the roster today has this number and phone.
        RosterEntryBoundError: the person is bound to another account.
        PhoneUnverifiedError: the phone was only typed.
        PhoneTakenError: another account has the phone.
        AlreadyMemberError: the member belongs to another institution.
    """
    lock_member(db, member_id)
    person = person_said(db, said, keys=keys, now=now)
    if person.bound_member_id not in (None, member_id):
        raise RosterEntryBoundError(
            "名册中的这名人员已绑定其他账号。如果您是本人，请提出异议，由本单位管理员核实。"
        )
    if person.bound_member_id is None and not said.phone_verified:
        raise PhoneUnverifiedError(
            "手机号尚未验证，请用微信授权手机号绑定，或提交申请，由本单位管理员放行。"
        )
    bind_person(db, person, member_id=member_id, now=now)


def person_said(db: Connection, said: Statement, *, keys: KeyRing, now: datetime) -> RosterPerson:
    """The person on the roster with this number and phone, active today, locked.

    Raises:
        CreditCodeError: the institution's code is misspelt.
        PhoneError: not a mobile number.
        RosterMismatchError: nobody on the roster today has this number and phone.
    """
    credit_code, day = checked_credit_code(said.credit_code), business_day(now)
    digest = phone_hash(keys, checked_phone(said.phone))
    found = db.execute(
        _PERSON.join(Institution, Institution.id == RosterEntry.institution_id).where(
            Institution.credit_code == credit_code,
            RosterEntry.staff_number == normalised_staff_number(said.staff_number),
            RosterEntry.phone_hash == digest,
            RosterEntry.active_from.is_(None) | (RosterEntry.active_from <= day),
            RosterEntry.active_until.is_(None) | (RosterEntry.active_until > day),
        )
    ).one_or_none()
    if found is None:
        raise _mismatch()
    return RosterPerson(*found)


def person_of(db: Connection, entry_id: int) -> RosterPerson:
    """The person of a roster entry, locked."""
    return RosterPerson(*db.execute(_PERSON.where(RosterEntry.id == entry_id)).one())


def bind_person(
    db: Connection,
    person: RosterPerson,
    *,
    member_id: int,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Binds a member as a person that nobody else is bound as.

    Raises:
        PhoneTakenError: another account has the phone.
        AlreadyMemberError: the member belongs to another institution.
    """
    db.execute(
        update(RosterEntry).where(RosterEntry.id == person.id).values(bound_member_id=member_id)
    )
    _take_phone(db, person, member_id)
    try:
        bind_from_today(
            db,
            member_id=member_id,
            institution_id=person.institution_id,
            department_id=person.department_id,
            now=now,
            actor_id=actor_id,
        )
    except NotFoundError:
        raise _mismatch() from None


def _take_phone(db: Connection, person: RosterPerson, member_id: int) -> None:
    """Gives the account the person's name and phone; the database holds one account a phone."""
    named = (
        update(Member)
        .where(Member.id == member_id)
        .values(
            display_name=person.name,
            phone_hash=person.phone_hash,
            phone_masked=person.phone_masked,
        )
    )
    try:
        with db.begin_nested():
            db.execute(named)
    except IntegrityError:
        raise PhoneTakenError(
            "这个手机号已用于另一个账号，请用那个账号登录，或联系本单位管理员解除它的绑定。"
        ) from None


def unbind_person(db: Connection, person: RosterPerson, *, now: datetime, actor_id: int) -> None:
    """Parts a person from the account bound to it: it belongs there no longer, from today on.

    What was credited stays with the account; the phone does not.
    """
    member_id = person.bound_member_id
    if member_id is None:
        return
    today = business_day(now)
    db.execute(update(RosterEntry).where(RosterEntry.id == person.id).values(bound_member_id=None))
    db.execute(
        update(Member)
        .where(Member.id == member_id, Member.phone_hash == person.phone_hash)
        .values(phone_hash=None, phone_masked=None)
    )
    current = membership_on(db, member_id=member_id, on=today)
    if current is not None and current.institution_id == person.institution_id:
        end_membership(db, member_id=member_id, on=today, now=now, actor_id=actor_id)
    record(
        db,
        tag=Tag.ROSTER_UNBIND,
        actor_id=actor_id,
        object_type="roster_entry",
        object_id=person.id,
        before={"member_id": member_id},
        at=now,
    )


_PERSON = select(
    RosterEntry.id,
    RosterEntry.institution_id,
    RosterEntry.department_id,
    RosterEntry.name,
    RosterEntry.phone_hash,
    RosterEntry.phone_masked,
    RosterEntry.bound_member_id,
).with_for_update(of=RosterEntry)


def _mismatch() -> RosterMismatchError:
    return RosterMismatchError(
        "单位代码、工号和手机号与名册不一致，请核对；如已更换手机号，请联系本单位管理员更新名册。"
    )
