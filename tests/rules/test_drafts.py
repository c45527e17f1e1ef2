"""Drafts over the rules in force: which version judges a day, and what a draft may not do."""

import pickle
import shutil
from datetime import date
from pathlib import Path

import pytest

from credit_rules import (
    Draft,
    Facts,
    NotInForce,
    Rulebook,
    RulebookError,
    UnknownMethodology,
    assess,
    load_draft,
)
from credit_rules.loading import SHIPPED
from tests.builders.drafts import a_draft

DROP_OFF = "recycling.drop_off"
METRO = "commute.metro"
OWN_LIMIT = """label = "积分上限"
amount = "23 point"
period = "day"
counter = "commute"
source = "commute_points\""""
SOLO_CAR = SHIPPED.parent / "rulebooks" / "solo_car"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "draft"


def test_a_draft_judges_the_days_before_its_first_by_its_first(
    shipped: Rulebook, folder: Path
) -> None:
    draft = load_draft(a_draft(folder, DROP_OFF), shipped)
    early = draft.applied(DROP_OFF, date(2026, 3, 1))
    assert (early.methodology.version, early.as_of) == (2, date(2027, 1, 1))
    later = draft.applied(DROP_OFF, date(2027, 3, 1))
    assert (later.methodology.version, later.as_of) == (2, date(2027, 3, 1))
    assert set(draft.new) == {DROP_OFF}


def test_a_kind_the_draft_does_not_hold_keeps_its_version_in_force(
    shipped: Rulebook, folder: Path
) -> None:
    draft = load_draft(a_draft(folder, DROP_OFF), shipped)
    kept = draft.applied(METRO, date(2026, 3, 1))
    assert kept.methodology.digest == shipped.methodology(METRO, date(2026, 3, 1)).digest
    assert kept.as_of == date(2026, 3, 1)
    # It stands in the draft's rulebook, so that shared counters and exclusions are checked.
    assert METRO in draft.rulebook.versions
    with pytest.raises(UnknownMethodology):
        draft.applied("commute.ferry", date(2026, 3, 1))


def test_a_version_that_judges_is_found_again_by_its_number(
    shipped: Rulebook, folder: Path
) -> None:
    draft = load_draft(a_draft(folder, DROP_OFF), shipped)
    for kind, version in ((DROP_OFF, 2), (DROP_OFF, 1), (METRO, 1)):
        assert draft.version(kind, version).version == version
    with pytest.raises(UnknownMethodology):
        draft.version(METRO, 2)


def test_a_draft_goes_to_another_process_as_it_is(shipped: Rulebook, folder: Path) -> None:
    draft = load_draft(a_draft(folder, DROP_OFF), shipped)
    other: Draft = pickle.loads(pickle.dumps(draft))  # noqa: S301 - made in the line itself
    for mine, theirs in ((draft.rulebook, other.rulebook), (draft.current, other.current)):
        assert theirs.digest == mine.digest
        assert [
            (m.id, m.version, m.digest, m.effective_until, m.excludes)
            for m in theirs.all_versions()
        ] == [
            (m.id, m.version, m.digest, m.effective_until, m.excludes) for m in mine.all_versions()
        ]
    facts = Facts(DROP_OFF, date(2027, 3, 1), "T2", {"material": "paper", "mass": "2"})
    found, again = assess(draft.rulebook, facts), assess(other.rulebook, facts)
    assert again[:-1] == found[:-1]
    assert again.trace.canonical() == found.trace.canonical()


def test_the_rules_in_force_are_no_draft(shipped: Rulebook) -> None:
    draft = load_draft(SHIPPED, shipped)
    assert draft.new == {}
    assert draft.rulebook.digest == shipped.digest


