"""One assessment of a drop-off: validation, blocks, caps and tiers, without rendering the trace."""

import time
from dataclasses import dataclass
from datetime import date

from credit_rules import Facts, Used, assess, load_rulebook

_RUNS = 20_000


@dataclass(frozen=True, slots=True)
class Result:
    """Median time of one assessment in microseconds."""

    p50_us: float


def measure() -> Result:
    """Times single assessments of a drop-off with a counter in use."""
    on = date(2026, 11, 18)
    methodology = load_rulebook().methodology("recycling.drop_off", on)
    facts = Facts(
        methodology_id=methodology.id,
        on=on,
        tier="T1",
        inputs={"material": "paper", "mass": "1.25"},
        used={cap.key: Used(10**9, 10**9, 10**9, 10**9) for cap in methodology.caps},
    )
    times = []
    for _ in range(_RUNS):
        begun = time.perf_counter_ns()
        assess(methodology, facts)
        times.append(time.perf_counter_ns() - begun)
    return Result(p50_us=sorted(times)[_RUNS // 2] / 1000)
