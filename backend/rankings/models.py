"""Roll-ups behind the boards. Derived: every row can be recomputed from the actions."""

from datetime import date

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


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
