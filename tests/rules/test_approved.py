"""What members are told: every worked example in sentences, every refusal, every description."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import credit_rules
import credit_rules.energy
import credit_rules.footprint
from credit_rules import Boost, Facts, FactsRefused, NotInForce, Rulebook, assess, describe
from credit_rules.canonical import canonical_bytes, digest
from credit_rules.examples import run_example
from credit_rules.loading import SHIPPED, load_rulebook
from credit_rules.pages import rulebook_pages
from tests.rules.approval import approve

DAY = date(2026, 3, 4)
MIXED = Path(__file__).parent / "files" / "mixed"
BOOKS = {"shipped": SHIPPED, "solo_car": SHIPPED.parent / "rulebooks" / "solo_car", "mixed": MIXED}
LONG = "长" * 5000


@pytest.mark.parametrize("book", BOOKS)
def test_every_worked_example_is_explained_as_approved(book: str) -> None:
    rulebook = load_rulebook(BOOKS[book])
    for methodology in rulebook.all_versions():
        for example in methodology.examples:
            trace = run_example(methodology, example).trace
            name = f"{methodology.id} v{methodology.version} {example.index}"
            # The digest is over all of the trace; one in words for each methodology is to be read.
            words = trace.sentences() if example.index == 0 else []
            approve(f"traces_{book}", name, [*words, trace.digest()])


@pytest.mark.parametrize("book", BOOKS)
def test_every_methodology_is_described_as_approved(book: str) -> None:
    rulebook = load_rulebook(BOOKS[book])
    for methodology in rulebook.all_versions():
        said = digest(canonical_bytes(describe(methodology)))
        approve("descriptions", f"{book} {methodology.id} v{methodology.version}", [said])


def test_the_pages_of_all_blocks_are_as_approved(mixed: Rulebook) -> None:
    for name, text in rulebook_pages(mixed).items():
        approve("pages_mixed", name, text.splitlines())


GOOD = {"material": "paper", "mass": "1"}
REFUSED: dict[str, Facts] = {
    "nothing": Facts("recycling.drop_off", DAY, "T2", {}),
    "everything": Facts("recycling.drop_off", DAY, "T9", {"materiel": "x", "mass": "0"}),
    "tier": Facts("recycling.textile_reuse", DAY, "T0", {}),
    "long": Facts("recycling.drop_off", DAY, LONG, {"material": LONG, LONG: "1", "mass": LONG}),
    "negative": Facts("recycling.drop_off", DAY, "T2", {**GOOD, "mass": "-1"}),
    "too precise": Facts("recycling.drop_off", DAY, "T2", {**GOOD, "mass": "0.015"}),
    "off the step": Facts("commute.steps", DAY, "T3", {"steps": "1.5"}),
    "too precise in grams": Facts("recycling.drop_off", DAY, "T2", {**GOOD, "mass": "15.5 g"}),
    "another unit": Facts("recycling.drop_off", DAY, "T2", {**GOOD, "mass": "1 km"}),
    "no unit": Facts("recycling.drop_off", DAY, "T2", {**GOOD, "mass": "1 斤"}),
    "no choice": Facts("recycling.drop_off", DAY, "T2", {**GOOD, "material": 5}),
    "counters": Facts(
        "recycling.drop_off",
        DAY,
        "T2",
        GOOD,
        {
            "recycling.drop_off:day": credit_rules.Used(points_npt=-1),
            "recycling.dropoff:day": credit_rules.Used(),
        },
    ),
    "too large a boost": Facts(
        "recycling.drop_off", DAY, "T2", GOOD, boost=Boost("地球日", Decimal("3.01"), 1000)
    ),
    "a boost nobody allows": Facts(
        "learning.quiz", DAY, "T3", {"correct": "5"}, boost=Boost("地球日", Decimal(9), 1000)
    ),
    "a boost without budget": Facts(
        "recycling.drop_off", DAY, "T2", GOOD, boost=Boost("地球日", Decimal(2), -1)
    ),
    "excluded": Facts(
        "commute.metro",
        DAY,
        "T4",
        {"distance": "10"},
        credited=frozenset({("commute.bus", "trip"), ("commute.car_free_day", "day")}),
    ),
    "meal": Facts(
        "dining.clean_plate",
        DAY,
        "T2",
        {"meal": "lunch"},
        credited=frozenset({("dining.small_portion", "meal")}),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_every_refusal_is_said_as_approved(shipped: Rulebook, name: str) -> None:
    with pytest.raises(FactsRefused) as refused:
        assess(shipped, REFUSED[name])
    problems = refused.value.problems
    approve("refusals", name, [f"{p.field} [{p.code}] {p.sentence}" for p in problems])
    assert str(refused.value) == "；".join(f"{p.field}: {p.sentence}" for p in problems)


@pytest.mark.parametrize(
    "methodology, on",
    [("recycling.drop_off", date(2025, 12, 31)), ("recycling.dropoff", DAY), ("", DAY)],
)
def test_what_is_not_in_force_is_said_as_approved(
    shipped: Rulebook, methodology: str, on: date
) -> None:
    with pytest.raises(NotInForce) as raised:
        shipped.methodology(methodology, on)
    approve("refusals", f"{methodology} on {on}", [raised.value.sentence])


def test_a_version_that_is_not_there_is_said_as_approved(shipped: Rulebook) -> None:
    with pytest.raises(NotInForce) as raised:
        shipped.version("recycling.drop_off", 9)
    approve("refusals", "version 9", [raised.value.sentence])


@pytest.mark.parametrize("package", [credit_rules, credit_rules.energy, credit_rules.footprint])
def test_a_package_offers_what_it_names(package: object) -> None:
    names = getattr(package, "__all__")  # noqa: B009 - packages are passed as objects
    assert [name for name in names if not hasattr(package, name)] == []
