"""The column-wise twin of the engine: many actions at once, the same integers, in numpy.

:func:`settle` takes columns of actions in the order they arrived and awards them as :func:`assess`
would if it were fed one after the other, adding what each uses to the counters. What cannot be done
by columns is refused with :class:`NotVectorisable`; :func:`settle_in_turn` does the same for any
rules, row by row. Nothing is approximated.
"""

from credit_rules.vectorised.columns import (
    Awards,
    Boosts,
    Columns,
    ColumnsRefused,
    NotVectorisable,
    Status,
)
from credit_rules.vectorised.in_turn import settle_in_turn
from credit_rules.vectorised.settling import settle

__all__ = [
    "Awards",
    "Boosts",
    "Columns",
    "ColumnsRefused",
    "NotVectorisable",
    "Status",
    "settle",
    "settle_in_turn",
]
