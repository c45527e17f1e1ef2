"""Awards under faults: what was acknowledged is there once, nothing else is, everything agrees.

`TANPUHUI_DRILL_SEED` repeats a run: the same operations, the same faults at the same points of the
load. A failing run prints its seed.
"""

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest
from sqlalchemy import Connection, text

from backend.actions.drop_offs import HOURLY_SHARE
from backend.bootstrap import Backend, build
from backend.clock import business_day
from backend.invariants import Finding
from backend.rankings import jobs, queries
from backend.rankings.policy import Board, season_of
from backend.rankings.service import published
from backend.schema import METADATA
from backend.settings import Settings
from backend.verification.service import open_books, verify
from tests.builders.city import City, a_city
from tests.builders.drop_offs import POSITION_SENT
from tests.builders.scene import a_point
from tests.conftest import PATIENCE_SECONDS
from tests.faults import history
from tests.faults.history import Award
from tests.faults.installation import API, RELAY, WORKER, Installation
from tests.faults.nemesis import Nemesis, plan
from tests.faults.proxy import Proxy

ROOT = Path(__file__).parents[2]
MATERIALS = ("paper", "glass", "mixed", "aluminium", "battery")
# A printed code takes 240 an hour.
PER_POINT_HOUR = 200


@dataclass(frozen=True, slots=True)
class Load:
    """How much is done and how much goes wrong.

    Attributes:
        awards: operations of all clients.
        faults: injected among them.
        members: who acts.
        points: recycling points they act at.
        processes: client processes.
        threads: threads of each.
        default_seed: None draws a new one each time.
    """

    awards: int
    faults: int
    members: int
    points: int
    processes: int
    threads: int
    default_seed: int | None


# Its seed draws kills of Redis, of PostgreSQL and of both kinds of worker, and a cut.
SMALL = Load(1_000, 5, 40, 8, 2, 4, default_seed=38)
DRILL = Load(
    int(os.environ.get("TANPUHUI_DRILL_AWARDS", "100000")),
    int(os.environ.get("TANPUHUI_DRILL_FAULTS", "100")),
    members=600,
    points=30,
    processes=4,
    threads=4,
    default_seed=None,
)


