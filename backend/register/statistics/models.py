"""Tables of the energy statistics: a statement an institution and year, and its monthly figures."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, one_of


class StatementState(StrEnum):
    """The life of a statement; sealed ones are superseded by a correction, never changed."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    SEALED = "sealed"
    SUPERSEDED = "superseded"


class EnergyStatement(Base):
    """The energy statement (能源资源消费统计表) of one institution and year.

    `version` counts from 1; a correction after sealing is the next version, with its reason. At
    most one version of a year is open, and one in force.
    """

    __tablename__ = "energy_statement"
    __table_args__ = (
        CheckConstraint(one_of("state", StatementState), name="state"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("version = 1 OR reason IS NOT NULL", name="reason"),
        Index("uq_energy_statement_version", "institution_id", "year", "version", unique=True),
        Index(
            "uq_energy_statement_open",
            "institution_id",
            "year",
            unique=True,
            postgresql_where=text("state IN ('draft', 'submitted', 'reviewed')"),
        ),
        Index(
            "uq_energy_statement_sealed",
            "institution_id",
            "year",
            unique=True,
            postgresql_where=text("state = 'sealed'"),
        ),
        Index("ix_energy_statement_year", "year", "state"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    year: Mapped[int]
    version: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str | None]
    returned_because: Mapped[str | None]
    opened_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    sealed_at: Mapped[datetime | None]
    sealed_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


class EnergyFigure(Base):
    """What was used of one item in one month: quantity in its unit, and cost in yuan where known.

    `changed_at` tells an editor whether somebody else was quicker.
    """

    __tablename__ = "energy_figure"
    __table_args__ = (
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint("cost >= 0", name="cost"),
    )

    statement_id: Mapped[int] = mapped_column(ForeignKey("energy_statement.id"), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quantity: Mapped[Decimal] = mapped_column(Numeric(24, 6))
    unit: Mapped[str]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    changed_at: Mapped[datetime]
