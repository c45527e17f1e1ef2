"""What holds for all answers: order, sums, direction, and that actions never go below zero."""

from datetime import date
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from credit_rules.footprint import ActionTotals, Triple, estimate, load_questionnaires
from credit_rules.footprint.estimating import Estimate, LineAmount
from credit_rules.footprint.model import Question

QUESTIONNAIRE = load_questionnaires().on(date(2026, 3, 1))
QUANTITIES = [q for q in QUESTIONNAIRE.questions.values() if q.spec.kind == "quantity"]
# More people share more; a vegetarian meal takes the place of one with meat.
FALLING = {"car_occupants", "household_size", "vegetarian_meals"}
MEALS = ("red_meat_meals", "vegetarian_meals")
REGIONS = st.sampled_from(sorted(QUESTIONNAIRE.regions))


def value_of(question: Question) -> st.SearchStrategy[str]:
    spec = question.spec
    if spec.kind == "choice":
        return st.sampled_from([choice.value for choice in spec.choices])
    low, high, step = spec.minimum, spec.maximum, spec.step
    assert low is not None
    assert high is not None
    assert step is not None
    return st.integers(int(low / step), int(high / step)).map(lambda n: str(n * step))


ANSWERS = st.fixed_dictionaries(
    {}, optional={name: value_of(q) for name, q in QUESTIONNAIRE.questions.items()}
)
ACTIONS = st.builds(
    ActionTotals,
    st.dictionaries(st.sampled_from(sorted(QUESTIONNAIRE.categories)), st.integers(0, 10**13)),
    st.dictionaries(
        st.sampled_from(sorted(QUESTIONNAIRE.logged_modes)),
        st.integers(0, 200_000_000).map(lambda m: str(Decimal(m).scaleb(-3))),
    ),
)


def fits(answers: dict[str, str]) -> bool:
    return sum(Decimal(answers.get(name, "0")) for name in MEALS) <= 14


def ordered(mg: Triple) -> bool:
    return 0 <= mg.low <= mg.mid <= mg.high


@settings(max_examples=150)
@given(answers=ANSWERS.filter(fits), actions=ACTIONS, region=REGIONS, forced=st.booleans())
def test_order_and_sums(
    answers: dict[str, str],
    actions: ActionTotals,
    region: str,
    forced: bool,
) -> None:
    result = estimate(
        QUESTIONNAIRE, answers, region=region, radiative_forcing=forced, actions=actions
    )
    assert all(ordered(amount.mg) and ordered(amount.quantity) for amount in result.lines)
    assert all(ordered(category.mg) for category in result.categories)
    for end in range(3):
        in_lines = sum(amount.mg[end] for amount in result.lines)
        deducted = sum(category.deducted[end] for category in result.categories)
        assert result.total[end] == sum(category.mg[end] for category in result.categories)
        assert result.total[end] == in_lines - deducted


@settings(max_examples=150)
@given(data=st.data(), others=ANSWERS, region=REGIONS)
def test_each_answer_has_one_direction(
    data: st.DataObject, others: dict[str, str], region: str
) -> None:
    question = data.draw(st.sampled_from(QUANTITIES))
    first, second = data.draw(value_of(question)), data.draw(value_of(question))
    small, large = sorted((first, second), key=Decimal)
    assume(fits({**others, question.name: large}))

    def total(value: str) -> Triple:
        return estimate(QUESTIONNAIRE, {**others, question.name: value}, region=region).total

    less, more = total(small), total(large)
    if question.name in FALLING:
        less, more = more, less
    if question.name in MEALS and not others.keys() >= set(MEALS) - {question.name}:
        # Meals assumed give way to those answered; their ends are narrowed, not only moved.
        assert less.mid <= more.mid
    else:
        assert all(a <= b for a, b in zip(less, more, strict=True))


@settings(max_examples=100)
@given(answers=ANSWERS.filter(fits), actions=ACTIONS)
def test_no_answer_is_changed_by_what_was_logged(
    answers: dict[str, str], actions: ActionTotals
) -> None:
    after = estimate(QUESTIONNAIRE, answers, actions=actions)
    for name, amount in _by_question(after).items():
        if name in answers:
            assert amount.quantity == _by_question(estimate(QUESTIONNAIRE, answers))[name].quantity
        else:
            assert min(amount.quantity) >= 0


@settings(max_examples=100)
@given(answers=ANSWERS.filter(fits), actions=ACTIONS)
def test_kilometres_beyond_the_assumptions_come_off_an_assumed_car_and_nothing_else(
    answers: dict[str, str], actions: ActionTotals
) -> None:
    before = _by_question(estimate(QUESTIONNAIRE, answers))
    after = estimate(QUESTIONNAIRE, answers, actions=actions)
    lines = _by_question(after)
    alone = sum(amount.quantity.mid for amount in after.lines if amount.logged)
    beyond = alone + sum(
        lines[name].quantity.mid - before[name].quantity.mid for name in ("bus_km", "metro_km")
    )
    came_off = before["car_km"].quantity.mid - lines["car_km"].quantity.mid
    room = 0 if "car_km" in answers else before["car_km"].quantity.mid
    assert came_off == min(beyond, room)


def _by_question(result: Estimate) -> dict[str, LineAmount]:
    return {a.line.question.name: a for a in result.lines if a.line.question is not None}


@settings(max_examples=100)
@given(answers=ANSWERS.filter(fits), more=st.integers(0, 10**12))
def test_more_reductions_never_raise_the_footprint(answers: dict[str, str], more: int) -> None:
    def total(reduction: int) -> Triple:
        categories = dict.fromkeys(QUESTIONNAIRE.categories, reduction)
        return estimate(QUESTIONNAIRE, answers, actions=ActionTotals(categories)).total

    assert all(a >= b for a, b in zip(total(0), total(more), strict=True))
