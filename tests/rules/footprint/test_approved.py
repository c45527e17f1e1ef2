"""What a person is told of their footprint: sentences, JSON and questions, as approved."""

import json
from decimal import Decimal

import pytest

from credit_rules import FactsRefused
from credit_rules.canonical import canonical_bytes, digest
from credit_rules.footprint import (
    ActionTotals,
    Questionnaire,
    compare_with_median,
    describe_questionnaire,
    estimate,
    sentences,
    to_json,
)
from credit_rules.inputs import InputValue
from tests.rules.approval import approve

Options = dict[str, object]
LOGGED = ActionTotals(
    {"waste": 20_000_000, "food": 5_000_000},
    {"metro": "600", "walking": Decimal(100), "bicycle": 20},
)
ANSWERED: dict[str, tuple[dict[str, InputValue], Options]] = {
    "nothing answered": ({}, {}),
    "aviation in Beijing": (
        {"flight_km": "10000"},
        {"region": "北京", "radiative_forcing": True},
    ),
    "a car and logged trips": (
        {"car_km": "50", "car_type": "petrol", "car_occupants": "1.5"},
        {"actions": LOGGED},
    ),
    "more logged than driven": (
        {"car_km": "1", "red_meat_meals": 14},
        {"actions": ActionTotals(kilometres={"metro": "900", "bus": "900"})},
    ),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_an_estimate_is_told_as_approved(questionnaire: Questionnaire, name: str) -> None:
    answers, options = ANSWERED[name]
    result = estimate(questionnaire, answers, **options)  # type: ignore[arg-type] # spelt right
    said = digest(canonical_bytes(to_json(result)))
    approve("footprint", name, [*sentences(result), said])


def test_all_answers_are_told_as_approved(
    questionnaire: Questionnaire, all_answers: dict[str, str]
) -> None:
    result = estimate(questionnaire, all_answers)
    assert sentences(result)[-1] == "全年合计约 4500 kg（3300–5900 kg），全部问题都由您填写。"
    found = to_json(result)
    lines = json.dumps(found["lines"], ensure_ascii=False, indent=1).splitlines()
    approve("footprint", "the lines of all answers", lines[:120])
    approve("footprint", "all answers", [digest(canonical_bytes(found))])


def test_the_questions_are_told_as_approved(questionnaire: Questionnaire) -> None:
    whole = describe_questionnaire(questionnaire)
    said = json.dumps(whole, ensure_ascii=False, indent=1).splitlines()
    approve("footprint", "questions", [*said[:60], digest(canonical_bytes(whole))])


@pytest.mark.parametrize(
    "own, others",
    [
        (900, [1000] * 5),
        (899, [1000] * 5),
        (1100, [1000] * 5),
        (1101, [1000] * 5),
        (1, [1, 2, 3, 4, 5, 6]),
        (0, [0] * 5),
    ],
)
def test_a_comparison_is_told_as_approved(own: int, others: list[int]) -> None:
    found = compare_with_median(own * 10**6, [each * 10**6 for each in others])
    assert found is not None
    said = [found.sentence, found.relation, found.median_kg, str(found.people)]
    approve("footprint", f"{own} among {others}", said)


REFUSED: dict[str, tuple[dict[str, InputValue], Options]] = {
    "too many meals": ({"red_meat_meals": "10", "vegetarian_meals": "4.5"}, {}),
    "unknown": ({"car_kms": "1", "x" * 50: "1"}, {}),
    "bounds": ({"car_km": "3001", "car_type": "pertol", "devices": "0.01"}, {}),
    "region": ({}, {"region": "浙江省" + "长" * 30}),
    "actions": (
        {},
        {
            "actions": ActionTotals(
                {"wast": 1, "waste": -1, "food": 10**15}, {"metr": "1", "metro": "-1", "bus": "x"}
            )
        },
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_told_as_approved(questionnaire: Questionnaire, name: str) -> None:
    answers, options = REFUSED[name]
    with pytest.raises(FactsRefused) as refused:
        estimate(questionnaire, answers, **options)  # type: ignore[arg-type] # spelt right
    problems = refused.value.problems
    approve("footprint", name, [f"{p.field} [{p.code}] {p.sentence}" for p in problems])
