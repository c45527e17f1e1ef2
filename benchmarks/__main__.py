"""Runs the benchmarks, prints a table, writes build/bench.json; 1 where a binding target fails."""

import json
import sys
from pathlib import Path

from benchmarks import drop_off, history, ledger, rules, tamper_evidence
from benchmarks.installation import installation
from benchmarks.row import BenchRow

OUTPUT = Path("build/bench.json")


def main() -> int:
    """Measures everything."""
    with installation() as where:
        # First, while all there is was credited by rules: others post awards with fixed figures.
        gone_through = history.rows(where)
        logged = drop_off.measure(where)
        posted = ledger.measure(where)
        tree = tamper_evidence.rows(where)
    rows = [
        BenchRow("drop-off over HTTP, 16 connections", logged.per_second, "/s", 500, at_least=True),
        BenchRow("  ratio to the bare function's route", logged.ratio, "x", 0.5, at_least=True),
        BenchRow("  p99", logged.p99_ms, "ms", 80, at_least=False),
        BenchRow("  failed answers", logged.failed, "", 0, at_least=False),
        BenchRow(
            "an award through the service layer", posted.service_ratio, "x", 0.6, at_least=True
        ),
        BenchRow("  in batches of 100, to one by one", posted.batch_ratio, "x", 5, at_least=True),
        BenchRow("  16 writers into one campaign", posted.shared_ratio, "x", 0.9, at_least=True),
        BenchRow("API worker memory", logged.worker_mb, "MB", 120, at_least=False),
        *tree,
        *gone_through,
        *rules.rows(),
    ]
    _print(rows, floor=logged.floor_per_second)
    OUTPUT.parent.mkdir(exist_ok=True)
    figures = {row.name.strip(): {"value": row.value, "target": row.target} for row in rows}
    OUTPUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.good or not row.binding for row in rows) else 1


def _print(rows: list[BenchRow], *, floor: float) -> None:
    print(f"floor: bare Flask route calling one SQL function: {floor:,.0f}/s")
    for row in rows:
        print(row)


if __name__ == "__main__":
    sys.exit(main())
