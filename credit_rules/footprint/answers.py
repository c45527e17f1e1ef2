"""Reading the answers of one person and the totals of what they logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from credit_rules.errors import FactsRefused, FieldProblem, nearest
from credit_rules.footprint.model import Held, Line, Questionnaire, Triple
from credit_rules.inputs import InputRefused, InputValue

_LONGEST_NAME = 40
_MOST_MG = 10**15


@dataclass(frozen=True, slots=True)
class ActionTotals:
    """What a person logged in the twelve months the footprint is about.

    Args:
        reductions_mg: mg of CO2e avoided by footprint category, as the ledger holds them; without
            the trips whose kilometres are given below.
        kilometres: kilometres of logged low-carbon trips by mode; a text, an int or a Decimal.
    """

    reductions_mg: Mapping[str, int] = field(default_factory=dict)
    kilometres: Mapping[str, InputValue] = field(default_factory=dict)


def read_answers(
    questionnaire: Questionnaire, region: str, answers: Mapping[str, InputValue]
) -> dict[str, Held]:
    """A value for every question.

    Args:
        questionnaire: the version in force.
        region: one of its regions.
        answers: answers by name of the question; a quantity may carry a unit.

    Raises:
        FactsRefused: with every answer that cannot be read; nothing is reckoned.
    """
    problems: list[FieldProblem] = []
    questions = questionnaire.questions
    held = dict(questionnaire.assumed[region])
    for name, value in answers.items():
        question = questions.get(name)
        if question is None:
            problems.append(_unknown(name, questions, ""))
            continue
        try:
            steps = question.reader.read(value)
        except InputRefused as error:
            problems.append(error.problem)
            continue
        held[name] = Held(Triple(steps, steps, steps), None)
    for line in questionnaire.lines:
        if line.remainder:
            _fit(questionnaire, line, held, problems)
    if problems:
        raise FactsRefused(problems)
    return held


def _unknown(name: str, known: Mapping[str, object], prefix: str) -> FieldProblem:
    shown = str(name)[:_LONGEST_NAME]
    return FieldProblem(
        f"{prefix}{shown}", f"不认识“{shown}”。{nearest(shown, known)}", "unknown_field"
    )


def _fit(
    questionnaire: Questionnaire, line: Line, held: dict[str, Held], problems: list[FieldProblem]
) -> None:
    """Answers must fit into the constant they are taken off; what is assumed gives way to them."""
    left = line.constant
    answered = [name for name in line.remainder if held[name].assumption is None]
    for name in answered:
        left -= held[name].values.mid
    if left < 0:
        labels = "”“".join(questionnaire.questions[name].spec.label for name in answered)
        most = line.quantity_text(line.constant)
        problems.append(
            FieldProblem(
                answered[-1],
                f"“{labels}”合计不能超过{line.period.label} {most} {line.unit_label}，"
                "请核对后重填。",
                "out_of_bounds",
            )
        )
    for name in line.remainder:
        values, assumption = held[name]
        if assumption is not None:
            values = values.at_most(Triple(*(max(left, 0),) * 3))
            held[name] = Held(values, assumption)
            left -= values.high


def read_actions(questionnaire: Questionnaire, actions: ActionTotals) -> dict[str, int]:
    """Kilometres by mode in whole steps of the lines they refine.

    Raises:
        FactsRefused: a category or mode is unknown, or a total is no plausible number.
    """
    problems: list[FieldProblem] = []
    for category, total in actions.reductions_mg.items():
        if category not in questionnaire.categories:
            problems.append(_unknown(category, questionnaire.categories, "reductions_mg."))
        elif type(total) is not int or not 0 <= total < _MOST_MG:
            problems.append(
                FieldProblem(
                    f"reductions_mg.{category}",
                    "减排量须是不小于零的整数毫克，请照账本重填。",
                    "not_a_number",
                )
            )
    steps: dict[str, int] = {}
    for mode, kilometres in actions.kilometres.items():
        logged = questionnaire.logged_modes.get(mode)
        if logged is None:
            problems.append(_unknown(mode, questionnaire.logged_modes, "kilometres."))
            continue
        try:
            steps[mode] = logged.reader.read(kilometres)
        except InputRefused as error:
            problem = error.problem
            problems.append(FieldProblem(f"kilometres.{mode}", problem.sentence, problem.code))
    if problems:
        raise FactsRefused(problems)
    return steps
