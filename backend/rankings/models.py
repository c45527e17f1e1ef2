"""Roll-ups and seasons. Rosters and measures are frozen; the sums follow from the actions."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base

_BOARDS = "board IN ('departments', 'institutions', 'districts')"


class DepartmentDay(Base):
    """What a department's members earned on one day, as far as it counts for rankings."""

    __tablename__ = "department_day"
    __table_args__ = (
        CheckConstraint("actions > 0", name="some_actions"),
        Index("ix_department_day_day", "day"),
    )

    department_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    points_mpt: Mapped[int]
    reduction_mg: Mapped[int]
    actions: Mapped[int]


class RankingSeason(Base):
    """A season that was opened: its roster is frozen, unless it is provisional.

    `provisional` is the season before which there was none. `digest` is SHA-256 over the sums and
    measures, taken when the season was closed; `restated_at` is when they last changed since.
    """

    __tablename__ = "ranking_season"
    __table_args__ = (
        CheckConstraint("last_day > first_day", name="days"),
        CheckConstraint("(closed_at IS NULL) = (digest IS NULL)", name="closed"),
        CheckConstraint("restated_at IS NULL OR closed_at IS NOT NULL", name="restated"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    cap_mpt: Mapped[int]
    provisional: Mapped[bool]
    closed_at: Mapped[datetime | None]
    digest: Mapped[bytes | None]
    restated_at: Mapped[datetime | None]


class SeasonMeasure(Base):
    """What the index of a board is measured by in a season; `taken_from` is the season estimated.

    Taken from the season itself, it is provisional and moves with the season.
    """

    __tablename__ = "season_measure"
    __table_args__ = (
        CheckConstraint(_BOARDS, name="board"),
        CheckConstraint("sigma2 >= 0 AND tau2 >= 0", name="variances"),
    )

    season: Mapped[str] = mapped_column(ForeignKey("ranking_season.name"), primary_key=True)
    board: Mapped[str] = mapped_column(primary_key=True)
    mu: Mapped[Decimal]
    sigma2: Mapped[Decimal]
    tau2: Mapped[Decimal]
    taken_from: Mapped[str]


class SeasonMember(Base):
    """A person on a season's roster, and what counts of theirs.

    Where they stood on its first day is frozen. `unit_id` is the department they are counted with:
    their own or, where that has fewer than five people, the one it was joined to; null without any.
    `root` is √(capped points) in units of 1e-15.
    """

    __tablename__ = "season_member"
    __table_args__ = (
        Index("ix_season_member_unit", "season", "unit_id"),
        Index("ix_season_member_institution", "season", "institution_id"),
    )

    season: Mapped[str] = mapped_column(ForeignKey("ranking_season.name"), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    district_id: Mapped[int]
    institution_id: Mapped[int]
    department_id: Mapped[int | None]
    unit_id: Mapped[int | None]
    points_mpt: Mapped[int] = mapped_column(server_default=text("0"))
    reduction_mg: Mapped[int] = mapped_column(server_default=text("0"))
    actions: Mapped[int] = mapped_column(server_default=text("0"))
    root: Mapped[int] = mapped_column(server_default=text("0"))


class SeasonGroup(Base):
    """The sums of a group of a board in a season, and its index in units of 1e-10.

    `active` people have a ranked action, `joined` ones come from elsewhere, `capped` ones earned
    more than counts. `roots` and `squares` are sums of roots and of their squares.
    """

    __tablename__ = "season_group"
    __table_args__ = (
        CheckConstraint(_BOARDS, name="board"),
        CheckConstraint("people > 0 AND active BETWEEN 0 AND people", name="people"),
    )

    season: Mapped[str] = mapped_column(ForeignKey("ranking_season.name"), primary_key=True)
    board: Mapped[str] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    people: Mapped[int]
    active: Mapped[int]
    joined: Mapped[int]
    capped: Mapped[int]
    points_mpt: Mapped[int]
    reduction_mg: Mapped[int]
    actions: Mapped[int]
    roots: Mapped[Decimal]
    squares: Mapped[Decimal]
    index_e10: Mapped[int | None]
    low80_e10: Mapped[int | None]
    high80_e10: Mapped[int | None]
