"""Runs the default suite at hours in which days, months and years are mistaken for one another.

`python -m tests.set_time [pytest's arguments]`, as `make drill` does.
"""

import os
import subprocess
import sys
from calendar import isleap, monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from backend.clock import SHANGHAI
from tests.set_time.sitecustomize import OFFSET

FOLDER = Path(__file__).parent


def moments(after: datetime) -> Mapping[str, datetime]:
    """The next such hours after an aware instant.

    The leap year's is so late on 28 February that the suite goes on into the 29th.
    """
    local = after.astimezone(SHANGHAI)
    month_end = _last_evening(local.year, local.month)
    if month_end <= local or local.month == 12:
        month_end = _last_evening(local.year + local.month // 12, local.month % 12 + 1)
    leap = next(
        eve
        for year in range(local.year, local.year + 9)
        if isleap(year)
        if (eve := datetime(year, 2, 28, 23, 58, tzinfo=SHANGHAI)) > local
    )
    return {
        "the last evening of a month": month_end,
        "the last evening of a year": _last_evening(local.year + (local.month == 12), 12),
        "the night before 29 February": leap,
    }


def _last_evening(year: int, month: int) -> datetime:
    return datetime(year, month, monthrange(year, month)[1], 23, 30, tzinfo=SHANGHAI)


def run_at(moment: datetime, *arguments: str) -> int:
    """Runs pytest with the time set, and returns its exit code."""
    with TemporaryDirectory(prefix="tanpuhui-set-time-") as folder:
        environment = os.environ | {
            "PYTHONPATH": str(FOLDER),
            OFFSET: str(int((moment - datetime.now(UTC)) / timedelta(seconds=1))),
        }
        # A folder of its own: at another time pytest takes the folders of other runs for old.
        own_folder = f"--basetemp={folder}/pytest"
        # The clock is set before pytest could look into the module that sets it.
        no_warning = "-Wignore:Module already imported so cannot be rewritten; time_machine"
        command = [sys.executable, "-m", "pytest", own_folder, no_warning, *arguments]
        return subprocess.run(command, env=environment, check=False).returncode


def main(arguments: list[str]) -> int:
    """Runs the suite at each moment; the exit code is the worst."""
    failed = {}
    for name, moment in moments(datetime.now(UTC)).items():
        print(f"=== {name}: {moment:%Y-%m-%d %H:%M} in Shanghai", flush=True)  # noqa: T201
        failed[name] = run_at(moment, *arguments)
    for name, code in failed.items():
        print(f"{'passed' if code == 0 else 'FAILED'}: {name}")  # noqa: T201
    return max(failed.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
