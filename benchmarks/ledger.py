"""Posting: through the service layer, many at once, and all into one department and campaign.

Everything is a ratio within one run: both sides take many short turns, so that a slow moment of the
machine hits both, and the median of the turns' ratios counts.
"""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from sqlalchemy import Engine, text

from backend.actions.claims import Admission, ClaimInput
from backend.actions.service import record
from backend.clock import business_day
from backend.db.engine import make_engine
from backend.ledger.batches import MOST, post_awards
from backend.ledger.budgets import fund_campaign
from backend.ledger.service import Award, Outcome, UsageLimit, post_award
from backend.ports.keys import KeyRing
from benchmarks.bare_award import bare_award
from benchmarks.installation import BenchInstallation
from credit_rules import Rulebook, load_rulebook

TURNS = 15
SINGLES = 80
BATCHES = 4
WRITERS = 16
EACH = 15
_CAMPAIGN = 1
# Members of their own, beyond those of the installation.
_KEYS = KeyRing("a secret of the benchmarks, 32 characters")
_FIRST_MEMBER, _MEMBERS = 1_000_000, 40_000
_NUMBERS = itertools.count(_FIRST_MEMBER)
_ENROL = text("""
INSERT INTO member (id, display_name, created_at) OVERRIDING SYSTEM VALUE
SELECT n, '成员', now() FROM generate_series(:first, :first + :count) AS n
""")


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """Medians of the turns.

    Attributes:
        service_ratio: awards per second through the service layer, to those of the bare function.
        batch_ratio: awards per second in batches of 100, to one by one.
        shared_ratio: 16 writers into one department and one campaign, to 16 independent ones.
        batch_per_second: awards per second of one client in batches.
    """

    service_ratio: float
    batch_ratio: float
    shared_ratio: float
    batch_per_second: float


def measure(where: BenchInstallation) -> LedgerFigures:
    """Measures on the installation's database, with commits as in production."""
    url = where.environment["TANPUHUI_DATABASE_URL"]
    # One client keeps one connection; what it calls again and again is planned there once.
    client, engine = make_engine(url, pool_size=1), make_engine(url, pool_size=WRITERS)
    rulebook = load_rulebook()
    with engine.begin() as db:
        db.execute(_ENROL, {"first": _FIRST_MEMBER, "count": _MEMBERS})
    _batched(client, _awards(12 * MOST))
    with engine.begin() as db:
        for campaign in range(_CAMPAIGN, _CAMPAIGN + WRITERS):
            fund_campaign(
                db,
                campaign_id=campaign,
                points_mpt=10**12,
                on=business_day(datetime.now(UTC)),
                actor_id=None,
            )
    services, batches, shared, rates = [], [], [], []
    for _ in range(TURNS):
        bare = _rate_of(client, _one_by_one, SINGLES)
        services.append(_rate(lambda: _through_service(client, rulebook), SINGLES) / bare)
        together = _rate_of(client, _batched, BATCHES * MOST)
        rates.append(together)
        batches.append(together / _rate_of(client, _one_by_one, SINGLES))
        apart = _rate(lambda: _writers(engine, same=False), WRITERS * EACH)
        shared.append(_rate(lambda: _writers(engine, same=True), WRITERS * EACH) / apart)
    client.dispose()
    engine.dispose()
    return LedgerFigures(median(services), median(batches), median(shared), median(rates))


def _rate(work: Callable[[], None], awards: int) -> float:
    began = time.perf_counter()
    work()
    return awards / (time.perf_counter() - began)


def _rate_of(engine: Engine, post: Callable[[Engine, Sequence[Award]], None], count: int) -> float:
    """Awards per second of a way to post them, made beforehand."""
    awards = _awards(count)
    return _rate(lambda: post(engine, awards), count)


def _awards(count: int) -> list[Award]:
    return [_an_award() for _ in range(count)]


def _one_by_one(engine: Engine, awards: Sequence[Award]) -> None:
    for award in awards:
        with engine.begin() as db:
            _posted(post_award(db, award).outcome)


def _batched(engine: Engine, awards: Sequence[Award]) -> None:
    for first in range(0, len(awards), MOST):
        with engine.begin() as db:
            if None in post_awards(db, awards[first : first + MOST]):
                raise RuntimeError("a batch of the benchmark was not posted whole")


def _through_service(engine: Engine, rulebook: Rulebook) -> None:
    now = datetime.now(UTC)
    for number in itertools.islice(_NUMBERS, SINGLES):
        claim = ClaimInput(
            member_id=number,
            reference=f"bench-{number}",
            kind="recycling.drop_off",
            occurred_at=now - timedelta(minutes=number % 600),
            facts={"material": "paper", "mass": "1.25"},
            established=_admitted(number),
        )
        with engine.begin() as db:
            record(db, rulebook, _KEYS, claim, now=now)


def _admitted(number: int) -> Admission:
    return Admission(
        tier="T2",
        channel="rotating_code",
        evidence=(f"bench-{number}".encode(),),
        usage_limits=(UsageLimit(f"bench:{number}", 0, 6),),
    )


def _writers(engine: Engine, *, same: bool) -> None:
    """Sixteen writers at once; `same`: into one department and out of one campaign's budget."""
    awards = [
        [
            _an_award(department=1 if same else writer + 1, campaign=1 if same else writer + 1)
            for _ in range(EACH)
        ]
        for writer in range(WRITERS)
    ]
    threads = [threading.Thread(target=_one_by_one, args=(engine, each)) for each in awards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _posted(outcome: Outcome) -> None:
    if outcome is not Outcome.POSTED:
        raise RuntimeError(f"an award of the benchmark came to {outcome}")


def _an_award(*, department: int = 1, campaign: int | None = None) -> Award:
    number = next(_NUMBERS)
    return bare_award(
        number,
        f"bench-{number}",
        datetime.now(UTC),
        department=department,
        campaign=campaign,
    )
