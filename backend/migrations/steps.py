"""What revisions share: running a file of statements."""

from pathlib import Path

from alembic import op

_SQL = Path(__file__).parent / "sql"


def execute_file(name: str) -> None:
    """Runs one file of `sql/` as it stands: a percent sign in it is no placeholder."""
    statements = (_SQL / name).read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
