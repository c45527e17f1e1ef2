"""The revisions of the schema stand in one line, numbered as their files are.

Two that are written side by side take the same number, and merge without a conflict.
"""

import re
from pathlib import Path

from backend.db.migrate import HEAD

VERSIONS = Path(__file__).parents[2] / "backend/migrations/versions"
_SAID = re.compile(r'^(revision|down_revision) = "?(\w+)"?$', re.MULTILINE)


def test_revisions_stand_in_one_line() -> None:
    before, numbers = "None", []
    for path in sorted(VERSIONS.glob("[0-9]*.py")):
        said = dict(_SAID.findall(path.read_text(encoding="utf-8")))
        assert said == {"revision": path.name[:4], "down_revision": before}, path.name
        before = said["revision"]
        numbers.append(int(before))
    assert numbers == list(range(numbers[0], int(HEAD) + 1))
