"""How large a demo is. The generator knows no other numbers than these."""

from dataclasses import dataclass
from typing import Final

from backend.errors import InvalidInputError, field_errors


@dataclass(frozen=True, slots=True)
class Scale:
    """The figures of one demo.

    Attributes:
        name: as given on the command line.
        districts: districts (块) below the city.
        institutions: institutions in all.
        departments: departments in all, those above others included.
        members: accounts in all, citizens included.
        citizens: accounts without an institution.
        points: recycling points in all.
        days: whole days of history before today.
        weekly_per_mille: drop-offs of an average active member a working week, in thousandths.
        deeds_per_mille: other actions of an average member a working week, in thousandths.
        processes: how many processes load it.
        actions_per_commit: most actions of one transaction, because each member in a
            transaction takes a lock in PostgreSQL's shared table of some 6,400; None: all in one.
    """

    name: str
    districts: int
    institutions: int
    departments: int
    members: int
    citizens: int
    points: int
    days: int
    weekly_per_mille: int
    deeds_per_mille: int
    processes: int
    actions_per_commit: int | None


SCALES: Final = {
    scale.name: scale
    for scale in (
        Scale("tiny", 1, 2, 6, 40, 2, 4, 10, 1500, 1000, 1, None),
        Scale("small", 3, 12, 60, 1_500, 30, 26, 90, 420, 60, 2, None),
        Scale("city", 13, 3_000, 9_000, 100_000, 4_000, 6_000, 365, 300, 40, 2, 2_000),
    )
}


def scale_named(name: str) -> Scale:
    """The scale of a name.

    Raises:
        InvalidInputError: there is none of that name.
    """
    if name not in SCALES:
        sentence = f"没有规模“{name}”，可选：{'、'.join(SCALES)}。"
        raise InvalidInputError(sentence, fields=field_errors({"scale": sentence}))
    return SCALES[name]
