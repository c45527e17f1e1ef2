"""How claims become awards, one or many alike: read, judge, assess, post.

Many claims are read in one statement, and what is new and plain among them is posted in another. A
member with anything else among theirs (a hold, a place's counters, an exclusion, something that
came in between) is left, and recorded claim by claim, in order, by the same steps.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from backend.actions.assessing import Readings, assess_claim
from backend.actions.awarding import Assessed, Case, award_of, receipt_of_posted
from backend.actions.claims import Admission
from backend.actions.exclusions import refusal
from backend.actions.judging import judge
from backend.actions.member_state import MemberState, member_state, member_states
from backend.actions.policy import check_occurred_at
from backend.actions.receipts import Receipt, Result, receipt_of
from backend.actions.refusals import BusyError, ReferenceMismatchError, refuse
from backend.actions.upgrading import UpgradeClaim, upgrade_by_evidence, upgrade_by_occasion
from backend.actions.versions import caps_of
from backend.errors import DomainError, FieldError
from backend.ledger.amendments import lock_member
from backend.ledger.batches import is_plain, post_awards
from backend.ledger.queries import CounterKey
from backend.ledger.service import Award, Outcome, Posting, post_award
from backend.places import scanned
from backend.ports.keys import KeyRing
from credit_rules import Rulebook, Used

_ATTEMPTS = 5
_NOTHING = Used()


@dataclass(frozen=True, slots=True)
class Recording:
    """Takes cases to their results, within one transaction and at one instant.

    Attributes:
        db: the transaction; nothing is committed.
        rulebook: the methodologies in force.
        keys: the installation's, to verify codes with.
        now: the present instant.
        claimed: what the cases before, decided together, claim of each counter.
    """

    db: Connection
    rulebook: Rulebook
    keys: KeyRing
    now: datetime
    claimed: dict[CounterKey, Used] = field(default_factory=dict)

    def together(self, cases: Sequence[Case]) -> None:
        """Decides what is plain among many cases; the others stay open."""
        apart = _repeating(cases)
        open_ = [case for case in cases if case.claim.member_id not in apart]
        for case, state in zip(open_, self._states(open_), strict=True):
            self._consider(case, state, alone=False)
            if case.result is None and (case.assessed is None or not is_plain(case.assessed.award)):
                apart.add(case.claim.member_id)
        ready = [
            case for case in open_ if case.result is None and case.claim.member_id not in apart
        ]
        awards = [case.assessed.award for case in ready if case.assessed is not None]
        for case, action_id in zip(ready, post_awards(self.db, awards), strict=True):
            if action_id is not None:
                self._conclude(case, Posting(Outcome.POSTED, action_id))

    def alone(self, case: Case) -> Result:
        """Decides one case, whatever it is; after a refusal the transaction must be rolled back."""
        for _ in range(_ATTEMPTS):
            self._consider(case, member_state(self.db, case.query()), alone=True)
            if case.result is None and case.assessed is not None:
                self._conclude(case, self._post(case.assessed.award))
            if case.result is not None:
                return case.result
        return BusyError("您有另一条记录正在处理，请稍候几秒再提交。", retry_after=2)

    def _post(self, award: Award) -> Posting:
        """Posts an award; where the budget no longer pays its bonus, nothing of it is left."""
        if not award.bonus_mpt:
            return post_award(self.db, award)
        with self.db.begin_nested() as savepoint:
            posting = post_award(self.db, award)
            if posting.outcome is Outcome.BUDGET_SHORT:
                savepoint.rollback()
        return posting

    def apart(self, case: Case) -> Result:
        """Decides one case among others, so that its refusal takes nothing of theirs along."""
        with self.db.begin_nested() as savepoint:
            result = self.alone(case)
            if isinstance(result, DomainError):
                savepoint.rollback()
        return result

    def _states(self, cases: Sequence[Case]) -> list[MemberState]:
        return member_states(self.db, [case.query() for case in cases]) if cases else []

    def _consider(self, case: Case, state: MemberState, *, alone: bool) -> None:
        """Judges and assesses a case whose member's state was read; or decides it."""
        try:
            case.result = self._repeated(case, state) or self._assess(case, state, alone=alone)
        except DomainError as refused:
            case.result = refused

    def _repeated(self, case: Case, state: MemberState) -> Receipt | None:
        """The receipt of what a claim's reference led to before, if it was used."""
        if state.earlier is None:
            return None
        if state.earlier.request_digest != case.digest:
            raise ReferenceMismatchError(
                "这个凭据号已用于另一条内容不同的记录，请刷新页面后重新填写提交。",
                fields=[FieldError("reference", "mismatch", "凭据号已被另一条记录使用。")],
            )
        return self._receipt(case, state.earlier.action_id)

    def _assess(self, case: Case, state: MemberState, *, alone: bool) -> Receipt | None:
        """What a new claim earns; a receipt where it shows better what was credited before."""
        claim, methodology = case.claim, case.methodology
        case.assessed = None
        if case.admission is None:
            check_occurred_at(claim.occurred_at, self.now, methodology.evidence.max_age_days)
            case.admission = self._admission(case, state)
            shared = self._shared_counters(case)
            if shared and not alone:
                case.admission = None
                return None
            if shared:
                case.caps += shared
                state = member_state(self.db, case.query())
        before = {} if alone else self.claimed
        used = {cap.key: before.get(cap, state.used[cap.key]) for cap in case.caps}
        boost = state.boost if case.admission.hold is None else None
        readings = Readings.of_counters(methodology, used, case.exclusions)
        readings = readings.boosted_by(methodology, boost)
        at, tier = claim.occurred_at, case.admission.tier
        assessment = assess_claim(methodology, claim.facts, at=at, tier=tier, readings=readings)
        if readings.credited:
            return self._by_occasion(case) if alone else None
        context = readings.context(methodology)
        award = award_of(
            case,
            state,
            case.admission,
            assessment,
            used=used,
            context=context,
            rulebook_digest=self.rulebook.digest,
            now=self.now,
        )
        if not alone:
            for cap in case.caps:
                self.claimed[cap] = used[cap.key].plus(award.added.get(cap.key, _NOTHING))
        case.assessed = Assessed(assessment, used, context, award)
        return None

    def _admission(self, case: Case, state: MemberState) -> Admission:
        """Verifies the code that was scanned, and judges the evidence."""
        found = None
        if case.scanned is not None:
            found = scanned.resolved(
                self.keys,
                case.scanned,
                state.place,
                member_id=case.claim.member_id,
                now=self.now,
                kept=True,
            )
        return judge(case.claim, case.methodology, found, now=self.now)

    def _shared_counters(self, case: Case) -> list[CounterKey]:
        """The counters of the place, known only once the evidence says which place it is."""
        if case.admission is None or case.admission.place_id is None:
            return []
        place_id = case.admission.place_id
        return caps_of(case.methodology, scope="place", subject_id=place_id, on=case.on)

    def _conclude(self, case: Case, posting: Posting) -> None:
        """What a posting came to; open where the counters moved, so that it is to be read again."""
        try:
            case.result = self._posted(case, posting)
        except DomainError as refused:
            case.result = refused

    def _posted(self, case: Case, posting: Posting) -> Receipt | None:
        if posting.action_id is None:
            limits = () if case.admission is None else case.admission.usage_limits
            refuse(self.db, posting.outcome, limits, now=self.now)
            return None
        if posting.outcome is Outcome.POSTED and case.assessed is not None:
            return receipt_of_posted(posting.action_id, case.facts, case.assessed)
        if posting.outcome is Outcome.EVIDENCE_USED and case.admission is not None:
            upgrade = self._upgrade(case, case.admission)
            upgrade_by_evidence(self.db, self.rulebook, upgrade, action_id=posting.action_id)
            return replace(self._receipt(case, posting.action_id), first=True)
        return None

    def _by_occasion(self, case: Case) -> Receipt | None:
        """The receipt of the same trip or meal, credited before and shown better by this claim.

        Raises:
            ExcludedError: it is no better, or another methodology's.
        """
        lock_member(self.db, case.claim.member_id)
        # Another request of the member may have been quicker; this one may be its repeat.
        state = member_state(self.db, case.query())
        repeated = self._repeated(case, state)
        if repeated is not None or case.admission is None:
            return repeated
        upgrade = self._upgrade(case, case.admission)
        action_id = upgrade_by_occasion(self.db, self.rulebook, upgrade, state.used)
        if action_id is not None:
            return replace(self._receipt(case, action_id), first=True)
        credited = case.exclusions.credited(state.used)
        if not credited:  # taken back meanwhile
            return None
        raise refusal(self.rulebook, case.methodology, credited)

    def _upgrade(self, case: Case, admission: Admission) -> UpgradeClaim:
        return UpgradeClaim(
            case.methodology, case.exclusions, case.claim, case.digest, admission, self.now
        )

    def _receipt(self, case: Case, action_id: int) -> Receipt:
        return receipt_of(
            self.db, self.rulebook, member_id=case.claim.member_id, action_id=action_id
        )


def _repeating(cases: Sequence[Case]) -> set[int]:
    """Members who use a reference twice: what the second is depends on what the first came to."""
    used = Counter((case.claim.member_id, case.claim.reference) for case in cases)
    return {member_id for (member_id, _), times in used.items() if times > 1}
