"""The book under draft rules: how fast `rules simulate` goes through it."""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.actions.simulating import simulate
from backend.clock import business_day
from backend.db.engine import make_engine
from backend.db.snapshot import snapshot
from benchmarks.installation import Installation
from benchmarks.row import Row
from credit_rules import load_draft, load_rulebook
from credit_rules.loading import SHIPPED

_KIND = "recycling.drop_off"


def rows(where: Installation) -> list[Row]:
    """Actions of the book a second, reading included; no target, for it follows from the disk."""
    today = business_day(datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="tanpuhui-bench-") as folder:
        text = (SHIPPED / f"{_KIND}.v1.toml").read_text(encoding="utf-8")
        text = text.replace("version = 1\ntitle", "version = 2\ntitle", 1)
        text = text.replace("from = 2026-01-01", f"from = {today + timedelta(days=1)}")
        (Path(folder) / f"{_KIND}.v2.toml").write_text(text, encoding="utf-8")
        draft = load_draft(Path(folder), load_rulebook())
    engine = make_engine(where.database_url)
    with snapshot(engine) as db:
        begun = time.perf_counter()
        found = simulate(
            db, draft, first=today - timedelta(days=30), last=today, tell=lambda _actions: None
        )
        seconds = time.perf_counter() - begun
    engine.dispose()
    assert found.methodologies[_KIND].keys() == {2}
    return [Row("history under a draft", found.total.actions / seconds, "/s", None, at_least=True)]
