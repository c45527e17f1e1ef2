"""Sections of a methodology file that stand alone: inputs, bonus and worked examples."""

from __future__ import annotations

from collections.abc import Mapping

from credit_rules.deciding import DECIDERS, check_choices, read_when
from credit_rules.errors import nearest
from credit_rules.model import BonusDoc, Choice, ExampleDoc, InputSpec
from credit_rules.reading import Reader
from credit_rules.standards_model import SharedStep


def read_inputs(whole: Reader, waste_classes: Mapping[str, str]) -> dict[str, InputSpec]:
    """Read `[inputs]`.

    Args:
        whole: the file.
        waste_classes: the classes of waste that choices may name.

    Returns:
        The inputs by name, in the order written.
    """
    found: dict[str, InputSpec] = {}
    for name, at in whole.named("inputs"):
        label = at.text("label")
        decider = at.word("decided_by", DECIDERS) if at.has("decided_by") else ""
        if at.has("choices"):
            choices = _choices(at, waste_classes, decider)
            spec = InputSpec(name, label, "choice", None, None, None, None, choices, decider)
            spec = check_choices(at, spec) if decider in DECIDERS else spec
        else:
            spec = _quantity(name, label, at)
        at.done()
        found[name] = spec
    return found


def _choices(at: Reader, known: Mapping[str, str], decider: str) -> tuple[Choice, ...]:
    found: list[Choice] = []
    for row in at.tables("choices"):
        waste_class = row.word("waste_class", known) if row.has("waste_class") else None
        when = read_when(row, decider) if decider in DECIDERS else None
        found.append(Choice(row.name("value"), row.text("label"), waste_class, when))
        row.done()
    if len({choice.value for choice in found}) != len(found):
        at.fail("choices", "选项重复。", "请保证每个 value 只出现一次。")
    return tuple(found)


def _quantity(name: str, label: str, at: Reader) -> InputSpec:
    unit = at.unit("unit")
    low, high, step = at.decimal("min"), at.decimal("max"), at.decimal("step")
    if step <= 0:
        at.fail("step", "步长必须大于零。", '例如 "0.01"。')
    elif low % step or high % step:
        at.fail("step", "上下限不是步长的整数倍。", "请调整 min、max 或 step。")
    if low >= high:
        at.fail("max", "上限必须大于下限。", "请调整 min 与 max。")
    return InputSpec(name, label, "quantity", unit, low, high, step, ())


def read_bonus(whole: Reader) -> BonusDoc | None:
    """Read `[bonus]`: largest multiplier, daily cap and budget; None where it is absent."""
    if not whole.has("bonus"):
        return None
    at = whole.table("bonus")
    bonus = BonusDoc(
        at.decimal("max_multiplier"), at.nano("daily_cap", "point"), at.nano("budget", "point")
    )
    at.done()
    if not 1 < bonus.maximum <= 10:
        at.fail("max_multiplier", "最大倍数必须大于 1、不超过 10。", '例如 "2"。')
    if bonus.cap_nano > bonus.budget_nano:
        at.fail("daily_cap", "每人每日上限超过了总预算。", "请调低上限或提高预算。")
    return bonus


def read_examples(whole: Reader, shared: Mapping[str, SharedStep]) -> tuple[ExampleDoc, ...]:
    """Read `[[examples]]`, of which there must be three.

    Args:
        whole: the file.
        shared: the shared steps, of whose limits `left` may speak.
    """
    rows = whole.tables("examples")
    if len(rows) < 3 and whole.has("examples"):
        whole.fail("examples", "算例少于三个。", "请至少写三个算例，并让每个上限都有算例触及。")
    return tuple(_example(index, at, shared) for index, at in enumerate(rows))


def _example(index: int, at: Reader, shared: Mapping[str, SharedStep]) -> ExampleDoc:
    given, used, expect = at.table("given"), at.table("used", required=False), at.table("expect")
    left = at.table("left", required=False)
    for name in left.keys():  # noqa: SIM118 - not a dict
        if name not in shared:
            left.fail(name, f"规则集没有共用上限“{name}”。", nearest(name, shared))
    rows: dict[str, dict[str, str]] = {}
    for key in used.keys():  # noqa: SIM118 - not a dict
        row = used.table(key)
        rows[key] = {field: row.text(field) for field in row.keys()}  # noqa: SIM118 - not a dict
    example = ExampleDoc(
        index,
        at.text("name"),
        at.day("on", required=False),
        at.text("tier"),
        {name: given.text(name) for name in given.keys()},  # noqa: SIM118 - not a dict
        rows,
        {name: left.text(name) for name in left.keys()},  # noqa: SIM118 - not a dict
        at.decimal("multiplier") if at.has("multiplier") else None,
        expect.integer("reduction_mg"),
        expect.integer("points_mpt"),
        expect.integer("bonus_mpt", default=0),
    )
    expect.done()
    at.done()
    return example
