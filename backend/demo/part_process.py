"""The process that loads one part of a demo city; started by `backend.demo.processes`.

It writes lines of progress, then `ready`, and commits when told `commit` on its input. When the
input ends instead, its starter is gone: it stops at once, and nothing is kept.
"""

import os
import sys
from collections.abc import Sequence
from datetime import date, datetime
from threading import Event, Thread

from backend.bootstrap import application_engine, build
from backend.clock import FixedClock
from backend.demo.loading import LoadingSpan, Part, Progress, load
from backend.demo.organisation import build_ground
from backend.demo.scale import scale_named
from backend.settings import Settings

READY = "ready"
COMMIT = "commit"


def arguments(part: Part, span: LoadingSpan) -> tuple[str, ...]:
    """The command line that `main` reads a part and a span from."""
    return (
        part.scale.name,
        str(part.number),
        str(part.of),
        span.first.isoformat(),
        span.now.isoformat(),
    )


def written(progress: Progress) -> str:
    """A line of progress."""
    return f"{progress.members} {progress.actions} {progress.day or '-'}"


def read(line: str) -> Progress:
    """What `written` wrote."""
    members, actions, day = line.split()
    return Progress(int(members), int(actions), None if day == "-" else date.fromisoformat(day))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _obey(told: Event) -> None:
    """Waits for the order to commit, or for the end of whoever would give it."""
    if sys.stdin.readline().strip() != COMMIT:
        os._exit(1)
    told.set()


def main(argv: Sequence[str]) -> None:
    """Loads the part that the arguments name; the settings come from the environment."""
    scale, number, of, first, now = argv
    part = Part(scale_named(scale), int(number), int(of))
    span = LoadingSpan(date.fromisoformat(first), datetime.fromisoformat(now))
    backend = build(Settings.from_env(), clock=FixedClock(span.now))
    engine = application_engine(backend.settings, pool_size=1, jobs=True)
    told = Event()
    Thread(target=_obey, args=(told,), daemon=True).start()
    with engine.connect() as db:
        db.exec_driver_sql("SET statement_timeout = 0")
        ground = build_ground(db, part.scale, now=span.entered)
        load(db, backend, part, ground, span, lambda progress: _say(written(progress)))
        _say(READY)
        told.wait()
        db.commit()


if __name__ == "__main__":
    main(sys.argv[1:])
