"""What revisions share: files of statements, and the functions of the database.

Each live function stands in one file, `backend/<feature>/sql/<function>.sql`, with who may call it.
A revision that adds or changes functions pins the SHA-256 of their files; where a later revision
changes one again, it keeps the text from before itself in `sql/<revision>_before/<function>.sql`,
which is what the earlier revision then installs, and what its own downgrade puts back.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from alembic import op
from alembic.script import ScriptDirectory

_BACKEND = Path(__file__).parent.parent
_SQL = Path(__file__).parent / "sql"


def execute_file(name: str) -> None:
    """Runs one file of `sql/` as it stands: a percent sign in it is no placeholder."""
    _execute((_SQL / name).read_text(encoding="utf-8"))


def install_functions(revision: str, pinned: Mapping[str, str]) -> None:
    """Creates or replaces the functions that a revision brings, as it pinned them.

    Args:
        revision: whose.
        pinned: the name of each function with the SHA-256 of its file, in hexadecimal.

    Raises:
        RuntimeError: a file is not what was pinned.
    """
    # Functions that call each other come in any order.
    _execute("SET LOCAL check_function_bodies = off")
    for name, digest in pinned.items():
        path = text_of(name, revision)
        text = path.read_bytes()
        if hashlib.sha256(text).hexdigest() != digest:
            raise RuntimeError(
                f"{path} is not the text that revision {revision} pinned: leave published functions"
                f" as they are and bring the change in a revision of its own (CONTRIBUTING.md)"
            )
        _execute(text.decode())


def remove_functions(revision: str, pinned: Mapping[str, str]) -> None:
    """Puts back what stood before a revision: the text it kept, or nothing where it kept none."""
    _execute("SET LOCAL check_function_bodies = off")
    for name in pinned:
        before = _before(revision, name)
        if before.exists():
            _execute(before.read_text(encoding="utf-8"))
        else:
            _execute(f"DROP FUNCTION {name} CASCADE")


def text_of(name: str, revision: str) -> Path:
    """The file with a function as a revision left it.

    Args:
        name: the function's.
        revision: one that pins it.

    Raises:
        FileNotFoundError: there is no such function.
    """
    for later in _upwards():
        if later > revision and _before(later, name).exists():
            return _before(later, name)
    return live_file(name)


def live_file(name: str) -> Path:
    """The file with a function as the newest revision has it.

    Raises:
        FileNotFoundError: no feature has it.
    """
    for path in _BACKEND.glob(f"*/sql/{name}.sql"):
        if path.parent != _SQL:
            return path
    raise FileNotFoundError(f"no feature of backend has sql/{name}.sql")


def _before(revision: str, name: str) -> Path:
    return _SQL / f"{revision}_before" / f"{name}.sql"


def _upwards() -> list[str]:
    scripts = ScriptDirectory(str(_SQL.parent))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def _execute(statements: str) -> None:
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
