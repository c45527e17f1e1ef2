"""Runs the benchmarks, prints a table and writes build/bench.json; exits 1 on a missed target."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks import drop_off, rules
from benchmarks.installation import installation

OUTPUT = Path("build/bench.json")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure with its target; `at_least` says on which side of it the figure must lie."""

    name: str
    value: float
    unit: str
    target: float
    at_least: bool

    @property
    def good(self) -> bool:
        """Whether the target is met."""
        return self.value >= self.target if self.at_least else self.value <= self.target


def main() -> int:
    """Measures everything."""
    with installation() as where:
        logged = drop_off.measure(where)
    assessed = rules.measure()
    rows = [
        Row("drop-off over HTTP, 16 connections", logged.per_second, "/s", 500, at_least=True),
        Row("  ratio to the bare function's route", logged.ratio, "x", 0.5, at_least=True),
        Row("  p99", logged.p99_ms, "ms", 80, at_least=False),
        Row("  failed answers", logged.failed, "", 0, at_least=False),
        Row("API worker memory", logged.worker_mb, "MB", 120, at_least=False),
        Row("assess a drop-off, p50", assessed.p50_us, "us", 100, at_least=False),
    ]
    _print(rows, floor=logged.floor_per_second)
    OUTPUT.parent.mkdir(exist_ok=True)
    figures = {row.name.strip(): {"value": row.value, "target": row.target} for row in rows}
    OUTPUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.good for row in rows) else 1


def _print(rows: list[Row], *, floor: float) -> None:
    print(f"floor: bare Flask route calling one SQL function: {floor:,.0f}/s")
    for row in rows:
        sign = ">=" if row.at_least else "<="
        verdict = "ok" if row.good else "MISSED"
        print(
            f"{row.name:<40} {row.value:>10,.2f} {row.unit:<3} ({sign} {row.target:g})  {verdict}"
        )


if __name__ == "__main__":
    sys.exit(main())
