"""The rules engine: assessments, one history under rules, a hundred files loaded, footprints."""

import tempfile
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from benchmarks import by_hand, engines
from benchmarks.row import BenchRow
from benchmarks.timing import best_of
from credit_rules import Facts, Methodology, Used, assess, load_rulebook
from credit_rules.canonical import digest, json_bytes
from credit_rules.checking import STANDARDS_FILE
from credit_rules.footprint import estimate, load_questionnaires
from credit_rules.history import HistoryAward, HistoryRun, PastAction
from credit_rules.loading import SHIPPED

ON: Final = date(2026, 11, 18)
SINGLE, RIDES = 64, 512
ACTIONS, PEOPLE, DAYS = 50_000, 5_000, 10
FILES: Final = 100
FOOTPRINTS: Final = 500
_RULEBOOK: Final = Path(__file__).parent / "rulebook"


def rows() -> list[BenchRow]:
    """Measures everything; processor time, best of several rounds."""
    metro = load_rulebook(_RULEBOOK).version("bench.metro", 1)
    return [*_single(), *_engines(metro), *_history(metro), *_loading(), _footprints()]


def _single() -> list[BenchRow]:
    methodology = load_rulebook().methodology("recycling.drop_off", ON)
    facts = list(_drop_offs(methodology))
    traces = []
    for one in facts:
        result, (mg, mpt, usage) = assess(methodology, one), by_hand.drop_off(one)
        assert (result.reduction_mg, result.points_mpt, result.usage) == (mg, mpt, usage)
        traces.append(result.trace.to_json())

    def assessed() -> None:
        for one in facts:
            assess(methodology, one).trace.digest()

    def reckoned() -> None:
        for one, trace in zip(facts, traces, strict=True):
            by_hand.drop_off(one)
            digest(json_bytes(trace))

    ours, floor = best_of(200, assessed, reckoned)
    micros = 1e6 / SINGLE
    return [
        BenchRow(
            "assess a drop-off, digest of its trace",
            ours * micros,
            "us",
            60,
            at_least=False,
            binding=False,
        ),
        BenchRow("  ratio to the rule and its trace by hand", ours / floor, "x", 1, at_least=False),
        BenchRow("  the rule and its trace by hand", floor * micros, "us", None, at_least=False),
    ]


def _drop_offs(methodology: Methodology) -> Iterable[Facts]:
    random = Random(1)  # noqa: S311 - the same drop-offs in every run, no secret
    materials = [choice.value for choice in methodology.inputs["material"].choices]
    for _ in range(SINGLE):
        mass = random.randint(1, 5_000)
        yield Facts(
            methodology.id,
            ON,
            random.choice(("T1", "T2", "T3", "T4")),
            {"material": random.choice(materials), "mass": f"{mass // 100}.{mass % 100:02d}"},
            {
                cap.key: Used(*(random.randrange(2 * 10**10) for _ in range(4)))
                for cap in methodology.caps
            },
        )


def _engines(metro: Methodology) -> list[BenchRow]:
    random = Random(2)  # noqa: S311 - the same rides in every run, no secret
    rides = [
        {
            "d": random.randint(1, 600),
            "r": random.randint(0, 6_000_000),
            "k": random.randint(0, 400),
            "p": random.randint(0, 120_000),
        }
        for _ in range(RIDES)
    ]
    found = engines.compare(metro, rides)
    return [
        BenchRow(
            "one rule: by hand, numbers in and out", found.by_hand_us, "us", None, at_least=False
        ),
        BenchRow("  this engine, checked, explainable", found.ours_us, "us", None, at_least=False),
        *(
            BenchRow(f"  {name}", us, "us", None, at_least=False)
            for name, us in found.others_us.items()
        ),
    ]


def _history(metro: Methodology) -> list[BenchRow]:
    random, first = Random(3), metro.effective_from  # noqa: S311 - the same rides in every run
    rides = [
        (random.randrange(PEOPLE), random.randrange(DAYS), random.randint(1, 600))
        for _ in range(ACTIONS)
    ]
    actions = [
        PastAction(
            metro.id,
            first + timedelta(days=day),
            member,
            "T4",
            {"distance": f"{distance // 10}.{distance % 10}"},
        )
        for member, day, distance in rides
    ]

    def ran() -> list[HistoryAward]:
        run = HistoryRun(load_rulebook(_RULEBOOK))
        return [run.award(action) for action in actions]

    found = ran()
    totals = sum(each.reduction_mg for each in found), sum(each.points_mpt for each in found)
    assert totals == by_hand.replayed(rides)
    ours, floor = best_of(3, ran, lambda: by_hand.replayed(rides))
    return [
        BenchRow(
            "past actions under rules, one process",
            ACTIONS / ours,
            "/s",
            20_000,
            at_least=True,
            binding=False,
        ),
        BenchRow("  ratio to the rule by hand", ours / floor, "x", 15, at_least=False),
    ]


def _loading() -> list[BenchRow]:
    with tempfile.TemporaryDirectory(prefix="tanpuhui-bench-") as folder:
        _copies(Path(folder))
        assert len(load_rulebook(Path(folder)).all_versions()) == FILES
        (seconds,) = best_of(8, lambda: load_rulebook(Path(folder)))
    return [BenchRow("load, check, compile 100 files", seconds * 1e3, "ms", 300, at_least=False)]


def _copies(folder: Path) -> None:
    """A hundred files: the shipped ones several times over, under other ids."""
    shipped = [path for path in sorted(SHIPPED.glob("*.toml")) if path.name != STANDARDS_FILE]
    names = {path.name.rsplit(".v", 1)[0] for path in shipped}
    full, rest = divmod(FILES, len(shipped))
    # What excludes nothing can be copied without the others.
    alone = [path for path in shipped if "[[excludes]]" not in path.read_text(encoding="utf-8")]
    sets = [*([shipped] * full), alone[:rest]]
    for number, paths in enumerate(sets):
        for path in paths:
            text = path.read_text(encoding="utf-8")
            for name in names if number else ():
                for after in '".:':
                    text = text.replace(f'"{name}{after}', f'"{name}_copy{number}{after}')
            (folder / f"{number}.{path.name}").write_text(text, encoding="utf-8")


def _footprints() -> BenchRow:
    questionnaire = load_questionnaires().on(ON)
    answers = {
        "car_km": "100",
        "car_type": "hybrid",
        "metro_km": "80",
        "flight_km": "2400",
        "household_size": "3",
        "electricity_kwh": "300",
        "red_meat_meals": "2",
        "clothes_items": "12",
        "office_kwh": "1500",
    }
    (seconds,) = best_of(7, lambda: [estimate(questionnaire, answers) for _ in range(FOOTPRINTS)])
    return BenchRow("footprint estimates", FOOTPRINTS / seconds, "/s", 5_000, at_least=True)
