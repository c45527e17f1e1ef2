"""Posting: through the service layer, many at once, and all into one department and campaign.

Everything is a ratio within one run: the rounds alternate, so that a slow moment hits both sides.
"""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from sqlalchemy import Engine

from backend.actions.service import Admission, Claim, Request, record
from backend.db.engine import make_engine
from backend.ledger.batches import MOST, post_awards
from backend.ledger.budgets import fund_campaign
from backend.ledger.service import Award, Ceiling, Outcome, post_award
from backend.places.models import PlaceAtCode
from benchmarks.bare_award import bare_award
from benchmarks.installation import Installation
from credit_rules import Methodology, Rulebook, load_rulebook

ROUNDS = 3
SINGLES = 300
BATCHES = 6
WRITERS = 16
EACH = 60
_CAMPAIGN = 1
# Members of their own, beyond those of the installation.
_NUMBERS = itertools.count(1_000_000)


@dataclass(frozen=True, slots=True)
class Result:
    """Medians of the rounds.

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


def measure(where: Installation) -> Result:
    """Measures on the installation's database, with commits as in production."""
    engine = make_engine(where.environment["TANPUHUI_DATABASE_URL"], pool_size=WRITERS)
    rulebook = load_rulebook()
    with engine.begin() as db:
        for campaign in range(_CAMPAIGN, _CAMPAIGN + WRITERS):
            fund_campaign(
                db,
                campaign_id=campaign,
                points_mpt=10**12,
                on=datetime.now(UTC).date(),
                actor_id=None,
            )
    services, batches, shared, rates = [], [], [], []
    for _ in range(ROUNDS):
        bare = _rate(lambda: _bare(engine, SINGLES), SINGLES)
        services.append(_rate(lambda: _through_service(engine, rulebook), SINGLES) / bare)
        together = _rate(lambda: _batched(engine), BATCHES * MOST)
        rates.append(together)
        batches.append(together / _rate(lambda: _bare(engine, SINGLES), SINGLES))
        apart = _rate(lambda: _writers(engine, same=False), WRITERS * EACH)
        shared.append(_rate(lambda: _writers(engine, same=True), WRITERS * EACH) / apart)
    engine.dispose()
    return Result(median(services), median(batches), median(shared), median(rates))


def _rate(work: Callable[[], None], awards: int) -> float:
    began = time.perf_counter()
    work()
    return awards / (time.perf_counter() - began)


def _bare(engine: Engine, count: int) -> None:
    for _ in range(count):
        with engine.begin() as db:
            _posted(post_award(db, _an_award()).outcome)


def _batched(engine: Engine) -> None:
    for _ in range(BATCHES):
        with engine.begin() as db:
            if None in post_awards(db, [_an_award() for _ in range(MOST)]):
                raise RuntimeError("a batch of the benchmark was not posted whole")


def _through_service(engine: Engine, rulebook: Rulebook) -> None:
    now = datetime.now(UTC)
    for number in itertools.islice(_NUMBERS, SINGLES):
        claim = Claim(
            member_id=number,
            reference=f"bench-{number}",
            digest=b"x" * 32,
            kind="recycling.drop_off",
            occurred_at=now - timedelta(minutes=number % 600),
            facts={"material": "paper", "mass": "1.25"},
        )
        with engine.begin() as db:
            record(db, rulebook, Request(claim, _admitted(number)), now=now)


def _admitted(number: int) -> Callable[[Methodology, PlaceAtCode | None], Admission]:
    return lambda _methodology, _place: Admission(
        tier="T2",
        channel="rotating_code",
        evidence=(f"bench-{number}".encode(),),
        ceilings=(Ceiling(f"bench:{number}", 0, 6),),
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
    threads = [threading.Thread(target=_write, args=(engine, each)) for each in awards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _write(engine: Engine, awards: Sequence[Award]) -> None:
    for award in awards:
        with engine.begin() as db:
            _posted(post_award(db, award).outcome)


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
