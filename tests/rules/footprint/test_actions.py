"""Logged actions: kilometres replace car kilometres; reductions touch assumptions only."""

import pytest

from credit_rules import FactsRefused
from credit_rules.footprint import ActionTotals, Questionnaire, estimate
from credit_rules.footprint.estimating import Estimate

KG = 1_000_000
CAR = {"car_km": "50", "car_type": "petrol", "car_occupants": "1"}


def category(result: Estimate, name: str) -> int:
    return next(each.mg.mid for each in result.categories if each.name == name)


def line(result: Estimate, name: str) -> int:
    return next(amount.mg.mid for amount in result.lines if amount.line.name == name)


def test_a_logged_metro_trip_replaces_those_car_kilometres_only(
    questionnaire: Questionnaire,
) -> None:
    before = estimate(questionnaire, CAR)
    after = estimate(questionnaire, CAR, actions=ActionTotals(kilometres={"metro": 600}))
    assert line(before, "car") == 508_742_000  # 2600 km × 195.67 g
    assert line(after, "car") == 391_340_000  # 2000 km
    assert line(after, "metro") == line(before, "metro")
    logged = [amount for amount in after.lines if amount.logged]
    assert [(amount.line.name, amount.mg.mid) for amount in logged] == [("metro", 25_884_000)]


def test_more_kilometres_than_the_car_has_stop_at_zero(questionnaire: Questionnaire) -> None:
    totals = ActionTotals(kilometres={"bus": "9000", "walking": "9000"})
    after = estimate(questionnaire, CAR, actions=totals)
    assert line(after, "car") == 0
    logged = {a.line.name: a.mg.mid for a in after.lines if a.logged}
    assert logged == {"bus": 137_800_000, "walking": 0}  # 2600 km × 53 g, and none left


def test_a_reduction_comes_off_what_was_assumed(questionnaire: Questionnaire) -> None:
    totals = ActionTotals({"waste": 20 * KG})
    before, after = estimate(questionnaire, {}), estimate(questionnaire, {}, actions=totals)
    assert category(before, "waste") - category(after, "waste") == 20 * KG
    assert category(before, "food") == category(after, "food")


def test_an_answer_already_shows_what_was_saved(questionnaire: Questionnaire) -> None:
    answers = {"residual_waste_kg": "4"}
    totals = ActionTotals({"waste": 20 * KG})
    before = estimate(questionnaire, answers)
    after = estimate(questionnaire, answers, actions=totals)
    assert after.total == before.total


def test_a_reduction_larger_than_the_assumption_stops_at_zero(
    questionnaire: Questionnaire,
) -> None:
    after = estimate(questionnaire, {}, actions=ActionTotals({"waste": 9999 * KG}))
    assert category(after, "waste") == 0
    deducted = next(each.deducted for each in after.categories if each.name == "waste")
    assert deducted.mid == 144_906_580


@pytest.mark.parametrize(
    "actions, field, code",
    [
        (ActionTotals({"food": -1}), "reductions_mg.food", "not_a_number"),
        (ActionTotals({"food": 10**15}), "reductions_mg.food", "not_a_number"),
        (ActionTotals({"food": True}), "reductions_mg.food", "not_a_number"),
        (ActionTotals({"foods": 1}), "reductions_mg.foods", "unknown_field"),
        (ActionTotals(kilometres={"metro": "-5"}), "kilometres.metro", "out_of_bounds"),
        (ActionTotals(kilometres={"metro": "1e3"}), "kilometres.metro", "not_a_number"),
        (ActionTotals(kilometres={"metr": "5"}), "kilometres.metr", "unknown_field"),
    ],
)
def test_bad_totals_name_the_field(
    questionnaire: Questionnaire, actions: ActionTotals, field: str, code: str
) -> None:
    with pytest.raises(FactsRefused) as caught:
        estimate(questionnaire, {}, actions=actions)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == (field, code)
