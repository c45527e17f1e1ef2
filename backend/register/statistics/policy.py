"""What a figure must be, and how figures become energy and carbon. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from backend.errors import DomainError, ErrorKind, FieldError, InvalidInputError
from credit_rules.energy import ITEMS, Basis, Choices, Conversion, EnergyRefused, EnergyTables
from credit_rules.energy import convert as convert_lines

FACTOR_SET: Final = "js_t_303_2026"
QUANTITY_PLACES: Final = 6
QUANTITY_BELOW: Final = 10**15
COST_BELOW: Final = 10**12
_LABELS: Final = {item.label: key for key, item in ITEMS.items()}


class StatementStateError(DomainError):
    """A statement is not in the state that this act wants."""

    code = "statement_state"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Figure:
    """What was used of one item in one month.

    Attributes:
        item: its key, as in `credit_rules.energy.ITEMS`.
        month: 1 to 12.
        quantity: in `unit`, zero or more.
        unit: a unit the item can be measured in.
        cost: in yuan; None where it is not known.
    """

    item: str
    month: int
    quantity: Decimal
    unit: str
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """How a statement is converted: carried on every figure that comes of it.

    Attributes:
        on: the day whose published factors count.
        year: the year of use.
        region: division code of the city; its province has the grid factor.
        basis: calculation basis of electricity.
    """

    on: date
    year: int
    region: str
    basis: Basis


def item_named(text: str) -> str:
    """The key of an item by its key or its Chinese label.

    Raises:
        InvalidInputError: there is no such item.
    """
    name = text.strip()
    key = name if name in ITEMS else _LABELS.get(name)
    if key is None:
        sentence = f"没有能源项目“{name[:20]}”，请填写：{'、'.join(_LABELS)}。"
        raise InvalidInputError(sentence, fields=[FieldError("item", "unknown", sentence)])
    return key


def converted(tables: EnergyTables, figures: Iterable[Figure], method: Method) -> Conversion | None:
    """The energy and carbon of figures; None without any.

    Figures of one item and unit are added up first: conversion is linear, so that the sum over any
    axis is the same to the last digit.

    Raises:
        InvalidInputError: a unit does not fit, more is resold than bought, an item has no factor;
            the field is the item.
    """
    sums: dict[tuple[str, str], Decimal] = {}
    for figure in figures:
        key = (figure.item, figure.unit)
        sums[key] = sums.get(key, Decimal(0)) + figure.quantity
    if not sums:
        return None
    lines = [
        {"item": item, "quantity": f"{quantity:f}", "unit": unit}
        for (item, unit), quantity in sorted(sums.items())
    ]
    choices = Choices(
        on=method.on,
        set_name=FACTOR_SET,
        basis=method.basis,
        region=method.region,
        year=method.year,
        allow_inexact=True,
    )
    try:
        return convert_lines(tables, lines, choices)
    except EnergyRefused as error:
        raise _refused(error, lines) from error


def _refused(error: EnergyRefused, lines: Sequence[dict[str, str]]) -> InvalidInputError:
    fields = []
    for problem in error.problems:
        at = problem.field.removeprefix("lines[").partition("]")[0]
        item = lines[int(at)]["item"] if at.isdecimal() else ""
        sentence = problem.sentence.partition("：")[2] if item else problem.sentence
        fields.append(FieldError(item or problem.field, problem.code, sentence))
    return InvalidInputError(fields[0].message, fields=fields)