@pytest.mark.parametrize(
    "load",
    [
        pytest.param(SMALL, id="small"),
        pytest.param(DRILL, id="drill", marks=[pytest.mark.drill, pytest.mark.timeout(3600)]),
    ],
)
def test_acknowledged_awards_survive_every_fault(
    load: Load, monkeypatch: pytest.MonkeyPatch, until: Callable[..., None]
) -> None:
    seed = _seed(load)
    print(f"TANPUHUI_DRILL_SEED={seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)  # noqa: S311 - chance, not secrecy
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tanpuhui-faults-")))
        installation = stack.enter_context(Installation(folder / "data", monkeypatch))
        backend = build(Settings.from_env())
        stack.callback(backend.redis.close)
        stack.callback(backend.engine.dispose)
        installation.start(API, RELAY, WORKER)
        operations = _operations(backend, load)
        proxy = stack.enter_context(Proxy(installation.port))
        until(lambda: installation.serves, "the API serves")
        clients = stack.enter_context(Clients(folder, load, seed, proxy.port, operations))
        nemesis = Nemesis(installation, proxy, dice)
        for fault in plan(dice, awards=load.awards, faults=load.faults):
            until(lambda: clients.acknowledged() >= fault.after, f"{fault} is due")  # noqa: B023 - called at once
            installation.revive()
            nemesis.inject(fault)
        clients.finish()
        installation.revive()
        backend.engine.dispose()  # our own connections died with the servers
        _quiesce(backend, until)
        events = list(history.read(clients.histories))
        seen = history.operations(events)
        with backend.engine.begin() as db:
            assert history.problems(seen, _ledger(db), _held(db)) == []
            assert _boards(db, backend) == []
        assert _findings(backend) == []
    acknowledged = sum(bool(operation.answers) for operation in seen.values())
    unknown = sum(event.type == history.UNKNOWN for event in events)
    print(f"{acknowledged} acknowledged, {load.faults} faults, {unknown} unknown")  # noqa: T201 - the drill's figures
    assert acknowledged == load.awards


def _seed(load: Load) -> int:
    given = os.environ.get("TANPUHUI_DRILL_SEED")
    if given:
        return int(given)
    return load.default_seed or random.SystemRandom().randrange(2**31)


class Clients:
    """The client processes of a load; leaving the context ends them."""

    def __init__(
        self,
        folder: Path,
        load: Load,
        seed: int,
        port: int,
        operations: Sequence[dict[str, object]],
    ) -> None:
        self.histories: list[Path] = []
        self._processes: list[subprocess.Popen[str]] = []
        self._read: defaultdict[Path, int] = defaultdict(int)
        self._acknowledged = 0
        for number in range(load.processes):
            specification, seen = folder / f"client-{number}.json", folder / f"seen-{number}.jsonl"
            share = {
                "port": port,
                "threads": load.threads,
                "seed": seed + number,
                "operations": operations[number :: load.processes],
            }
            specification.write_text(json.dumps(share), encoding="utf-8")
            seen.touch()
            self.histories.append(seen)
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.clients", specification, seen],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def acknowledged(self) -> int:
        """How many answers said that an award stands; reads only what is new."""
        for path in self.histories:
            with path.open("rb") as file:
                file.seek(self._read[path])
                new = file.read()
            self._read[path] += len(new)
            self._acknowledged += new.count(b'"type": "ok"')
        return self._acknowledged

    def finish(self) -> None:
        """Waits until everything was tried, and has what is unknown settled."""
        for process in self._processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "performed\n"
        for process in self._processes:
            assert process.communicate("the faults are over\n", timeout=2 * PATIENCE_SECONDS)
            assert process.returncode == 0


def _operations(backend: Backend, load: Load) -> list[dict[str, object]]:
    """Drop-offs of which no two use the same code for the same material in the same minute.

    Each point and each member gets so many per hour of the clock: its code has usage limits.
    """
    city = a_city(backend, members=load.members)
    tokens = [city.token(member) for member in city.scene.members]
    now = backend.clock.now()
    codes = list(_codes(city, load.points, now))
    block = min(load.points * PER_POINT_HOUR, load.members * HOURLY_SHARE)
    latest = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    return [
        {
            "member": city.scene.members[number % load.members],
            "token": tokens[number % load.members],
            "body": {
                "reference": f"history-{number:08d}",
                "kind": "recycling.drop_off",
                "occurred_at": (
                    latest
                    - timedelta(hours=number // block)
                    + timedelta(minutes=number // load.members % 60)
                ).isoformat(),
                "facts": {"material": MATERIALS[number % len(MATERIALS)], "mass": "0.05"},
                "evidence": {"code": codes[number % load.points], "position": POSITION_SENT},
            },
        }
        for number in range(load.awards)
    ]


def _codes(city: City, points: int, now: datetime) -> Iterator[str]:
    with city.backend.engine.begin() as db:
        for number in range(points):
            point = a_point(
                db,
                city.scene.institution_id,
                now,
                name=f"{number + 1} 号投放点",
            )
            yield point.url


def _quiesce(backend: Backend, until: Callable[..., None]) -> None:
    """Waits until everything that follows from the awards has happened, while it gets less."""

    def waiting() -> int:
        with backend.engine.begin() as db:
            left = db.execute(text("SELECT count(*) FROM outbox WHERE done_at IS NULL"))
            return int(left.scalar_one())

    with backend.engine.begin() as db:
        # What was handed out and lost comes round again after ten seconds: let them pass.
        db.execute(text("UPDATE outbox SET available_at = now() WHERE done_at IS NULL"))
    left = waiting()
    while left:
        before = left
        until(lambda: waiting() < before, f"the {before} of the outbox are fewer")  # noqa: B023 - called at once
        left = waiting()


def _ledger(db: Connection) -> dict[str, list[Award]]:
    """By reference, the awards in the book: an action counts once for each award of it."""
    rows = db.execute(
        text(
            "SELECT a.reference, a.id, a.reduction_mg, a.points_mpt FROM action a"
            " LEFT JOIN entry e ON e.action_id = a.id AND e.kind = 'award' ORDER BY a.id"
        )
    )
    awards: defaultdict[str, list[Award]] = defaultdict(list)
    for reference, *award in rows:
        awards[reference].append(Award(*award))
    return awards


def _held(db: Connection) -> dict[int, tuple[int, int]]:
    rows = db.execute(
        text(
            "SELECT member_id, sum(amount) FILTER (WHERE unit = 'mg'),"
            " sum(amount) FILTER (WHERE unit = 'mpt') FROM balance GROUP BY member_id"
        )
    )
    return {member: (int(mg or 0), int(mpt or 0)) for member, mg, mpt in rows}


def _boards(db: Connection, backend: Backend) -> list[str]:
    """Boards and roll-ups that are not what a rebuild gives."""
    wrong = [f"department-day {each}" for each in jobs.differences(db)]
    now = datetime.now(UTC)
    # What Redis lost is written again by the periodic refresh; here in its place.
    jobs.publish_current(db, backend.redis, now=now)
    season = season_of(business_day(now))
    for board in Board:
        live = published(backend.redis, board=board, season=season)
        if live != queries.groups(db, board=board, season=season):
            wrong.append(f"board {board.value}")
    return wrong


def _findings(backend: Backend) -> list[Finding]:
    with open_books(
        backend.engine,
        backend.redis,
        rulebook=backend.rulebook,
        metadata=METADATA,
        now=backend.clock.now(),
    ) as books:
        return [finding for result in verify(books).results for finding in result.findings]
