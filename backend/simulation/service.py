"""History under draft rules: what every action would have earned, had the draft been in force.

Each member's actions are assessed in the order they were posted, with counters that begin empty:
what was used of a cap is worked out under the draft, never read. Nothing is written.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from backend.actions.history import HistoryOrder
from backend.simulation.policy import DraftRun, Simulation, caps_of_draft
from backend.simulation.processes import ALONE, Spread, results
from backend.simulation.queries import Days, Share, counted_actions, shares
from credit_rules import Draft, period_start


@dataclass(frozen=True, slots=True)
class _Simulating:
    """The work of one process: shares of members under the draft.

    Attributes:
        draft: the draft rules over those in force.
        days: the days read.
        first: the first of them that counts.
    """

    draft: Draft
    days: Days
    first: date

    def __call__(self, db: Connection, mine: Iterable[Share]) -> Iterator[Simulation]:
        run = DraftRun(self.draft, self.first)
        for share in mine:
            for action in counted_actions(db, self.days, share, HistoryOrder.BY_MEMBER):
                run.take(action)
            yield run.outcome(share.actions)


def simulate(
    db: Connection,
    draft: Draft,
    *,
    first: date,
    last: date,
    tell: Callable[[int], None],
    spread: Spread = ALONE,
) -> Simulation:
    """Runs the actions of these days under a draft; writes nothing.

    The run begins as many days earlier as the longest period of a cap reaches back, so that every
    counter stands where it would have stood; those days count for nothing else. Actions that were
    taken back are left out. Where members share counters, those of places, the actions are run in
    the order of posting, by this process alone; else member by member.

    Args:
        db: a transaction of its own; a snapshot, where posting goes on meanwhile.
        draft: the draft rules over those in force.
        first: the first Asia/Shanghai day.
        last: the last one.
        tell: told from time to time how many actions were gone through since it was told last.
        spread: over which processes.

    Raises:
        HistoryProcessError: a process ended before its work was done.
    """
    days = Days(lead_in(draft, first), last)
    if any(cap.scope == "place" for cap in caps_of_draft(draft)):
        found = _in_order_of_posting(db, draft, days, first)
    else:
        cut = shares(db, days, actions=spread.actions)
        found = results(db, _Simulating(draft, days, first), cut, spread)
    whole = Simulation()
    for part in found:
        tell(part.read)
        whole.join(part)
    return whole


def _in_order_of_posting(
    db: Connection, draft: Draft, days: Days, first: date
) -> Iterator[Simulation]:
    run, read = DraftRun(draft, first, shared=True), 0
    for action in counted_actions(db, days, None, HistoryOrder.AS_POSTED):
        run.take(action)
        read += 1
        if read == ALONE.actions:
            yield run.outcome(read)
            read = 0
    yield run.outcome(read)


def lead_in(draft: Draft, first: date) -> date:
    """The first day whose actions can bear on the counters of a day."""
    periods = {cap.period for cap in caps_of_draft(draft)}
    return min((period_start(period, first) for period in periods), default=first)
