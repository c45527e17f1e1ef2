"""Many requests at once: an offline backlog, a feed. The same ledger as one by one, in fewer steps.

What the requests stand on is read in one statement, what is new and plain is posted in another. A
member with anything else among theirs (a hold, a place's counters, an exclusion, something that
came in between) is recorded one by one, in order, after the others.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from backend.actions.assessing import Readings, assess_claim
from backend.actions.awarding import Receipt, Request, as_recorded, award_of, with_marks
from backend.actions.exclusions import ExcludedError, Exclusions, exclusions_of
from backend.actions.policy import check_occurred_at
from backend.actions.service import record, repeat
from backend.actions.standings import Asked, Standing, standings
from backend.actions.versions import caps_of, methodology_of
from backend.clock import business_day
from backend.errors import DomainError
from backend.ledger.batches import MOST, is_plain, post_awards
from backend.ledger.queries import CounterKey
from backend.ledger.service import Award
from backend.ledger.spending import lock_members
from credit_rules import Assessment, Methodology, Rulebook, Used

Result = Receipt | DomainError


def record_all(
    db: Connection, rulebook: Rulebook, requests: Sequence[Request], *, now: datetime
) -> list[Result]:
    """Records many requests; each stands or falls by itself.

    Args:
        db: the transaction; nothing is committed.
        rulebook: the methodologies in force.
        requests: in the order in which they are credited.
        now: the present instant.

    Returns:
        The receipt of each, or why it was refused, in order.
    """
    results: dict[int, Result] = {}
    members = {request.claim.member_id for request in requests}
    if len(members) > 1:  # in one order, so that two backlogs never wait for each other in a circle
        lock_members(db, members)
    for first in range(0, len(requests), MOST):
        batch = _Batch(db, rulebook, now)
        numbered = list(enumerate(requests))[first : first + MOST]
        results |= batch.post(numbered)
        for number, request in numbered:
            if number not in results:
                results[number] = _alone(db, rulebook, request, now)
    return [results[number] for number in range(len(requests))]


def _alone(db: Connection, rulebook: Rulebook, request: Request, now: datetime) -> Result:
    try:
        with db.begin_nested():
            return record(db, rulebook, request, now=now)
    except DomainError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request with the methodology and the counters of its day."""

    number: int
    request: Request
    methodology: Methodology
    exclusions: Exclusions
    caps: list[CounterKey]

    @property
    def day(self) -> date:
        return business_day(self.request.claim.occurred_at)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A request that is new, admitted and assessed."""

    number: int
    request: Request
    award: Award
    assessment: Assessment
    context: dict[str, object]


class _Batch:
    """Requests that are read together and posted together."""

    def __init__(self, db: Connection, rulebook: Rulebook, now: datetime) -> None:
        self._db = db
        self._rulebook = rulebook
        self._now = now
        self._results: dict[int, Result] = {}
        self._alone: set[int] = set()
        self._counters: dict[CounterKey, Used] = {}

    def post(self, requests: Sequence[tuple[int, Request]]) -> dict[int, Result]:
        """Posts what is plain; returns what is decided, by number."""
        self._alone = _repeating(requests)
        others = [pair for pair in requests if pair[1].claim.member_id not in self._alone]
        prepared = [each for each in (self._prepared(*pair) for pair in others) if each is not None]
        asked = [
            Asked(
                each.request.claim.member_id,
                each.request.claim.reference,
                each.day,
                each.caps,
                each.request.scanned,
            )
            for each in prepared
        ]
        found = standings(self._db, asked) if asked else []
        judged = [
            each
            for each in (self._judged(p, s) for p, s in zip(prepared, found, strict=True))
            if each is not None
        ]
        plain = [each for each in judged if each.award.member_id not in self._alone]
        posted = post_awards(self._db, [each.award for each in plain])
        for each, action_id in zip(plain, posted, strict=True):
            if action_id is not None:
                recorded = as_recorded(action_id, each.award, each.request.claim, each.context)
                self._results[each.number] = Receipt(recorded, each.assessment, first=True)
        return self._results

    def _prepared(self, number: int, request: Request) -> _Prepared | None:
        claim = request.claim
        day = business_day(claim.occurred_at)
        try:
            methodology = methodology_of(self._rulebook, claim.kind, day)
        except DomainError as error:
            self._results[number] = error
            return None
        exclusions = exclusions_of(
            methodology,
            member_id=claim.member_id,
            occurred_at=claim.occurred_at,
            facts=claim.facts,
        )
        caps = caps_of(methodology, scope="member", subject_id=claim.member_id, on=day)
        return _Prepared(number, request, methodology, exclusions, [*caps, *exclusions.caps])

    def _judged(self, each: _Prepared, standing: Standing) -> _Judged | None:
        """Admits and assesses a request with what those before it claim."""
        claim = each.request.claim
        try:
            if standing.earlier is not None:
                self._results[each.number] = repeat(
                    self._db, self._rulebook, claim, standing.earlier
                )
                return None
            return self._assessed(each, standing)
        except ExcludedError:
            # By one that may yet fail: told when it is recorded alone.
            self._alone.add(claim.member_id)
        except DomainError as error:
            self._results[each.number] = error
        return None

    def _assessed(self, each: _Prepared, standing: Standing) -> _Judged:
        claim, methodology = each.request.claim, each.methodology
        check_occurred_at(claim.occurred_at, self._now, methodology.evidence.max_age_days)
        admission = each.request.admit(methodology, standing.place)
        used = {cap.key: self._counters.get(cap, standing.used[cap.key]) for cap in each.caps}
        readings = Readings.of_counters(methodology, used, each.exclusions)
        assessment = assess_claim(
            self._rulebook,
            methodology,
            claim.facts,
            on=each.day,
            tier=admission.tier,
            readings=readings,
        )
        context = readings.context(methodology)
        standing = replace(standing, used=used)
        digest = self._rulebook.digest
        award = with_marks(
            award_of(claim, self._now, admission, standing, each.caps, assessment, digest, context),
            each.exclusions,
        )
        shared = any(spec.scope == "place" for spec in methodology.caps)
        if not is_plain(award) or (shared and admission.place_id is not None):
            self._alone.add(claim.member_id)
        for cap in each.caps:
            self._counters[cap] = used[cap.key].plus(award.added.get(cap.key, Used()))
        return _Judged(each.number, each.request, award, assessment, context)


def _repeating(requests: Sequence[tuple[int, Request]]) -> set[int]:
    """Members who use a reference twice: what the second is depends on what the first came to."""
    used = Counter((r.claim.member_id, r.claim.reference) for _, r in requests)
    return {member_id for (member_id, _), times in used.items() if times > 1}
