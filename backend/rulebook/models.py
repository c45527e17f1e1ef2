"""The versions of methodologies, and the rulebooks, this installation has ever credited under."""

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


class RulebookRelease(Base):
    """A set of versions that was in force as a whole; actions name it by its digest."""

    __tablename__ = "rulebook_release"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[str]
    first_used_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
