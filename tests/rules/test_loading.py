"""Rulebooks: versions by day, digests over content, locks, dated parameters."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from credit_rules import (
    Facts,
    FactsRefused,
    NotInForce,
    Rulebook,
    RulebookError,
    UnknownMethodology,
    assess,
    describe,
    load_rulebook,
    write_lock,
)
from credit_rules.canonical import canonical_bytes
from credit_rules.energy import EnergyRefused
from credit_rules.energy.errors import EnergyTablesError
from credit_rules.loading import SHIPPED
from credit_rules.reading import decimal_of

Replace = Callable[[Path, str, str], None]
FILE = "recycling.drop_off.v1.toml"
LOCKED = (
    r": version: 第 1 版已发布，内容不能再改（已发布 [0-9a-f]{12}，现为 [0-9a-f]{12}）。"
    "请恢复原文，另存为第 2 版并写明生效日期。$"
)


def second_version(folder: Path, replace: Replace, start: str = "2026-07-01") -> Path:
    path = folder / "recycling.drop_off.v2.toml"
    shutil.copy(folder / FILE, path)
    replace(path, "version = 1\ntitle", "version = 2\ntitle")
    replace(path, "from = 2026-01-01", f"from = {start}")
    return path


def test_every_shipped_version_is_locked(shipped: Rulebook) -> None:
    lock = json.loads((SHIPPED / "lock.json").read_text("utf-8"))
    assert lock == shipped.published
    assert {f"{m.id}@{m.version}" for m in shipped.all_versions()} < set(lock)


def test_every_shipped_file_carries_at_least_three_examples(shipped: Rulebook) -> None:
    assert all(len(m.examples) >= 3 for m in shipped.all_versions())


def test_a_version_holds_from_its_first_day_to_the_day_before_the_next(
    shipped_folder: Path, replace: Replace
) -> None:
    second_version(shipped_folder, replace)
    rulebook = load_rulebook(shipped_folder)
    first, second = (
        rulebook.version("recycling.drop_off", 1),
        rulebook.version("recycling.drop_off", 2),
    )
    assert first.effective_until == date(2026, 6, 30)
    assert second.effective_until is None
    assert rulebook.methodology("recycling.drop_off", date(2026, 6, 30)) is first
    assert rulebook.methodology("recycling.drop_off", date(2026, 7, 1)) is second
    assert rulebook.in_force(date(2026, 7, 1)) == (second,)
    assert rulebook.in_force(date(2025, 12, 31)) == ()
    with pytest.raises(
        NotInForce, match=r"没有生效的版本。最早的版本自 2026-01-01 起生效，请核对日期。$"
    ):
        rulebook.methodology("recycling.drop_off", date(2025, 12, 31))


def test_after_the_last_day_nothing_is_in_force(mixed: Rulebook) -> None:
    with pytest.raises(
        NotInForce, match=r"没有生效的版本。最后的版本已于 2026-12-31 失效，请核对日期。$"
    ):
        mixed.methodology("travel.trip", date(2027, 1, 1))


def test_unknown_names_raise_with_the_nearest(shipped: Rulebook) -> None:
    with pytest.raises(UnknownMethodology, match=r"recycling\.drop_off"):
        shipped.methodology("recycling.dropoff", date(2026, 3, 1))
    with pytest.raises(UnknownMethodology, match="可用的版本：1"):
        shipped.version("recycling.drop_off", 2)


def test_digests_are_over_content_not_over_comments(
    shipped: Rulebook, shipped_folder: Path, replace: Replace
) -> None:
    before = load_rulebook(shipped_folder)
    replace(shipped_folder / FILE, "schema = 1", "# a remark\n\nschema    =  1")
    same = load_rulebook(shipped_folder)
    assert same.digest == before.digest
    replace(shipped_folder / FILE, 'glass = "0.6"', 'glass = "0.60"')
    replace(shipped_folder / FILE, "分类投放", "分类投放！")
    other = load_rulebook(shipped_folder)
    assert other.digest != before.digest
    assert (
        other.version("recycling.drop_off", 1).digest
        != shipped.version("recycling.drop_off", 1).digest
    )


def test_a_factor_table_or_evidence_table_changes_the_digest(
    shipped: Rulebook, shipped_folder: Path, replace: Replace
) -> None:
    replace(
        shipped_folder / "rulebook.toml",
        'T1 = { label = "照片或现场海报码"',
        'T1 = { label = "相片"',
    )
    changed = load_rulebook(shipped_folder)
    assert (
        changed.version("recycling.drop_off", 1).digest
        != shipped.version("recycling.drop_off", 1).digest
    )


def test_a_folder_may_bring_its_own_factor_table(shipped_folder: Path, replace: Replace) -> None:
    data = shipped_folder / "data"
    shutil.copytree(SHIPPED.parent / "data", data)
    replace(data / "action_factors.csv", "kgCO2e/kg,0.295,", "kgCO2e/kg,0.305,")
    with pytest.raises(RulebookError, match=r"tables\.saving\.rows\.paper\.value"):
        load_rulebook(shipped_folder)
    replace(shipped_folder / FILE, 'value = "0.295"', 'value = "0.305"')
    with pytest.raises(RulebookError, match=r"算得 610000"):
        load_rulebook(shipped_folder)


def test_a_published_version_cannot_change(shipped_folder: Path, replace: Replace) -> None:
    added = write_lock(shipped_folder)
    assert "recycling.drop_off@1" in added
    assert "shared.recycling_points/2026-01-01" in added
    assert write_lock(shipped_folder) == ()
    replace(shipped_folder / FILE, "max_age_days = 7", "max_age_days = 8")
    for call in (load_rulebook, write_lock):
        with pytest.raises(RulebookError, match=LOCKED):
            call(shipped_folder)


def test_a_new_version_is_added_to_the_lock(shipped_folder: Path, replace: Replace) -> None:
    write_lock(shipped_folder)
    before = json.loads((shipped_folder / "lock.json").read_text("utf-8"))
    second_version(shipped_folder, replace)
    assert write_lock(shipped_folder) == ("recycling.drop_off@2",)
    after = json.loads((shipped_folder / "lock.json").read_text("utf-8"))
    assert before.items() < after.items()


def test_a_published_version_cannot_disappear(shipped_folder: Path, replace: Replace) -> None:
    second = second_version(shipped_folder, replace)
    write_lock(shipped_folder)
    second.unlink()
    with pytest.raises(
        RulebookError,
        match=r"^lock\.json: recycling\.drop_off@2: 已发布的版本没有对应的文件。请恢复这个文件。$",
    ):
        load_rulebook(shipped_folder)


def test_a_draft_folder_is_held_against_the_shipped_lock(
    shipped_folder: Path, replace: Replace
) -> None:
    (shipped_folder / "lock.json").unlink()
    load_rulebook(shipped_folder)
    replace(shipped_folder / FILE, "max_age_days = 7", "max_age_days = 8")
    with pytest.raises(RulebookError, match=LOCKED):
        load_rulebook(shipped_folder)


def test_a_parameter_changes_on_its_day(mixed: Rulebook) -> None:
    def climb(on: date) -> int:
        return assess(mixed, Facts("stairs.climb", on, "T2", {"floors": "10"})).reduction_mg

    assert climb(date(2026, 6, 30)) == 12882
    assert climb(date(2026, 7, 1)) == 12435


def test_all_problems_of_all_files_come_at_once(mixed_folder: Path, replace: Replace) -> None:
    replace(mixed_folder / "stairs.climb.v1.toml", 'unit = "floor"', 'unit = "flor"')
    replace(mixed_folder / "travel.trip.v1.toml", 'scale"', 'scal"')
    (mixed_folder / "broken.toml").write_text("a = ", encoding="utf-8")
    with pytest.raises(RulebookError) as error:
        load_rulebook(mixed_folder)
    assert {p.file for p in error.value.problems} == {
        "broken.toml",
        "stairs.climb.v1.toml",
        "travel.trip.v1.toml",
    }


def test_what_in_meter_means(mixed: Rulebook, shipped: Rulebook) -> None:
    assert not mixed.version("stairs.climb", 1).issuable
    assert shipped.version("recycling.drop_off", 1).issuable


def test_a_description_lists_inputs_caps_and_evidence(shipped: Rulebook) -> None:
    found = describe(shipped.version("recycling.drop_off", 1))
    inputs, caps = found["inputs"], found["caps"]
    assert isinstance(inputs, list)
    assert isinstance(caps, list)
    assert inputs[1] == {
        "name": "mass",
        "label": "质量",
        "kind": "quantity",
        "unit": "kg",
        "unit_label": "kg",
        "min": "0.01",
        "max": "50",
        "step": "0.01",
    }
    shown = {(c["name"], c["limit"], c["unit"]) for c in caps if isinstance(c, dict)}
    assert shown == {
        ("daily_reduction", "10", "kgCO2e"),
        ("reduction", "300", "kgCO2e"),
        ("declared_limited", "5", "point"),
        ("declared_points", "20", "point"),
        ("points", "30", "point"),
        ("bonus", "60", "point"),
    }
    assert json.loads(json.dumps(found)) == found


def test_numbers_may_be_written_as_numbers(shipped_folder: Path, replace: Replace) -> None:
    before = load_rulebook(shipped_folder).version("recycling.drop_off", 1)
    replace(shipped_folder / FILE, 'min = "0.01"\nmax = "50"', "min = 0.01\nmax = 50")
    after = load_rulebook(shipped_folder).version("recycling.drop_off", 1)
    assert after.inputs == before.inputs


def test_what_a_folder_shares_must_be_readable(shipped_folder: Path) -> None:
    (shipped_folder / "rulebook.toml").write_text("[confidences", encoding="utf-8")
    with pytest.raises(RulebookError) as refused:
        load_rulebook(shipped_folder)
    assert {(p.file, p.key) for p in refused.value.problems} == {("rulebook.toml", "第 1 行")}


def test_a_factor_table_in_another_encoding_is_refused(shipped_folder: Path) -> None:
    (shipped_folder / "data").mkdir()
    (shipped_folder / "data" / "own.csv").write_bytes("键,单位\n".encode("gb18030"))
    with pytest.raises(RulebookError) as refused:
        load_rulebook(shipped_folder)
    assert any(p.file == "own.csv" and "UTF-8" in p.fault for p in refused.value.problems)


def test_a_rulebook_never_published_has_no_lock(
    shipped_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shipped_folder / "lock.json").unlink()
    monkeypatch.setattr("credit_rules.loading.SHIPPED", shipped_folder)
    load_rulebook(shipped_folder)
    assert "recycling.drop_off@1" in write_lock(shipped_folder)


def test_a_file_with_an_empty_list_of_sources_is_refused(shipped_folder: Path) -> None:
    (shipped_folder / "odd.toml").write_text("schema = 1\n[sources]\n", encoding="utf-8")
    with pytest.raises(
        RulebookError, match=r"odd\.toml: sources: 没有写任何来源。请至少写一个来源。\n"
    ):
        load_rulebook(shipped_folder)


def test_a_text_has_two_thousand_characters_at_most(shipped_folder: Path, replace: Replace) -> None:
    title = 'title = "分类投放"'
    replace(shipped_folder / FILE, title, f'title = "{"长" * 2000}"')
    load_rulebook(shipped_folder)
    replace(shipped_folder / FILE, f'title = "{"长" * 2000}"', f'title = "{"长" * 2001}"')
    with pytest.raises(RulebookError, match="过长"):
        load_rulebook(shipped_folder)


def test_only_what_has_a_canonical_form_has_a_digest() -> None:
    value = {"b": (Decimal("1.50"), date(2026, 1, 1)), "a": [None, True, Decimal(100), "“"]}
    assert canonical_bytes(value) == '{"a":[null,true,"100","“"],"b":["1.5","2026-01-01"]}'.encode()
    with pytest.raises(TypeError, match="no canonical form for float"):
        canonical_bytes({"x": 0.5})


@pytest.mark.parametrize(
    "error, code",
    [
        (RulebookError, "rulebook_invalid"),
        (NotInForce, "methodology_not_in_force"),
        (UnknownMethodology, "methodology_unknown"),
        (FactsRefused, "facts_refused"),
        (EnergyRefused, "energy_refused"),
        (EnergyTablesError, "energy_tables_invalid"),
    ],
)
def test_codes_of_errors_are_stable(error: type[Exception], code: str) -> None:
    assert getattr(error, "code", None) == code


@pytest.mark.parametrize(
    "value, expected",
    [
        ("1.5", Decimal("1.5")),
        ("007", Decimal(7)),
        (0, Decimal(0)),
        (10**15 - 1, Decimal(10**15 - 1)),
        (10**15, None),
        pytest.param(16**5000, None, id="longer than Python writes"),
        (-1, None),
        (True, None),
        (Decimal("0.000000000001"), Decimal("0.000000000001")),
        (Decimal("0.0000000000001"), None),
        (Decimal("1E+1"), None),
        (Decimal("NaN"), None),
        (Decimal("-0.5"), None),
        (1.5, None),
        ("1e3", None),
        ("1" * 16, None),
        ("-1", None),
        (None, None),
    ],
)
def test_a_plain_decimal_of_a_file(value: object, expected: Decimal | None) -> None:
    assert decimal_of(value) == expected


@pytest.mark.parametrize(
    "written, accepted", [("0", True), (str(2**62 - 1), True), (str(2**62), False), ("-1", False)]
)
def test_a_whole_number_of_a_file_fits_62_bits(
    written: str, accepted: bool, shipped_folder: Path, replace: Replace
) -> None:
    replace(shipped_folder / FILE, "max_age_days = 7", f"max_age_days = {written}")
    if accepted:
        evidence = load_rulebook(shipped_folder).version("recycling.drop_off", 1).evidence
        assert evidence.max_age_days == int(written)
        return
    with pytest.raises(RulebookError) as refused:
        load_rulebook(shipped_folder)
    (problem,) = refused.value.problems
    assert (problem.file, problem.key) == (FILE, "evidence.max_age_days")
    assert (problem.fault, problem.remedy) == (
        "这里必须是不小于零的整数。",
        "请写成不带引号的整数。",
    )


@pytest.mark.parametrize(
    "key, written, accepted",
    [
        ("max_multiplier", "1", False),
        ("max_multiplier", "1.01", True),
        ("max_multiplier", "10", True),
        ("max_multiplier", "10.01", False),
        ("daily_cap", "100000 point", True),
        ("daily_cap", "100000.001 point", False),
        ("daily_cap", "0.000000001 point", True),
        ("daily_cap", "0.0000000015 point", False),
    ],
)
def test_the_limits_of_a_bonus(
    key: str, written: str, accepted: bool, shipped_folder: Path, replace: Replace
) -> None:
    old = {"max_multiplier": "3", "daily_cap": "60 point"}[key]
    replace(shipped_folder / FILE, f'{key} = "{old}"', f'{key} = "{written}"')
    replace(shipped_folder / FILE, "expect = { reduction_mg = 0,", "expect = { reduction_mg = 1,")
    with pytest.raises(RulebookError) as refused:  # for the example, whatever the bonus
        load_rulebook(shipped_folder)
    assert (f"bonus.{key}" not in {problem.key for problem in refused.value.problems}) is accepted


@pytest.mark.parametrize("written", ["", "many", "１ point", "NaN point", "1e9 point"])
def test_a_limit_of_a_bonus_that_cannot_be_read_is_one_fault(
    written: str, shipped_folder: Path, replace: Replace
) -> None:
    """What stands in for it is never said to pass a budget."""
    replace(shipped_folder / FILE, 'daily_cap = "60 point"', f'daily_cap = "{written}"')
    replace(shipped_folder / FILE, 'budget = "100000 point"', 'budget = "0 point"')
    with pytest.raises(RulebookError) as refused:
        load_rulebook(shipped_folder)
    (problem,) = refused.value.problems
    assert problem.key == "bonus.daily_cap"


@pytest.mark.parametrize("share, accepted", [("0", True), ("1", True), ("1.000000000001", False)])
def test_a_share_of_a_footprint_is_at_most_all_of_it(
    share: str, accepted: bool, shipped_folder: Path, replace: Replace
) -> None:
    replace(shipped_folder / FILE, 'share = "1"', f'share = "{share}"')
    if accepted:
        loaded = load_rulebook(shipped_folder).version("recycling.drop_off", 1)
        assert loaded.footprint_share == Decimal(share)
        return
    with pytest.raises(RulebookError, match=r"footprint\.share: 份额不能大于 1。"):
        load_rulebook(shipped_folder)
