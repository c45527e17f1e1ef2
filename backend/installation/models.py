"""The one row by which a database knows its installation."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class InstallationKey(Base):
    """The fingerprint of a key that this database has been used with; it tells nothing of the key.

    Whoever changes the key on purpose deletes the row as the owner.
    """

    __tablename__ = "installation_key"

    purpose: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    first_used_at: Mapped[datetime]
