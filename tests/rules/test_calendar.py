"""What the clock decides is never chosen: working days, seasons and meals, from dated data."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from credit_rules import Facts, FactsRefused, Rulebook, RulebookError, assess, load_rulebook
from credit_rules.calendar import DAY_KINDS, HolidayCalendar
from credit_rules.loading import SHIPPED_DATA, load_calendar

PARKED = {"habit": "drives", "restricted": "no"}
SET_POINT = "office.air_conditioning_set_point"
CAR_FREE, PLATE = "commute.car_free_day", "dining.clean_plate"
DAY = date(2026, 3, 4)


@pytest.fixture(scope="module")
def calendar() -> HolidayCalendar:
    return load_calendar(SHIPPED_DATA, [])


@pytest.mark.parametrize(
    "on, kind",
    [
        (date(2026, 1, 1), "holiday"),
        (date(2026, 1, 4), "working_day"),  # a Sunday made up for
        (date(2026, 1, 10), "weekend"),
        (date(2026, 2, 23), "holiday"),
        (date(2026, 2, 24), "working_day"),
        (date(2026, 10, 10), "working_day"),
        (date(2029, 1, 1), "provisional_working_day"),
        (date(2029, 1, 6), "provisional_weekend"),
    ],
)
def test_a_day_is_what_was_published_or_what_its_weekday_says(
    calendar: HolidayCalendar, on: date, kind: str
) -> None:
    assert calendar.kind(on) == kind


def test_a_published_year_has_as_many_working_days_as_the_law_leaves(
    calendar: HolidayCalendar,
) -> None:
    for year in calendar.years:
        kinds = [calendar.kind(date(year, 1, 1) + timedelta(days=n)) for n in range(365)]
        assert set(kinds) == set(DAY_KINDS[:3])
        assert 246 <= kinds.count("working_day") <= 251


def refused(
    rules: Rulebook, kind: str, on: date, inputs: dict[str, str], minute: int | None = None
) -> str:
    with pytest.raises(FactsRefused) as caught:
        assess(rules, Facts(kind, on, "T0", dict(inputs), minute=minute))
    (problem,) = caught.value.problems
    return f"{problem.field} {problem.code} {problem.sentence}"


def test_a_car_free_day_counts_on_working_days_alone(shipped: Rulebook) -> None:
    for free in (date(2026, 10, 1), date(2026, 11, 28)):
        assert "只计工作日" in refused(shipped, CAR_FREE, free, PARKED)
    for working in (date(2026, 10, 10), date(2026, 11, 30)):
        assert assess(shipped, Facts(CAR_FREE, working, "T0", dict(PARKED))).points_mpt == 4_500
    chosen = {**PARKED, "workday": "working"}
    assert refused(shipped, CAR_FREE, date(2026, 11, 28), chosen).startswith("workday decided")


def test_a_year_not_yet_published_counts_weekdays_and_says_so(shipped: Rulebook) -> None:
    monday = Facts(CAR_FREE, date(2029, 1, 1), "T0", dict(PARKED))
    told = "".join(assess(shipped, monday).trace.sentences())
    assert "节假日安排尚未公布，暂按星期计" in told
    assert "只计工作日" in refused(shipped, CAR_FREE, date(2029, 1, 6), PARKED)


def test_nobody_cools_in_december(shipped: Rulebook) -> None:
    december, july, april = date(2026, 12, 1), date(2026, 7, 1), date(2026, 4, 30)
    for on, degrees in ((december, "20"), (july, "26")):
        assert assess(shipped, Facts(SET_POINT, on, "T2", {"temperature": degrees})).points_mpt
    assert "冬季制热不高于 20" in refused(shipped, SET_POINT, december, {"temperature": "26"})
    assert "夏季制冷不低于 26" in refused(shipped, SET_POINT, july, {"temperature": "25.5"})
    assert "不计空调温度" in refused(shipped, SET_POINT, april, {"temperature": "26"})
    summer = {"temperature": "26", "season": "summer"}
    assert refused(shipped, SET_POINT, december, summer).startswith("season decided")


@pytest.mark.parametrize(
    "minute, meal", [(7 * 60, "breakfast"), (12 * 60, "lunch"), (18 * 60 + 30, "dinner")]
)
def test_a_meal_is_that_of_its_time(shipped: Rulebook, minute: int, meal: str) -> None:
    for inputs in (dict[str, str](), {"meal": meal}):
        facts = Facts(PLATE, DAY, "T2", dict(inputs), minute=minute)
        assert assess(shipped, facts).points_mpt == 4_000
    other = next(each for each in ("lunch", "dinner") if each != meal)
    assert refused(shipped, PLATE, DAY, {"meal": other}, minute).startswith("meal decided")


def test_there_is_no_dinner_at_four_in_the_morning(shipped: Rulebook) -> None:
    assert "请在用餐时记录" in refused(shipped, PLATE, DAY, {}, 4 * 60)


def test_a_member_is_not_asked_what_the_clock_decides(shipped: Rulebook) -> None:
    asked = {m.id: [spec.name for spec in m.asked] for m in shipped.all_versions()}
    assert asked[SET_POINT] == ["temperature"]
    assert asked[CAR_FREE] == ["habit", "restricted"]
    assert asked[PLATE] == asked["dining.small_portion"] == []


@pytest.mark.parametrize(
    "old, new, says",
    [
        ("when = [5, 6, 7, 8, 9]", "when = [5, 6, 7, 8, 12]", "落在两个选项里"),
        ("when = [5, 6, 7, 8, 9]", "when = [13]", "月份写 1 到 12"),
        (", otherwise = true", ", when = [4]", "不属于任何选项"),
        ('decided_by = "month"', 'decided_by = "moon"', "不允许的值“moon”"),
    ],
)
def test_every_moment_belongs_to_one_choice(
    shipped_folder: Path, old: str, new: str, says: str
) -> None:
    name = f"{SET_POINT}.v1.toml"
    text = (SHIPPED_DATA.parent / "methods" / name).read_text("utf-8")
    assert old in text
    (shipped_folder / name).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(RulebookError, match=says):
        load_rulebook(shipped_folder)
