"""The versions of methodologies this installation has ever credited under."""

from datetime import date, datetime

from sqlalchemy import Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class MethodologyVersion(Base):
    """A published version: the same number never comes back with other content."""

    __tablename__ = "methodology_version"

    methodology_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes]
    title: Mapped[str]
    effective_from: Mapped[date]
    first_used_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
