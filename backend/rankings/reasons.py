"""Why a group has its index: every number of the formula, and what would move it."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection

from backend.rankings import queries
from backend.rankings.index import (
    ROOT_SCALE,
    IndexScore,
    SeasonParameters,
    index_of,
    rounded,
    swing_of,
)
from backend.rankings.service import BoardPlace, Leaderboard

_MORE = 5
_PLACES = 2


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The numbers behind an index.

    Attributes:
        people: on the roster, silent ones included.
        active: those with a ranked action.
        capped: those who earned more than counts.
        joined: those of departments of fewer than five, or of none.
        score: mean, index, interval and band, recomputed from the sums.
        swing: √(τ² + σ²/n), what is normal for a group of this size.
        parameters: what the season is measured by.
        taken_from: the season they were estimated from.
        provisional: whether that is the season itself.
        more: so many of the silent people are asked about below.
        if_more: the index if these did on average what the active ones do; None without any.
    """

    people: int
    active: int
    capped: int
    joined: int
    score: IndexScore
    swing: Decimal
    parameters: SeasonParameters
    taken_from: str
    provisional: bool
    more: int
    if_more: Decimal | None

    def figures(self) -> dict[str, str]:
        """Mean, μ, σ², τ², the cap (points) and the index, as plain decimals."""
        names = ("mu", "sigma2", "tau2", "cap")
        figures = {name: rounded(getattr(self.parameters, name)) for name in names}
        figures |= {"mean": self.score.mean, "index": self.score.index or Decimal(0)}
        return {name: f"{figure:f}" for name, figure in figures.items()}

    def sentences(self) -> list[str]:
        """The formula with its numbers, in Chinese."""
        mean, mu = _short(self.score.mean), _short(rounded(self.parameters.mu))
        above = _short(self.score.mean - rounded(self.parameters.mu))
        silent = self.people - self.active
        said = [
            f"{self.people} 人（含 {silent} 位没有记录的，按 0 计）的平均开方分是 {mean}。",
            f"基准 μ 是 {mu}，相差 {above}；这样的规模正常上下浮动 {_short(self.swing)}。",
            f"100 ＋ 15 × {above} ÷ {_short(self.swing)} ＝ {_short(self.score.index)}。",
        ]
        if self.capped:
            said.append(f"{self.capped} 人超过每人 {int(self.parameters.cap)} 分的上限，超出不计。")
        if self.if_more is not None:
            said.append(
                f"若再有 {self.more} 位同事像已参与的同事那样记录，"
                f"指数约为 {_short(self.if_more)}。"
            )
        return said


def reckoning_of(db: Connection, found: Leaderboard, place: BoardPlace) -> Reckoning | None:
    """Recomputes the index of a line of a board from its sums; None where there is no measure.

    Args:
        db: any transaction.
        found: the board.
        place: the line.
    """
    kept = queries.kept_sums(db, board=found.board, season=found.season, group_id=place.group.id)
    if not kept or found.gauge is None:
        return None
    (sums,), parameters = kept, found.gauge.parameters
    more = min(_MORE, sums.people - sums.active)
    return Reckoning(
        people=sums.people,
        active=sums.active,
        capped=sums.capped,
        joined=sums.joined,
        score=index_of(sums.people, sums.roots, parameters),
        swing=rounded(Fraction(swing_of(sums.people, parameters), ROOT_SCALE)),
        parameters=parameters,
        taken_from=found.gauge.taken_from,
        provisional=found.gauge.taken_from == found.season.name,
        more=more,
        if_more=(
            index_of(sums.people, sums.roots + more * sums.roots // sums.active, parameters).index
            if more and sums.active
            else None
        ),
    )


def _short(figure: Decimal | None) -> str:
    return "–" if figure is None else f"{figure:.{_PLACES}f}"
