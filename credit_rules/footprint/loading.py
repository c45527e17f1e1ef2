"""Loading questionnaires: the only module of ``credit_rules.footprint`` that reads files.

A folder holds ``questionnaire*.toml``, one per version, and may hold ``lock.json`` with the digests
of published versions. Categories, confidences and outdated values are those of the rulebook;
factors come from the factor tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

from credit_rules.checking import STANDARDS_FILE
from credit_rules.errors import NotInForce, Problem, RulebookError
from credit_rules.factors import FactorRow
from credit_rules.footprint.document import QuestionnaireReader
from credit_rules.footprint.model import Questionnaire
from credit_rules.loading import (
    LOCK_FILE,
    SHIPPED,
    SHIPPED_DATA,
    load_calendar,
    read_lock,
    read_table,
    read_toml,
)
from credit_rules.parsing import read_text
from credit_rules.standards import read_standards
from credit_rules.standards_model import Standards

SHIPPED_QUESTIONNAIRES: Final = Path(__file__).parent
_PATTERN = "questionnaire*.toml"


@dataclass(frozen=True, slots=True)
class Questionnaires:
    """All versions of the questionnaire, oldest first."""

    versions: tuple[Questionnaire, ...]

    def on(self, day: date) -> Questionnaire:
        """The version in force on a day.

        Raises:
            NotInForce: there is none; nothing falls back to another version.
        """
        for version in self.versions:
            if version.covers(day):
                return version
        first, last = self.versions[0], self.versions[-1]
        remedy = f"问卷自 {first.start} 起生效，请选择此后的日期。"
        if last.until is not None and day > last.until:
            remedy = f"问卷到 {last.until} 为止，请换用新版问卷。"
        raise NotInForce(first.id, day, remedy)


def load_questionnaires(directory: Path | None = None) -> Questionnaires:
    """Load and check every version of the questionnaire.

    Args:
        directory: the folder; None for the shipped one. Its own ``data`` folder, where there is
            one, holds the factor tables.

    Returns:
        The versions, ready to reckon with.

    Raises:
        RulebookError: with every problem of every file: file, key, fault and remedy.
    """
    problems: list[Problem] = []
    folder = directory if directory is not None else SHIPPED_QUESTIONNAIRES
    files = sorted(folder.glob(_PATTERN)) if folder.is_dir() else []
    if not files:
        problems.append(
            Problem(folder.name, _PATTERN, "文件夹里没有问卷文件。", "请核对路径，或放入问卷。")
        )
    rows = _factor_rows(folder / "data" if (folder / "data").is_dir() else SHIPPED_DATA, problems)
    standards = _standards(problems)
    found: list[Questionnaire] = []
    for path in files:
        questionnaire = _read(path, standards, rows, problems) if standards else None
        if questionnaire is not None:
            found.append(questionnaire)
    found.sort(key=lambda each: each.start)
    _check_versions(found, problems)
    _check_lock(folder, found, problems)
    if problems:
        raise RulebookError(problems)
    return Questionnaires(tuple(found))


def _read(
    path: Path, standards: Standards, rows: Mapping[str, FactorRow], problems: list[Problem]
) -> Questionnaire | None:
    own: list[Problem] = []
    data = read_toml(path, own)
    found = (
        QuestionnaireReader(path.name, data, standards, rows, own).read()
        if data is not None
        else None
    )
    problems.extend(own)
    return found


def _check_versions(found: list[Questionnaire], problems: list[Problem]) -> None:
    """Versions follow each other without gap or overlap, under one id, with numbers that rise."""
    for earlier, later in pairwise(found):
        if later.id != earlier.id:
            problems.append(
                Problem(later.file, "id", f"与 {earlier.file} 的编号不同。", "请改为一致。")
            )
        if later.version <= earlier.version:
            problems.append(
                Problem(
                    later.file,
                    "version",
                    f"版本号不大于 {earlier.file} 的 {earlier.version}。",
                    "内容或日期变了，就用下一个版本号。",
                )
            )
        if earlier.until is None or (later.start - earlier.until).days != 1:
            problems.append(
                Problem(
                    earlier.file,
                    "effective.until",
                    f"与 {later.file}（自 {later.start}）重叠或有空档。",
                    "请写成下一版生效的前一天。",
                )
            )


def _check_lock(folder: Path, found: list[Questionnaire], problems: list[Problem]) -> None:
    """A published version keeps its content."""
    if not (folder / LOCK_FILE).is_file():
        return
    lock = read_lock(folder, problems)
    present = {f"{each.id}@{each.version}": each for each in found}
    for name, digest in lock.items():
        questionnaire = present.get(name)
        if questionnaire is None:
            fault, remedy = "已发布的版本没有可用的文件。", "请恢复这个文件。"
        elif questionnaire.digest != digest:
            fault, remedy = (
                f"已发布的版本内容变了（摘要 {questionnaire.digest}）。",
                "请恢复原内容，把修改写成新版本。",
            )
        else:
            continue
        problems.append(Problem(LOCK_FILE, name, fault, remedy))


def _standards(problems: list[Problem]) -> Standards | None:
    data = read_toml(SHIPPED / STANDARDS_FILE, problems)
    rows = _factor_rows(SHIPPED_DATA, problems)
    calendar = load_calendar(SHIPPED_DATA, problems)
    if data is None:
        return None
    return read_standards(STANDARDS_FILE, data, rows, calendar, problems)


def _factor_rows(folder: Path, problems: list[Problem]) -> dict[str, FactorRow]:
    rows: dict[str, FactorRow] = {}
    for path in sorted(folder.glob("*.csv")):
        text = read_text(path.name, path.read_bytes(), problems)
        if text is not None:
            rows |= read_table(f"data/{path.name}", text, problems)
    return rows