def test_a_draft_that_has_ended_judges_nothing_after(shipped: Rulebook, folder: Path) -> None:
    draft = load_draft(
        a_draft(folder, DROP_OFF, ("01-01\n", "01-01\nuntil = 2027-06-30\n")), shipped
    )
    assert draft.applied(DROP_OFF, date(2027, 6, 30)).as_of == date(2027, 6, 30)
    with pytest.raises(
        NotInForce, match=r"没有生效的版本。草案的最后一版已于 2027-06-30 失效，请核对日期。$"
    ):
        draft.applied(DROP_OFF, date(2027, 7, 1))


def test_two_drafts_of_a_kind_follow_each_other(shipped: Rulebook, folder: Path) -> None:
    a_draft(folder, DROP_OFF)
    a_draft(folder, DROP_OFF, version=3, start="2028-01-01")
    draft = load_draft(folder, shipped)
    versions = [
        draft.applied(DROP_OFF, day).methodology.version
        for day in (date(2026, 5, 1), date(2027, 5, 1), date(2027, 12, 31), date(2028, 1, 1))
    ]
    assert versions == [2, 2, 2, 3]


def test_a_rulebook_of_another_name_stands_by_itself(shipped: Rulebook) -> None:
    draft = load_draft(SOLO_CAR, shipped)
    assert DROP_OFF not in draft.rulebook.versions
    day = date(2026, 3, 1)
    assert draft.applied(METRO, day).methodology.digest != shipped.methodology(METRO, day).digest
    assert draft.applied(DROP_OFF, day).methodology == shipped.methodology(DROP_OFF, day)


@pytest.mark.parametrize(
    "kind, change, message",
    [
        # The limit belongs to every kind that shares the counter, also to those not in the draft.
        (METRO, ('shared = "commute_points"', OWN_LIMIT), "共用计数器"),
        ("commute.car_free_day", ('"commute.bus"', '"commute.ferry"'), "没有方法学"),
    ],
)
def test_a_draft_is_checked_together_with_the_rules_in_force(
    shipped: Rulebook, folder: Path, kind: str, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(RulebookError, match=message):
        load_draft(a_draft(folder, kind, change), shipped)


def test_a_published_version_with_other_content_is_refused(shipped: Rulebook, folder: Path) -> None:
    folder.mkdir()
    name = f"{DROP_OFF}.v1.toml"
    shutil.copy(SHIPPED / name, folder)
    text = (folder / name).read_text("utf-8").replace("分类投放", "分类投放草案")
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(RulebookError, match="内容不能再改"):
        load_draft(folder, shipped)


def test_a_draft_whose_shared_file_cannot_be_read_is_refused(
    shipped: Rulebook, folder: Path
) -> None:
    (a_draft(folder, DROP_OFF) / "rulebook.toml").write_text("schema = 2\n", encoding="utf-8")
    with pytest.raises(RulebookError, match=r"rulebook\.toml: schema: 只支持 schema = 1。"):
        load_draft(folder, shipped)


def test_an_exclusion_that_a_draft_takes_back_is_gone_on_both_sides(
    shipped: Rulebook, folder: Path
) -> None:
    kind, bus, day = "commute.car_free_day", "commute.bus", date(2026, 3, 1)
    assert (kind, "day") in shipped.methodology(bus, day).excluded_by
    text = (SHIPPED / f"{kind}.v1.toml").read_text("utf-8")
    start = text.index(f'[[excludes]]\nmethodology = "{bus}"')
    folder.mkdir()
    (folder / "lock.json").write_text("{}", encoding="utf-8")
    shorter = text[:start] + text[text.index("[[excludes]]", start + 1) :]
    (folder / f"{kind}.v1.toml").write_text(shorter, encoding="utf-8")
    drafted = load_draft(folder, shipped).rulebook.methodology(bus, day)
    assert (kind, "day") not in drafted.excluded_by


def test_dates_are_held_against_the_published_version(shipped: Rulebook, folder: Path) -> None:
    with pytest.raises(RulebookError, match="不晚于第 1 版"):
        load_draft(a_draft(folder, DROP_OFF, start="2026-01-01"), shipped)
