"""What a member says they did, and what they send along to show it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.actions.evidence import EvidenceKind
from backend.actions.policy import content_digest
from backend.ledger.service import UsageLimit
from backend.places.policy import Position


@dataclass(frozen=True, slots=True)
class Admission:
    """What the evidence of a claim amounts to.

    Attributes:
        tier: T0 to T4.
        channel: how it came, such as `rotating_code`.
        place_id: the place it speaks of.
        evidence: digests of what is used up.
        usage_limits: limits on what is shared.
        hold: why the award must wait until somebody has looked at the evidence, in Chinese.
    """

    tier: str
    channel: str
    place_id: int | None = None
    evidence: Sequence[bytes] = ()
    usage_limits: Sequence[UsageLimit] = ()
    hold: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimInput:
    """A claim as it arrives: nothing of it is judged yet.

    Attributes:
        member_id: who.
        reference: the client's reference, made where it happened.
        kind: kind of action: the id of its methodology.
        occurred_at: when; aware.
        facts: inputs of the methodology, as text.
        evidence: the kind of evidence; None lets the code, or its absence, say.
        code: text of the code that was scanned: a poster's URL, the bare code, or the ticket that
            the scan of a rotating code was answered with; None where none was.
        position: where the phone was, if the member let it say; used once and discarded.
        established: what a trusted channel (a scale, a feed) has established by itself; taken as
            it is.
    """

    member_id: int
    reference: str
    kind: str
    occurred_at: datetime
    facts: Mapping[str, str]
    evidence: EvidenceKind | None = None
    code: str | None = None
    position: Position | None = None
    established: Admission | None = None

    def digest(self) -> bytes:
        """SHA-256 of the content: tells a repeated request from another one."""
        return content_digest(
            {
                "kind": self.kind,
                "occurred_at": self.occurred_at.isoformat(),
                "evidence": self.evidence,
                "code": self.code,
                "facts": self.facts,
            }
        )
