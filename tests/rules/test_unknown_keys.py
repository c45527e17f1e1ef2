"""A key that nobody knows is refused in every table of every kind of file, none overlooked."""

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from credit_rules import RulebookError, load_rulebook
from credit_rules.footprint import load_questionnaires
from credit_rules.footprint.loading import SHIPPED_QUESTIONNAIRES
from credit_rules.loading import SHIPPED

MIXED = Path(__file__).parent / "files" / "mixed"
# Tables whose keys are names of their own; conditions of steps are read by their block.
_NAMED = r"sources|inputs|parameters|tables"
_EXAMPLES = r"examples\[\d\]\.(given|left|used(\..*)?)"
FREE = {
    "rulebook.toml": (
        r"confidences|waste_classes|footprint_categories|evidence_tables(\.\w+\.tiers)?"
        r"|sources|shared"
    ),
    "recycling.drop_off.v1.toml": rf"{_NAMED}|{_EXAMPLES}",
    "travel.trip.v1.toml": rf"{_NAMED}|{_EXAMPLES}|steps\[0\]\.any\[\d\]",
    "questionnaire.toml": (
        r"sources|factors|assumption_sets|periods|questions(\.\w+\.assumed)?|examples\[\d\]\."
        r"(answers|logged\.reductions_mg|logged\.kilometres|expect\.categories)"
    ),
}


def with_unknown_keys(value: object) -> object:
    """A file with one more key in every table."""
    if isinstance(value, list):
        return [with_unknown_keys(item) for item in value]
    if isinstance(value, dict):
        return {"unknown": 1, **{key: with_unknown_keys(item) for key, item in value.items()}}
    return value


def inline(value: object) -> str:
    """A value as TOML writes it within a line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(k)} = {inline(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    return str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def paths(value: object, path: str = "") -> Iterator[str]:
    """The paths of all tables."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        yield path
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}" if path else key)


def named(path: str, file: dict[str, Any]) -> str:
    """The path as problems say it: a step is named by what it puts out."""
    match = re.match(r"steps\[(\d+)\]", path)
    out = file["steps"][int(match[1])].get("out") if match else None
    return path if match is None or out is None else f"steps.{out}{path[match.end() :]}"


@pytest.mark.parametrize(
    "folder, names, load",
    [
        (SHIPPED, ["rulebook.toml"], load_rulebook),
        (SHIPPED, ["recycling.drop_off.v1.toml", "rulebook.toml"], load_rulebook),
        (MIXED, ["travel.trip.v1.toml"], load_rulebook),
        (SHIPPED_QUESTIONNAIRES, ["questionnaire.toml"], load_questionnaires),
    ],
    ids=["rulebook", "drop-off", "trip", "questionnaire"],
)
def test_an_unknown_key_is_refused_in_every_table(
    folder: Path, names: Sequence[str], load: Callable[[Path], object], tmp_path: Path
) -> None:
    for name in names:
        shutil.copy(folder / name, tmp_path)
    file = tmp_path / names[0]
    known = tomllib.loads(file.read_text(encoding="utf-8"))
    changed = with_unknown_keys(known)
    assert isinstance(changed, dict)
    lines = [f"{key} = {inline(value)}\n" for key, value in changed.items()]
    file.write_text("".join(lines), encoding="utf-8")
    fixed = [named(path, known) for path in paths(known) if not re.fullmatch(FREE[file.name], path)]
    with pytest.raises(RulebookError) as caught:
        load(tmp_path)
    found = [
        problem.key
        for problem in caught.value.problems
        if problem.key.endswith("unknown") and problem.fault == "不认识这个键。"
    ]
    assert sorted(found) == sorted(f"{path}.unknown".lstrip(".") for path in fixed)
