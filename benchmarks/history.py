"""The history gone through again by one process: under a draft, and replayed as it was credited."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, insert

from backend.actions.claims import Admission, ClaimInput
from backend.actions.service import record_all
from backend.clock import business_day
from backend.db.engine import make_engine
from backend.db.snapshot import snapshot
from backend.ledger.batches import MOST
from backend.people.models import Member
from backend.ports.keys import KeyRing
from backend.rulebook.service import released_digests
from backend.simulation.processes import ALONE
from backend.simulation.queries import Days, recorded_awards, shares
from backend.simulation.replaying import replay_history
from backend.simulation.service import simulate
from benchmarks.installation import BenchInstallation
from benchmarks.row import BenchRow
from credit_rules import Draft, Rulebook, load_draft, load_rulebook
from credit_rules.loading import SHIPPED

_KIND = "recycling.drop_off"
_EACH, _ACTIONS = 5, 10_000


def rows(where: BenchInstallation) -> list[BenchRow]:
    """Actions a second of one process, reading included; the floor reads them and does no more."""
    now, rulebook = datetime.now(UTC), load_rulebook()
    today = business_day(now)
    draft, first = _draft(today, rulebook), today - timedelta(days=30)
    engine = make_engine(where.database_url)
    _log(engine, rulebook, now)
    with snapshot(engine) as db:
        days, released = Days(first), released_digests(db)
        cut = shares(db, days, actions=ALONE.actions)

        def read() -> int:
            return sum(1 for share in cut for _ in recorded_awards(db, days, share))

        def simulated() -> int:
            found = simulate(db, draft, first=first, last=today, tell=lambda _actions: None)
            assert found.judges[_KIND] == {2}
            return found.total.actions

        def replayed() -> int:
            parts = list(replay_history(db, rulebook, rulebooks=released, since=first))
            assert not any(part.differences for part in parts)
            return sum(part.actions for part in parts)

        floor, *ours = (_per_second(run) for run in (read, simulated, replayed))
    engine.dispose()
    return [
        row
        for name, speed in zip(("history under a draft", "history replayed"), ours, strict=True)
        for row in (
            BenchRow(f"{name}, one process", speed, "/s", 20_000, at_least=True, binding=False),
            BenchRow("  ratio of reading it to that", floor / speed, "x", 10, at_least=False),
        )
    ]


def _log(engine: Engine, rulebook: Rulebook, now: datetime) -> None:
    """A history of drop-offs, through the service, by members of their own."""
    with engine.begin() as db:
        made = [{"display_name": "历史", "created_at": now} for _ in range(0, _ACTIONS, _EACH)]
        members = sorted(db.execute(insert(Member).returning(Member.id), made).scalars())
    keys = KeyRing("a secret of the benchmarks, 32 characters")
    claims = [
        ClaimInput(
            member_id=members[number // _EACH],
            reference=f"history-{number}",
            kind=_KIND,
            occurred_at=now - timedelta(minutes=number % 600),
            facts={
                "material": ("paper", "glass", "pet")[number % 3],
                "mass": f"{number % 9}.25",
            },
            established=_admitted(number),
        )
        for number in range(_ACTIONS)
    ]
    for start in range(0, _ACTIONS, MOST):
        with engine.begin() as db:
            record_all(db, rulebook, keys, claims[start : start + MOST], now=now)


def _admitted(number: int) -> Admission:
    evidence = (f"history-{number}".encode(),)
    return Admission(tier="T2", channel="rotating_code", evidence=evidence)


def _draft(today: date, rulebook: Rulebook) -> Draft:
    with tempfile.TemporaryDirectory(prefix="tanpuhui-bench-") as folder:
        text = (SHIPPED / f"{_KIND}.v1.toml").read_text(encoding="utf-8")
        text = text.replace("version = 1\ntitle", "version = 2\ntitle", 1)
        text = text.replace("from = 2026-01-01", f"from = {today + timedelta(days=1)}")
        (Path(folder) / f"{_KIND}.v2.toml").write_text(text, encoding="utf-8")
        return load_draft(Path(folder), rulebook)


def _per_second(run: Callable[[], int]) -> float:
    """The best of three rounds; wall clock, because the server works for it too."""
    best = 0.0
    for _ in range(3):
        begun = time.perf_counter()
        actions = run()
        best = max(best, actions / (time.perf_counter() - begun))
    return best
