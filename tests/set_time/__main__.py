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

from backend.clock import SHANGHAI, shanghai_time
from tests.set_time.sitecustomize import OFFSET

FOLDER = Path(__file__).parent


def moments(after: datetime) -> Mapping[str, datetime]:
    """The next such hours after an aware instant.

    The leap year's is so late on 28 February that the suite goes on into the 29th.
    """
    local = shanghai_time(after)
    years = range(local.year, local.year + 9)
    month_ends = (_last_evening(year, month) for year in years for month in range(1, 12))
    year_ends = (_last_evening(year, 12) for year in years)
    leap_nights = (datetime(y, 2, 28, 23, 58, tzinfo=SHANGHAI) for y in years if isleap(y))
    return {
        "the last evening of a month": next(each for each in month_ends if each > local),
        "the last evening of a year": next(each for each in year_ends if each > local),
        "the night before 29 February": next(each for each in leap_nights if each > local),
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
        print(f"=== {name}: {shanghai_time(moment):%Y-%m-%d %H:%M} in Shanghai", flush=True)  # noqa: T201
        failed[name] = run_at(moment, *arguments)
    for name, code in failed.items():
        print(f"{'passed' if code == 0 else 'FAILED'}: {name}")  # noqa: T201
    return max(failed.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
