"""Logged actions refine what was left out; an answer covers its period and stays as it is."""

import pytest

from credit_rules import FactsRefused
from credit_rules.footprint import ActionTotals, Questionnaire, estimate, sentences
from credit_rules.footprint.estimating import Estimate

KG = 1_000_000
CAR = {"car_type": "petrol", "car_occupants": "1"}


def category(result: Estimate, name: str) -> int:
    return next(each.mg.mid for each in result.categories if each.name == name)


def line(result: Estimate, name: str) -> int:
    return next(amount.mg.mid for amount in result.lines if amount.line.name == name)


def quantity(result: Estimate, name: str) -> str:
    amount = next(amount for amount in result.lines if amount.line.name == name)
    return amount.line.quantity_text(amount.quantity.mid)


def test_an_answer_covers_its_period_whatever_was_logged_in_it(
    questionnaire: Questionnaire,
) -> None:
    answers = {"car_km": "10", "car_occupants": "1", "metro_km": "50"}
    before = estimate(questionnaire, answers)
    after = estimate(questionnaire, answers, actions=ActionTotals(kilometres={"metro": "600"}))
    assert (quantity(after, "car"), quantity(after, "metro")) == ("520", "2600")
    assert after.total == before.total
    assert after.covered == ("metro",)
    assert "地铁：您已填写里程，已记录的出行在其中，不重复计入。" in sentences(after)


def test_kilometres_within_an_assumption_change_nothing(questionnaire: Questionnaire) -> None:
    """20 km a week by metro are assumed: 600 km a year are among them."""
    before = estimate(questionnaire, CAR)
    after = estimate(questionnaire, CAR, actions=ActionTotals(kilometres={"metro": "600"}))
    assert (quantity(after, "metro"), quantity(after, "car")) == ("1040", "3640")
    assert after.total.mid == before.total.mid


def test_kilometres_beyond_an_assumption_were_not_driven(questionnaire: Questionnaire) -> None:
    after = estimate(questionnaire, CAR, actions=ActionTotals(kilometres={"metro": "2000"}))
    assert (quantity(after, "metro"), quantity(after, "car")) == ("2000", "2680")


def test_an_answered_drive_stays_beside_what_was_logged(questionnaire: Questionnaire) -> None:
    answers = CAR | {"car_km": "10"}
    totals = ActionTotals(kilometres={"metro": "2000", "ebike": "500", "walking": "900"})
    after = estimate(questionnaire, answers, actions=totals)
    assert (quantity(after, "car"), quantity(after, "metro")) == ("520", "2000")
    logged = {a.line.name: a.mg.mid for a in after.lines if a.logged}
    assert logged == {"ebike": 6_115_000, "walking": 0}  # 500 km x 12.23 g


def test_more_kilometres_than_were_assumed_by_car_stop_at_zero(
    questionnaire: Questionnaire,
) -> None:
    totals = ActionTotals(kilometres={"bus": "9000", "walking": "9000"})
    after = estimate(questionnaire, CAR, actions=totals)
    assert (quantity(after, "car"), quantity(after, "bus")) == ("0", "9000")


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
