"""Types of PostgreSQL that SQLAlchemy does not know."""

from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[str]):
    """The id of a transaction: 64 bits that never wrap around, compared by the server only."""

    cache_ok = True

    def get_col_spec(self, **_context: object) -> str:
        """The name in DDL."""
        return "XID8"


# Reading a database's tables back, as comparing them with the models does, goes by this list.
PGDialect.ischema_names["xid8"] = Xid8
