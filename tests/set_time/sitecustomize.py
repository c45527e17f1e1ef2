"""Sets the time of every process of a test run, and of every PostgreSQL that one starts.

Python imports a module of this name when it starts, if this folder is on PYTHONPATH: so the
processes that tests start are set as well, and the product knows nothing of it. PostgreSQL has
no such door (libfaketime keeps it from starting): there `now()` and `clock_timestamp()` are found
first in a schema that shifts them. Only `tests.set_time` uses this.
"""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

OFFSET = "TANPUHUI_TEST_CLOCK_OFFSET"
_SHIFT = """
CREATE SCHEMA IF NOT EXISTS set_time;
GRANT USAGE ON SCHEMA set_time TO PUBLIC;
CREATE OR REPLACE FUNCTION set_time.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.now() + interval '{0} seconds';
CREATE OR REPLACE FUNCTION set_time.clock_timestamp() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN pg_catalog.clock_timestamp() + interval '{0} seconds';
"""
# What is created goes into the first; what is looked up in pg_catalog comes last.
_FIND_SHIFTED = "ALTER SYSTEM SET search_path = public, set_time, pg_catalog"


def set_clock(seconds: int) -> None:
    """Moves the clock of this process forward."""
    import time  # noqa: PLC0415 - no process that is not set pays for these

    import time_machine  # noqa: PLC0415

    began, beside = time.time_ns(), time.monotonic_ns()
    traveller = time_machine.travel(seconds).start()
    # Exactly as much as the database: it begins to run when it is first asked.
    shown, passed = time.time_ns(), time.monotonic_ns() - beside
    traveller.shift((began + passed + seconds * 10**9 - shown) / 10**9)


class SetServers:
    """Has the embedded PostgreSQL, once imported, set the clock of each server that it starts."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def find_spec(
        self, name: str, path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module as it is, with one method wrapped."""
        del path
        if name != "backend.runtime.postgres":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_wrap(module: ModuleType) -> None:
            load(module)
            self._wrap(module)

        spec.loader.exec_module = load_and_wrap  # type: ignore[method-assign]
        return spec

    def _wrap(self, module: ModuleType) -> None:
        embedded, seconds = module.EmbeddedPostgres, self._seconds
        create_database = embedded._create_database

        def set_and_create(server: object) -> None:
            # What is created later is a copy of template1.
            with module.psycopg.connect(server._url("template1"), autocommit=True) as connection:  # type: ignore[attr-defined]
                connection.execute(_SHIFT.format(seconds))
                connection.execute(_FIND_SHIFTED)
                connection.execute("SELECT pg_reload_conf()")
            create_database(server)

        embedded._create_database = set_and_create


if __name__ == "sitecustomize" and OFFSET in os.environ:
    set_clock(int(os.environ[OFFSET]))
    sys.meta_path.insert(0, SetServers(int(os.environ[OFFSET])))
