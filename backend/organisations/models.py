"""Tables of the city's public institutions: districts (块), systems (条), institutions, trees."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base

# Between the names of a department and those above it in a path; no name may hold it.
PATH_SEPARATOR = "/"


class InstitutionKind(StrEnum):
    """单位性质 of the statistics system: organ of state, public institution, association."""

    STATE_ORGAN = "state_organ"
    PUBLIC_INSTITUTION = "public_institution"
    ASSOCIATION = "association"


class District(Base):
    """块: the city itself (no parent) and its districts, by 行政区划代码 (six digits)."""

    __tablename__ = "district"
    __table_args__ = (CheckConstraint("code ~ '^[0-9]{6}$'", name="code"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"), index=True)


class System(Base):
    """条: the line of administration an institution reports to: 机关, 教育, 卫生, 科技 …."""

    __tablename__ = "system"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)


class Institution(Base):
    """A public institution (公共机构), known by its 统一社会信用代码.

    `closed_on` is the first day on which it no longer exists.
    """

    __tablename__ = "institution"
    __table_args__ = (
        CheckConstraint("credit_code ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'", name="credit_code"),
        CheckConstraint(
            "kind IN ('state_organ', 'public_institution', 'association')", name="kind"
        ),
        CheckConstraint("closed_on IS NULL OR closed_on >= opened_on", name="life"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    credit_code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    district_id: Mapped[int] = mapped_column(ForeignKey("district.id"), index=True)
    system_id: Mapped[int] = mapped_column(ForeignKey("system.id"), index=True)
    kind: Mapped[str]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]


class Department(Base):
    """A department (部门) in the tree of one institution; open names are unique under a parent.

    The parent lies in the same institution: the foreign key carries the institution.
    `closed_on` is the first day on which it no longer exists.
    """

    __tablename__ = "department"
    __table_args__ = (
        UniqueConstraint("institution_id", "id"),
        ForeignKeyConstraint(
            ["institution_id", "parent_id"],
            ["department.institution_id", "department.id"],
            name="fk_department_parent",
        ),
        CheckConstraint("parent_id <> id", name="own_parent"),
        CheckConstraint("closed_on IS NULL OR closed_on >= created_on", name="life"),
        Index(
            "uq_department_open_name",
            "institution_id",
            "parent_id",
            "name",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("closed_on IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    parent_id: Mapped[int | None] = mapped_column(index=True)
    name: Mapped[str]
    created_on: Mapped[date]
    closed_on: Mapped[date | None]


class InstitutionYear(Base):
    """用能人数 (people) and 建筑面积 (m², two decimals) of an institution in one calendar year."""

    __tablename__ = "institution_year"
    __table_args__ = (
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year"),
        CheckConstraint("headcount >= 0", name="headcount"),
        CheckConstraint("floor_area_m2 >= 0", name="floor_area"),
    )

    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    headcount: Mapped[int]
    floor_area_m2: Mapped[Decimal] = mapped_column(Numeric(14, 2))
