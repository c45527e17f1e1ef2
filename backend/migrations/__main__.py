"""Writes a new revision with what the models say beyond the newest one; `make migration` runs it.

It compares with a database of its own, migrated from nothing, so that nobody's data matters.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from backend.db import migrate
from backend.runtime.postgres import EmbeddedPostgres


def main(message: str) -> None:
    """Writes the file of a revision and says what is left to do.

    Args:
        message: what it does, a short English sentence; it names the file.
    """
    with (
        TemporaryDirectory(prefix="tanpuhui-migration-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres", durable=False) as server,
    ):
        migrate.upgrade(server.url)
        revision, path = migrate.write_revision(server.url, message)
    sys.stdout.write(
        f"{path}\n"
        "Read it: checks, triggers and functions are not compared, renames look like a loss.\n"
        f'Then set HEAD = "{revision}" in backend/db/migrate.py and run tests/backend/db.\n'
    )


if __name__ == "__main__":
    main(sys.argv[1])
