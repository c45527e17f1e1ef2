"""The forms and filters of the register."""

from collections.abc import Iterable, Mapping

from marshmallow import fields, validate

from backend.errors import InvalidInputError
from backend.register.statistics.policy import (
    COST_BELOW,
    QUANTITY_BELOW,
    QUANTITY_PLACES,
    Figure,
    item_named,
)
from backend.register.statistics.queries import Axis
from backend.spreadsheets import cells
from backend.spreadsheets.errors import CellError
from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema
from credit_rules.energy import ITEMS, Basis

MONTHS = range(1, 13)
_ACTS = ("submit", "review", "seal", "send_back", "correct")


class RegisterFilter(StrictSchema):
    """Which year."""

    year = StrictInteger(minimum=2000, maximum=2100, load_default=None)
    done = StrictString(max_length=20, load_default="")


class ReportFilter(RegisterFilter):
    """Which report."""

    by = fields.Enum(Axis, by_value=True, load_default=Axis.DISTRICT)
    basis = fields.Enum(Basis, by_value=True, load_default=Basis.CALORIFIC)


class Opening(StrictSchema):
    """Which institution's year is filled in."""

    institution_id = StrictInteger(minimum=1, required=True)
    year = StrictInteger(minimum=2000, maximum=2100, required=True)


class StatementStep(StrictSchema):
    """What is done with a statement, and why where a reason is wanted."""

    act = fields.String(required=True, validate=validate.OneOf(_ACTS))
    reason = StrictString(max_length=500, load_default="")


def grid_figures(
    form: Mapping[str, str], items: Iterable[str]
) -> tuple[list[Figure], dict[str, str]]:
    """The figures of an entry grid, and a sentence for each cell that is wrong.

    A cell is named `quantity.<item>.<month>` or `cost.<item>.<month>`, a row has `unit.<item>`. An
    empty quantity says nothing.
    """
    figures: list[Figure] = []
    errors: dict[str, str] = {}
    for item in items:
        unit = form.get(f"unit.{item}", "")
        for month in MONTHS:
            figure = _cell(form, item, unit, month, errors)
            if figure is not None:
                figures.append(figure)
    return figures, errors


def _cell(
    form: Mapping[str, str], item: str, unit: str, month: int, errors: dict[str, str]
) -> Figure | None:
    quantity_name, cost_name = f"quantity.{item}.{month}", f"cost.{item}.{month}"
    quantity_text = form.get(quantity_name, "").strip()
    cost_text = form.get(cost_name, "").strip()
    where = f"{ITEMS[item].label} {month} 月"
    if not quantity_text:
        if cost_text:
            errors[quantity_name] = f"{where}：填了费用，请同时填写数量；没有用量请填 0。"
        return None
    name, what = quantity_name, "数量"
    try:
        quantity = cells.amount(quantity_text, places=QUANTITY_PLACES, below=QUANTITY_BELOW)
        name, what = cost_name, "费用"
        cost = cells.amount(cost_text, places=2, below=COST_BELOW) if cost_text else None
        return Figure(item_named(item), month, quantity, unit, cost)
    except CellError as error:
        errors[name] = f"{where}：{what}{error.problem}，请改正。"
    except InvalidInputError as error:
        errors[name] = error.message
    return None
