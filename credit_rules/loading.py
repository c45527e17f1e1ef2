"""Loading a rulebook from a folder: the only module of ``credit_rules`` that reads files.

A folder holds methodology files, and may hold its own ``rulebook.toml`` (standards), ``lock.json``
(digests of what was published) and ``data/*.csv`` (factor tables). What it does not hold is the
shipped one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from credit_rules.calendar import HolidayCalendar, read_calendar
from credit_rules.checking import STANDARDS_FILE, check_and_assemble
from credit_rules.compiler import compile_methodology
from credit_rules.document import DocumentReader
from credit_rules.drafts import Draft, draft_over
from credit_rules.errors import Problem, RulebookError
from credit_rules.factors import FactorRow, read_factor_rows
from credit_rules.methodology import Methodology
from credit_rules.parsing import parse_toml, read_text
from credit_rules.rulebook import Rulebook
from credit_rules.standards import read_standards
from credit_rules.standards_model import Standards

SHIPPED: Final = Path(__file__).parent / "methods"
SHIPPED_DATA: Final = Path(__file__).parent / "data"
LOCK_FILE: Final = "lock.json"
CALENDAR_FILE: Final = "calendar.toml"


def load_rulebook(directory: Path | None = None) -> Rulebook:
    """Load, check and compile a rulebook.

    Args:
        directory: the folder; None for the shipped rulebook.

    Returns:
        The rulebook, ready to assess.

    Raises:
        RulebookError: with every problem of every file: file, key, fault and remedy.
    """
    return _load(directory if directory is not None else SHIPPED, None)


def load_draft(directory: Path, current: Rulebook) -> Draft:
    """Load a folder of drafts over a rulebook in force, with the guards of publication.

    A folder that changes the rulebook in force may hold a single file: versions it does not hold
    stay, and all are checked together. One that holds a rulebook of another name is checked by
    itself; kinds it does not hold keep their version in force.

    Args:
        directory: the folder.
        current: the rulebook in force.

    Returns:
        The draft.

    Raises:
        RulebookError: with every problem of every file: file, key, fault and remedy.
    """
    return draft_over(current, _load(directory, current))


class _Found(NamedTuple):
    """What a folder holds: the standards, the factor tables and the compiled files."""

    standards: Standards
    rows: Mapping[str, FactorRow]
    methodologies: list[Methodology]


def _load(folder: Path, current: Rulebook | None) -> Rulebook:
    problems: list[Problem] = []
    declared: set[str] = set()
    found = _read(folder, declared, current, problems)
    lock = read_lock(folder, problems)
    if found is None:
        raise RulebookError(problems)
    methodologies = found.methodologies
    if current is not None and current.name == found.standards.name:
        declared |= set(current.versions)
        methodologies = methodologies + _not_held(found, current, problems)
    rulebook = check_and_assemble(found.standards, methodologies, declared, lock, problems)
    if rulebook is not None and not problems and (folder / LOCK_FILE).is_file():
        _check_complete(rulebook, lock, problems)
    if rulebook is None or problems:
        raise RulebookError(problems)
    return rulebook


def _not_held(found: _Found, current: Rulebook, problems: list[Problem]) -> list[Methodology]:
    """The versions in force that a folder does not hold, without what others brought to them.

    Where the folder changes what all share, they are read again under the changed figures.
    """
    held = {(methodology.id, methodology.version) for methodology in found.methodologies}
    others = [m for m in current.all_versions() if (m.id, m.version) not in held]
    if found.standards.canonical == current.standards.canonical:
        return [replace(m, effective_until=m.doc.until, excludes=m.doc.excludes) for m in others]
    again = (
        _methodology(m.file, m.doc.data, found.standards, found.rows, problems) for m in others
    )
    return [methodology for methodology in again if methodology is not None]


def _check_complete(rulebook: Rulebook, lock: Mapping[str, str], problems: list[Problem]) -> None:
    """What was published never disappears: what was credited under it must stay replayable."""
    for name in lock:
        if name in rulebook.published:
            continue
        if _is_figure(name):
            fault, remedy = "已发布的共用数值不见了。", f"请在 {STANDARDS_FILE} 中恢复这一行。"
        else:
            fault, remedy = "已发布的版本没有对应的文件。", "请恢复这个文件。"
        problems.append(Problem(LOCK_FILE, name, fault, remedy))


def _is_figure(name: str) -> bool:
    """Whether an entry of the lock is a dated figure of ``rulebook.toml``."""
    return "/" in name


def _read(
    folder: Path, declared: set[str], current: Rulebook | None, problems: list[Problem]
) -> _Found | None:
    if not folder.is_dir():
        problems.append(Problem(folder.name, ".", "找不到这个文件夹。", "请核对路径。"))
        return None
    rows = _factor_rows(folder / "data" if (folder / "data").is_dir() else SHIPPED_DATA, problems)
    own = folder / STANDARDS_FILE
    parsed = read_toml(own if own.is_file() else SHIPPED / STANDARDS_FILE, problems)
    if parsed is None:
        return None
    before = len(problems)
    calendar = load_calendar(folder / "data", problems)
    standards = read_standards(STANDARDS_FILE, parsed, rows, calendar, problems)
    if len(problems) > before:
        return None
    files = sorted(path for path in folder.glob("*.toml") if path.name != STANDARDS_FILE)
    if not files and (current is None or not own.is_file()):
        problems.append(
            Problem(
                folder.name, "*.toml", "文件夹里没有方法学文件。", "请放入至少一个 .toml 文件。"
            )
        )
    found: list[Methodology] = []
    for path in files:
        parsed = read_toml(path, problems)
        if parsed is None:
            continue
        declared.add(str(parsed.get("id")))
        methodology = _methodology(path.name, parsed, standards, rows, problems)
        if methodology is not None:
            found.append(methodology)
    return _Found(standards, rows, found)


def _methodology(
    file: str,
    parsed: Mapping[str, object],
    standards: Standards,
    rows: Mapping[str, FactorRow],
    problems: list[Problem],
) -> Methodology | None:
    own: list[Problem] = []
    doc = DocumentReader(file, parsed, standards, rows, own).read()
    methodology = compile_methodology(doc, own) if doc is not None else None
    problems.extend(own)
    return methodology


def load_calendar(folder: Path, problems: list[Problem]) -> HolidayCalendar:
    """The published holidays: of a folder of data, or the shipped ones.

    Args:
        folder: the folder.
        problems: where errors are added.
    """
    own = folder / CALENDAR_FILE
    data = read_toml(own if own.is_file() else SHIPPED_DATA / CALENDAR_FILE, problems)
    if data is None:
        return HolidayCalendar({})
    return read_calendar(f"data/{CALENDAR_FILE}", data, problems)


def read_toml(path: Path, problems: list[Problem]) -> dict[str, object] | None:
    """The content of a TOML file; None after an error.

    Args:
        path: the file.
        problems: where errors are added.
    """
    return parse_toml(path.name, path.read_bytes(), problems)


def _factor_rows(folder: Path, problems: list[Problem]) -> dict[str, FactorRow]:
    rows: dict[str, FactorRow] = {}
    for path in sorted(folder.glob("*.csv")):
        text = read_text(path.name, path.read_bytes(), problems)
        if text is not None:
            rows |= read_table(f"data/{path.name}", text, problems)
    return rows


def read_table(file: str, text: str, problems: list[Problem]) -> dict[str, FactorRow]:
    """The rows of a factor table by key; empty where it is no table.

    Args:
        file: name of the file, for messages.
        text: its content.
        problems: where errors are added.
    """
    try:
        return read_factor_rows(file, text.splitlines(), problems)
    except csv.Error as error:
        remedy = "请核对引号和过长的单元格。"
        problems.append(Problem(file, ".", f"因子表无法读取（{error}）。", remedy))
        return {}


def read_lock(folder: Path, problems: list[Problem]) -> dict[str, str]:
    """The digests of published versions by ``id@version``: the folder's own, or the shipped ones.

    Args:
        folder: the folder of methodology files.
        problems: where errors are added.
    """
    own = folder / LOCK_FILE
    path = own if own.is_file() else SHIPPED / LOCK_FILE
    if not path.is_file():
        return {}
    try:
        lock = json.loads(path.read_text("utf-8"))
    except ValueError:
        lock = None
    if not isinstance(lock, dict) or not all(isinstance(value, str) for value in lock.values()):
        problems.append(
            Problem(
                LOCK_FILE,
                ".",
                "锁定文件不是“编号@版本: 摘要”的 JSON。",
                "请用 rules lock 重新生成。",
            )
        )
        return {}
    return lock


def write_lock(folder: Path) -> tuple[str, ...]:
    """Publish a folder: add the digests of its versions and shared figures to its ``lock.json``.

    Args:
        folder: the folder of methodology files; it must load.

    Returns:
        The names that were added: ``id@version``, and dated figures of ``rulebook.toml``.

    Raises:
        RulebookError: the folder does not load, or a published version has other content.
    """
    rulebook = load_rulebook(folder)
    path = folder / LOCK_FILE
    lock = read_lock(folder, []) if path.is_file() else {}
    current = rulebook.published
    added = tuple(sorted(set(current) - set(lock)))
    path.write_text(
        json.dumps({**lock, **current}, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return added
