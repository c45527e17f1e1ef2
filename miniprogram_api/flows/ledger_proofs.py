"""Proofs of the ledger that pages and JSON share."""

from datetime import date

from backend.errors import NotFoundError
from backend.proofs.month_files import read_month


def month_of(text: str) -> date:
    """The first day of a month such as `2026-10`.

    Raises:
        NotFoundError: it is none.
    """
    month = read_month(text)
    if month is None:
        raise NotFoundError("月份应写成 2026-10 这样，请在已封存的月份里选择。")
    return month
