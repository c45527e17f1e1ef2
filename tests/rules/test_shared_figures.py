"""Figures that several kinds share stand once: one edit changes one, what was published stays."""

import re
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from credit_rules import Facts, Rulebook, RulebookError, Used, assess, load_draft, load_rulebook
from credit_rules.loading import SHIPPED, write_lock
from credit_rules.values import Counted

BEFORE, AFTER = date(2026, 6, 30), date(2026, 7, 1)
POINTS = 'amount = "24 point" }'
LATER = f'{POINTS}, {{ from = 2026-07-01, amount = "20 point" }}'


@pytest.fixture
def methods(tmp_path: Path) -> Path:
    """The shipped rulebook as it was published."""
    folder = tmp_path / "methods"
    shutil.copytree(SHIPPED, folder)
    return folder


def edited(folder: Path, old: str, new: str) -> Path:
    path = folder / "rulebook.toml"
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
    return folder


def day_of_trips(rules: Rulebook, on: date) -> int:
    used: dict[str, Used] = {}
    points = 0
    for kind in ("commute.metro", "commute.bus", "commute.bicycle", "commute.metro") * 3:
        result = assess(rules, Facts(kind, on, "T4", {"distance": "20"}, {
            key: row for key, row in used.items() if key in rules.methodology(kind, on).cap_keys
        }))  # fmt: skip
        used |= {key: used.get(key, Used()).plus(row) for key, row in result.usage.items()}
        points += result.points_mpt
    return points


def test_changing_one_shared_limit_is_one_edit_and_holds_for_every_kind(methods: Path) -> None:
    (methods / "lock.json").write_text("{}")
    rules = load_rulebook(edited(methods, POINTS, POINTS.replace("24", "20")))
    assert day_of_trips(rules, BEFORE) == 20_000
    limits = [
        (methodology.id, cap.limit_nano)
        for methodology in rules.in_force(BEFORE)
        for cap in methodology.caps
        if (cap.key, cap.measure) == ("commute:day", "points_npt") and cap.kind == "cap"
    ]
    assert len(limits) >= 11
    assert {limit for _, limit in limits} == {20 * 10**9}


def test_a_later_limit_is_one_more_line_and_changes_no_published_file(
    methods: Path, shipped: Rulebook
) -> None:
    rules = load_rulebook(edited(methods, POINTS, LATER))
    assert (day_of_trips(rules, BEFORE), day_of_trips(rules, AFTER)) == (24_000, 20_000)
    assert [m.digest for m in rules.all_versions()] == [m.digest for m in shipped.all_versions()]
    assert rules.digest != shipped.digest
    assert write_lock(methods) == ("shared.commute_points/2026-07-01",)


@pytest.mark.parametrize(
    "new, says",
    [
        (POINTS.replace("24", "30"), "请恢复原值，在 values 中另加一行，写明新的生效日期。"),
        ('amount = "24 point", until = 2026-12-31 }', "不认识这个键"),
    ],
)
def test_a_published_figure_is_not_changed(methods: Path, new: str, says: str) -> None:
    with pytest.raises(RulebookError, match=says):
        load_rulebook(edited(methods, POINTS, new))


def test_a_published_figure_does_not_disappear(methods: Path) -> None:
    write_lock(edited(methods, POINTS, LATER))
    with pytest.raises(RulebookError, match="已发布的共用数值不见了"):
        load_rulebook(edited(methods, LATER, POINTS))


def test_the_shared_file_alone_is_a_draft_over_the_rules_in_force(
    tmp_path: Path, shipped: Rulebook
) -> None:
    folder = tmp_path / "draft"
    folder.mkdir()
    shutil.copy(SHIPPED / "rulebook.toml", folder)
    draft = load_draft(edited(folder, POINTS, LATER), shipped)
    assert {kind.partition(".")[0] for kind in draft.new} == {"commute"}
    assert draft.applied("commute.metro", BEFORE).as_of == AFTER
    assert draft.applied("dining.own_cup", BEFORE).as_of == BEFORE
    assert day_of_trips(draft.rulebook, AFTER) == 20_000


def test_no_limit_stands_in_two_files(shipped: Rulebook) -> None:
    own = Counter(
        (line.spec.key, line.spec.measure)
        for methodology in shipped.all_versions()
        for line in methodology.plans[-1].lines
        if isinstance(line, Counted)
        and not next(s for s in methodology.doc.steps if s.out == line.out.name).shared
    )
    assert [key for key, files in own.items() if files > 1] == []


def test_no_file_repeats_a_source_of_the_rulebook() -> None:
    titles = Counter(
        title
        for path in SHIPPED.glob("*.toml")
        for title in set(re.findall(r'(?m)^title = "(.{20,})"$', path.read_text("utf-8")))
    )
    assert {title: n for title, n in titles.items() if n > 6} == {}
