"""The process that loads one part of a demo city; started by `backend.demo.processes`.

It writes the number of drop-offs logged so far, a line a day, then `ready`, and commits when told
`commit` on its input. Where the input ends instead, its starter is gone, and nothing is kept.
"""

import sys
from collections.abc import Sequence
from datetime import date, datetime

from backend.bootstrap import build
from backend.clock import FixedClock
from backend.db.engine import make_engine
from backend.demo.loading import Part, Span, load
from backend.demo.organisation import build_ground
from backend.demo.scale import scale_named
from backend.settings import Settings

READY = "ready"
COMMIT = "commit"


def arguments(part: Part, span: Span) -> tuple[str, ...]:
    """The command line that `main` reads a part and a span from."""
    return (
        part.scale.name,
        str(part.number),
        str(part.of),
        span.first.isoformat(),
        span.now.isoformat(),
    )


def main(argv: Sequence[str]) -> int:
    """Loads the part that the arguments name; the settings come from the environment."""
    scale, number, of, first, now = argv
    part = Part(scale_named(scale), int(number), int(of))
    span = Span(date.fromisoformat(first), datetime.fromisoformat(now))
    backend = build(Settings.from_env(), clock=FixedClock(span.now))
    engine = make_engine(backend.settings.database_url, pool_size=1, statement_timeout_ms=0)
    logged = 0

    def count(more: int) -> None:
        nonlocal logged
        logged += more
        print(logged, flush=True)  # noqa: T201 - the line its starter reads

    with engine.connect() as db:
        load(db, backend, part, build_ground(db, part.scale, now=span.entered), span, count)
        print(READY, flush=True)  # noqa: T201 - the line its starter reads
        if sys.stdin.readline().strip() != COMMIT:
            return 1
        db.commit()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
