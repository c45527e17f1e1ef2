"""The choices of one question share boundary and year, or their order would mean nothing."""

from pathlib import Path

import pytest

from credit_rules import RulebookError
from credit_rules.footprint import Questionnaire, estimate, load_questionnaires

BOUNDARY = 'boundary = "使用阶段：燃料燃烧与发电"\n'


@pytest.mark.parametrize(
    "old, new",
    [
        (BOUNDARY, 'boundary = "全生命周期"\n'),
        ("year = 2025\n", "year = 2022\n"),
        (f"{BOUNDARY}year = 2025\n", ""),
        (BOUNDARY, ""),
    ],
    ids=["another boundary", "another year", "neither is said", "no boundary"],
)
def test_a_choice_that_cannot_be_compared_is_refused(folder: Path, old: str, new: str) -> None:
    path = folder / "questionnaire.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulebookError) as caught:
        load_questionnaires(folder)
    (found,) = [p for p in caught.value.problems if p.key.endswith("lines[0].factors")]
    assert "核算边界（boundary）和年份（year）" in found.fault


def test_cars_stand_in_the_order_of_what_they_cause_on_the_road(
    questionnaire: Questionnaire,
) -> None:
    def car(kind: str) -> int:
        answers = {"car_km": "100", "car_type": kind, "car_occupants": "1"}
        return estimate(questionnaire, answers).lines[0].mg.mid

    caused = [car(kind) for kind in ("electric", "plug_in", "hybrid", "petrol")]
    assert caused == sorted(caused)


def test_a_logged_mode_counts_in_the_steps_of_its_question(folder: Path) -> None:
    path = folder / "questionnaire.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('line = "metro"', 'line = "taxi"', 1), encoding="utf-8")
    with pytest.raises(RulebookError) as caught:
        load_questionnaires(folder)
    assert any(p.key.endswith("logged_modes[0].line") for p in caught.value.problems)
