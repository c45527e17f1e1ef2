"""History under a draft: counters worked out anew, refusals named, members never."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, text

from backend.actions.exclusions import ExcludedError
from backend.clock import business_day
from backend.errors import InvalidInputError
from backend.rulebook.service import register
from backend.simulation.policy import Refusal, Simulation
from backend.simulation.processes import ALONE, Spread
from backend.simulation.service import simulate
from credit_rules import Draft, Rulebook, load_draft, load_rulebook
from credit_rules.loading import SHIPPED
from tests.builders.actions import an_action
from tests.builders.claims import log_for
from tests.builders.drafts import a_draft, a_stricter_drop_off
from tests.builders.scene import Scene, a_scene
from tests.conftest import NOW

DROP_OFF = "recycling.drop_off"
MUSEUM = "culture.museum_visit"
CLAIMS: tuple[tuple[str, dict[str, str]], ...] = (
    ("commute.bicycle", {"distance": "3"}),
    ("commute.bus", {"distance": "4"}),
    ("commute.car_free_day", {"habit": "drives", "restricted": "no"}),
    ("dining.clean_plate", {}),
    ("dining.small_portion", {}),
    ("dining.small_portion", {}),
    ("office.paperless", {"sheets": "9"}),
)
PAPER = {"material": "paper", "mass": "2"}
VISIT = {"venue": "museum"}
FIRST = business_day(NOW)
Log = Callable[..., None]


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook()


@pytest.fixture
def scene(db: Connection, rulebook: Rulebook) -> Scene:
    register(db, rulebook)
    return a_scene(db, NOW)


@pytest.fixture
def log(db: Connection, rulebook: Rulebook, scene: Scene) -> Log:
    """Logs an action of the member of a number, so many days and hours after the first."""

    def logged(member: int, kind: str, *, days: int = 0, hours: int = 0, **facts: str) -> None:
        an_action(
            db,
            rulebook=rulebook,
            member_id=scene.members[member],
            kind=kind,
            facts=facts,
            at=NOW + timedelta(days=days, hours=hours),
        )

    return logged


def run(
    db: Connection, draft: Draft, *, first: date = FIRST, days: int = 30, spread: Spread = ALONE
) -> Simulation:
    last = first + timedelta(days=days)
    return simulate(db, draft, first=first, last=last, tell=lambda _: None, spread=spread)


@pytest.fixture
def stricter(rulebook: Rulebook, tmp_path: Path) -> Draft:
    return load_draft(a_stricter_drop_off(tmp_path / "draft"), rulebook)


def test_the_rules_in_force_change_nothing(db: Connection, rulebook: Rulebook, log: Log) -> None:
    for days in range(3):
        for member in range(3):
            # Past every cap of the day, and of two kinds that share nothing.
            log(member, DROP_OFF, days=days, material="mixed", mass="9")
            log(member, MUSEUM, days=days, hours=1, venue="museum")
            log(member, DROP_OFF, days=days, hours=2, material="battery", mass="3.7")
    found = run(db, load_draft(SHIPPED, rulebook))
    assert found.total.actions == 27
    for sums in (
        found.total,
        *found.kinds.values(),
        *found.departments.values(),
        *found.members.values(),
    ):
        assert sums.points_after_mpt == sums.points_before_mpt > 0
        assert sums.reduction_after_mg == sums.reduction_before_mg
    assert not found.refusals


def test_the_rules_in_force_exclude_what_they_excluded(
    db: Connection, rulebook: Rulebook, scene: Scene
) -> None:
    log, random = log_for(db, scene), Random(11)  # noqa: S311 - reproducible, no secret
    refused = between_meals = 0
    for _ in range(150):
        kind, facts = random.choice(CLAIMS)
        ago = timedelta(minutes=random.randrange(60, 2_000))
        try:
            log(kind, facts, member=random.randrange(3), occurred_at=NOW - ago, now=NOW)
        except ExcludedError:
            refused += 1
        except InvalidInputError:
            between_meals += 1
    assert min(refused, between_meals) > 10
    week_ago = FIRST - timedelta(days=6)
    found = run(db, load_draft(SHIPPED, rulebook), first=week_ago)
    assert (found.total.actions, found.total.refused) == (150 - refused - between_meals, 0)
    for sums in (found.total, *found.members.values()):
        assert sums.points_after_mpt == sums.points_before_mpt > 0


def test_a_draft_decides_by_its_own_clock(
    db: Connection, rulebook: Rulebook, scene: Scene, tmp_path: Path
) -> None:
    """Meals by the hours of the draft, whatever was stored; days by the day of the action."""
    log, plate, parked = log_for(db, scene), "dining.clean_plate", "commute.car_free_day"
    late, early = NOW - timedelta(hours=15), NOW - timedelta(hours=17)  # 19:00 and 17:00
    log(plate, {}, occurred_at=late)
    log(plate, {}, occurred_at=early, member=1)
    # The draft begins on a Saturday; this Tuesday was a working day.
    log(parked, {"habit": "drives", "restricted": "no"}, occurred_at=late)
    later_dinner = ('when = [["16:30", "21:00"]]', 'when = [["18:00", "21:00"]]')
    folder = a_draft(tmp_path / "draft", plate, later_dinner)
    examples = [("on = 2026-01-05", "on = 2026-11-30")] * 7
    examples += [("on = 2026-02-28", "on = 2026-11-30")]
    a_draft(folder, parked, *examples, start="2026-11-28")
    found = run(db, load_draft(folder, rulebook), first=FIRST - timedelta(days=1))
    assert found.refusals == {Refusal(plate, "meal", "not_eligible"): 1}
    assert found.kinds[parked].points_after_mpt == found.kinds[parked].points_before_mpt > 0


def test_shares_of_members_come_to_the_same(db: Connection, log: Log, stricter: Draft) -> None:
    for number in range(24):
        log(number % 5, DROP_OFF, hours=number % 7, material="glass", mass=f"{number + 1}")
    whole = run(db, stricter)
    for actions in (1, 5, 9):
        assert run(db, stricter, spread=replace(ALONE, actions=actions)) == whole
    assert (whole.total.refused, whole.read) == (12, 24)


def test_caps_and_tiers_are_worked_out_under_the_draft(
    db: Connection, log: Log, stricter: Draft
) -> None:
    # 2 kg of paper at T2: 10 + 4 points of mass and 5 for the day's first, 3 under the draft.
    log(0, DROP_OFF, material="paper", mass="2")
    # Another 2 kg: 8 points of mass.
    log(0, DROP_OFF, hours=1, material="paper", mass="2")
    # 0.5 kg of batteries count as 5 kg: 4 + 4 of mass, of which the day's 30 leave 3; 5 after.
    log(0, DROP_OFF, hours=2, material="battery", mass="0.5")
    found = run(db, stricter)
    # Had the stored counters been read, the third would have earned 3 and the day 28.
    assert (found.total.points_before_mpt, found.total.points_after_mpt) == (30_000, 30_000)
    assert found.total.reduction_after_mg == found.total.reduction_before_mg == 1_180_000


def test_an_award_that_was_taken_back_is_left_out(
    db: Connection, log: Log, stricter: Draft
) -> None:
    log(0, DROP_OFF, material="paper", mass="2")
    log(0, DROP_OFF, hours=1, material="paper", mass="2")
    db.execute(
        text("SELECT ledger_reverse_action(min(id), NULL, '重复', '2026-11-18') FROM action")
    )
    found = run(db, stricter)
    # What is left is the day's first: 10 + 4 + 3.
    assert (found.total.actions, found.total.points_after_mpt) == (1, 17_000)


def test_a_refused_action_uses_nothing_and_its_reason_is_told(
    db: Connection, log: Log, stricter: Draft, scene: Scene
) -> None:
    log(0, DROP_OFF, material="glass", mass="12.01")
    log(0, DROP_OFF, hours=1, material="paper", mass="2")
    found = run(db, stricter)
    # The second is the day's first under the draft: 10 + 4 + 3.
    assert found.total.points_after_mpt == 17_000
    assert (found.total.actions, found.total.refused) == (2, 1)
    reason = Refusal(DROP_OFF, "mass", "out_of_bounds")
    assert found.refusals == {reason: 1}
    assert "12" in found.sentences[reason]
    assert found.departments[scene.departments[0]].refused == 1


def test_what_the_draft_excludes_is_refused_in_the_order_of_posting(
    db: Connection, rulebook: Rulebook, log: Log, tmp_path: Path
) -> None:
    for member in range(2):
        log(member, DROP_OFF if member else MUSEUM, **(PAPER if member else VISIT))
        log(member, MUSEUM if member else DROP_OFF, hours=1, **(VISIT if member else PAPER))
    excludes = f'[[excludes]]\nmethodology = "{MUSEUM}"\nperiod = "day"\n\n'
    files = a_draft(tmp_path / "draft", DROP_OFF, ("[[examples]]", f"{excludes}[[examples]]"))
    found = run(db, load_draft(files, rulebook))
    assert found.refusals == {
        Refusal(DROP_OFF, "credited", "excluded"): 1,
        Refusal(MUSEUM, "credited", "excluded"): 1,
    }


def test_the_days_before_fill_the_counters_and_count_for_nothing_else(
    db: Connection, rulebook: Rulebook, log: Log, tmp_path: Path
) -> None:
    # 20 points a month: the fifth visit of the month earns nothing.
    for days in range(5):
        log(0, MUSEUM, days=days, venue="museum")
    last = FIRST + timedelta(days=4)
    found = run(db, load_draft(SHIPPED, rulebook), first=last)
    assert (found.total.actions, found.total.points_after_mpt) == (1, 0)
    # The limit is shared: a later figure in the one file it stands in is the whole draft.
    generous = tmp_path / "draft"
    generous.mkdir()
    month = 'source = "culture_points"\nvalues = [{ from = 2026-01-01, amount = "20 point" }'
    text = (SHIPPED / "rulebook.toml").read_text("utf-8")
    assert text.count(month) == 1
    later = f'{month}, {{ from = 2027-01-01, amount = "22 point" }}'
    (generous / "rulebook.toml").write_text(text.replace(month, later), "utf-8")
    found = run(db, load_draft(generous, rulebook), first=last)
    assert found.total.points_after_mpt == 2_000


def test_members_are_told_in_groups_of_five_or_more(
    db: Connection, log: Log, stricter: Draft
) -> None:
    for member in range(4):
        log(member, DROP_OFF, material="paper", mass=str(member + 1))
    assert run(db, stricter).deciles() == ()
    for member in range(4, 12):
        log(member, MUSEUM, venue="museum")
    first, second = run(db, stricter).deciles()
    assert (first.number, first.members, second.members) == (1, 6, 6)
    # Visitors have 5 points and keep them; of the four that dropped off each loses 2.
    assert (first.winners, first.losers) == (0, 0)
    assert (second.winners, second.losers) == (0, 4)
    assert second.points_before_mpt - second.points_after_mpt == 8_000
