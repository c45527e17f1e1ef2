"""Claims of any kind: what the member sends along is judged, then the action is recorded.

Drop-offs at a recycling point have a path of their own (`backend.recycling`), with the materials
and the printed codes that only they know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from backend.actions.evidence import (
    EvidenceKind,
    EvidenceNotAcceptedError,
    evidence_digest,
    place_kind_of,
    require_available,
    require_present,
)
from backend.actions.policy import content_digest
from backend.actions.service import Admission, Claim, Receipt, Request, record
from backend.errors import DomainError, FieldError
from backend.ledger.service import UsageLimit
from backend.places import scanned
from backend.places.models import PlaceAtCode, ResolvedPlace
from backend.places.policy import USES_PER_STEP, require_open
from backend.ports.keys import KeyRing
from credit_rules import Methodology, Rulebook


class WrongPlaceError(DomainError):
    """The code belongs to a place at which this kind of action does not happen."""

    code = "wrong_place"


@dataclass(frozen=True, slots=True)
class Telling:
    """What a member says they did, and what they send along to show it.

    Attributes:
        reference: the client's reference.
        kind: id of the methodology.
        occurred_at: when.
        facts: inputs of the methodology, as text.
        evidence: the kind of evidence; None lets the code, or its absence, say.
        code: text of the code that was scanned, if one was.
    """

    reference: str
    kind: str
    occurred_at: datetime
    facts: Mapping[str, str]
    evidence: EvidenceKind | None = None
    code: str | None = None


def log_action(
    db: Connection,
    *,
    rulebook: Rulebook,
    keys: KeyRing,
    member_id: int,
    telling: Telling,
    now: datetime,
) -> Receipt:
    """Records an action and credits it, or finds the one its reference already led to.

    Raises:
        DomainError: the evidence, the time or the facts do not hold; see `evidence`, `places.codes`
            and `service.record`.
    """
    request = request_of(keys=keys, member_id=member_id, telling=telling, now=now)
    return record(db, rulebook, request, now=now)


def request_of(*, keys: KeyRing, member_id: int, telling: Telling, now: datetime) -> Request:
    """What a member says as a request, to be recorded alone or with others; reads nothing yet."""
    code = None if telling.code is None else scanned.read(telling.code)

    def admit(methodology: Methodology, at_code: PlaceAtCode | None) -> Admission:
        if code is None:
            return _without_code(methodology, telling)
        found = scanned.resolved(keys, code, at_code, member_id=member_id, now=now)
        return _with_code(methodology, telling, found, member_id=member_id, now=now)

    claim = Claim(
        member_id=member_id,
        reference=telling.reference,
        digest=content_digest(
            {
                "kind": telling.kind,
                "occurred_at": telling.occurred_at.isoformat(),
                "evidence": telling.evidence,
                "code": telling.code,
                "facts": telling.facts,
            }
        ),
        kind=telling.kind,
        occurred_at=telling.occurred_at,
        facts=telling.facts,
    )
    return Request(claim, admit, code)


def _without_code(methodology: Methodology, telling: Telling) -> Admission:
    """The member's word alone; anything else that cannot be verified is refused."""
    kind = telling.evidence or EvidenceKind.SELF_DECLARATION
    tier = require_available(methodology, kind)
    if kind is not EvidenceKind.SELF_DECLARATION:
        raise _not_accepted("code", "请扫描现场的二维码，再提交这条记录。")
    return Admission(tier=tier, channel="self_declared")


def _with_code(
    methodology: Methodology,
    telling: Telling,
    found: ResolvedPlace,
    *,
    member_id: int,
    now: datetime,
) -> Admission:
    """What a scanned code amounts to: presence at a place of the right kind, since the scan."""
    shown = EvidenceKind.PRINTED_CODE if found.step is None else EvidenceKind.ROTATING_CODE
    if telling.evidence not in (None, shown):
        raise _not_accepted("kind", "扫描的二维码与所选的凭证不符，请重新选择凭证后提交。")
    tier = require_available(methodology, shown)
    if found.step is None:
        raise _not_accepted("code", "海报码要在它自己的页面上用，请用手机扫描海报后记录。")
    if found.place.kind is not place_kind_of(methodology.id):
        sentence = (
            f"{found.place.name}的二维码不能用于“{methodology.title}”，请扫描对应场所的二维码。"
        )
        raise WrongPlaceError(
            sentence, fields=[FieldError("evidence.code", "wrong_place", sentence)]
        )
    require_open(found.place, telling.occurred_at)
    require_present(telling.occurred_at, scanned_at=found.scanned_at, now=now)
    place_id, step = found.place.id, found.step
    return Admission(
        tier=tier,
        channel="rotating_code",
        place_id=place_id,
        evidence=(evidence_digest("rotating", methodology.id, place_id, member_id, step),),
        usage_limits=(UsageLimit(f"place:{place_id}:{methodology.id}:step", step, USES_PER_STEP),),
    )


def _not_accepted(field: str, sentence: str) -> EvidenceNotAcceptedError:
    fields = [FieldError(f"evidence.{field}", "not_accepted", sentence)]
    return EvidenceNotAcceptedError(sentence, fields=fields)
