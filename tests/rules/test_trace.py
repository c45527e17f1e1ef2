"""A trace explains every step, renders to stable JSON and replays to the same bytes."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from credit_rules import Assessment, Boost, Facts, Rulebook, Used, assess
from credit_rules.canonical import canonical_bytes
from credit_rules.examples import run_example

DAY = date(2026, 3, 1)
STEP_PATHS = {
    "[].key",
    "[].block",
    "[].out",
    "[].label",
    "[].value",
    "[].unit",
    "[].text",
    "[].row[]",
    "[].operands[].name",
    "[].operands[].label",
    "[].operands[].value",
    "[].operands[].unit",
    "[].counter.key",
    "[].counter.lane",
    "[].counter.scope",
    "[].counter.period",
    "[].counter.applies",
    "[].counter.used",
    "[].counter.claimed",
    "[].counter.limit",
    "[].counter.rows[]",
}


def drop_off(rulebook: Rulebook, *, tier: str = "T2", boost: Boost | None = None) -> Assessment:
    used = {"recycling.drop_off:day": Used(points_npt=10**9, activity_nano=10**8)}
    inputs: dict[str, str | int | Decimal] = {"material": "paper", "mass": "2.5"}
    return assess(rulebook, Facts("recycling.drop_off", DAY, tier, inputs, used, boost=boost))


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path, value


def test_the_schema_is_stable(shipped: Rulebook) -> None:
    trace = drop_off(shipped).trace.to_json()
    assert list(trace) == [
        "bonus",
        "factors",
        "inputs",
        "methodology",
        "on",
        "result",
        "schema",
        "steps",
        "tier",
    ]
    assert trace["schema"] == "tanpuhui.trace.v1"
    assert trace["result"] == {
        "reduction_mg": 737500,
        "reduction_remainder_ng": 0,
        "points_mpt": 20400,
        "points_remainder_npt": 0,
        "bonus_mpt": 0,
    }
    assert trace["bonus"] is None
    assert {path for path, _ in leaves(trace["steps"])} == STEP_PATHS


def test_no_float_is_in_a_trace_and_it_survives_json(shipped: Rulebook) -> None:
    trace = drop_off(shipped, boost=Boost("地球日", Decimal("1.5"), 10**6)).trace.to_json()
    assert not [path for path, value in leaves(trace) if isinstance(value, float)]
    assert json.loads(json.dumps(trace)) == trace


def test_every_factor_names_its_source_and_nothing_of_how_a_copy_was_obtained(
    shipped: Rulebook,
) -> None:
    factors = drop_off(shipped).trace.to_json()["factors"]
    assert isinstance(factors, list)
    saving = next(f for f in factors if isinstance(f, dict) and f["name"] == "saving")
    assert saving["key"] == "recycle.paper.defra"
    assert saving["value"] == "0.295"
    assert saving["unit"] == "kgCO2e/kg"
    for factor in factors:
        assert isinstance(factor, dict)
        assert factor["source"]
        assert not {"confidence", "obtained"} & set(factor)


def test_the_same_facts_give_the_same_digest_and_others_another(shipped: Rulebook) -> None:
    first, again = drop_off(shipped).trace.digest(), drop_off(shipped).trace.digest()
    assert first == again
    assert len(first) == 64
    assert drop_off(shipped, tier="T3").trace.digest() != first
    assert drop_off(shipped, boost=Boost("x", Decimal(2), 1)).trace.digest() != first


def test_the_sentences_tell_the_calculation_in_order(shipped: Rulebook) -> None:
    sentences = drop_off(shipped).trace.sentences()
    assert all(sentence.endswith("。") for sentence in sentences)
    assert sentences[0] == "按《分类投放》第 1 版计算（2026-01-01 起施行）。"
    assert sentences[1] == (
        "您提交的是：材料 废纸（办公纸、书报），质量 2.5 kg；凭证为 T2 现场动态码或管理员扫码。"
    )
    text = "".join(sentences)
    for part in (
        "回收减排因子（废纸（办公纸、书报））取 0.295 kgCO2e/kg，来源：英国能源安全与净零排放部",
        "减排量 ＝ 计入减排量的质量 2.5 kg × 回收减排因子 0.295 kgCO2e/kg ＝ 737.5 g。",
        "1 kg 以内 10 分/kg；5 kg 以内 4 分/kg；其余 1 分/kg",
        "此前 0.1 kg，本次 2.5 kg，得 15.4 分",
        "各类回收每人每日积分上限 30 分（每人每日）：此前累计 1 分，本次 20.4 分，计入 20.4 分",
    ):
        assert part in text, part
    assert sentences[-1].startswith("本次计入减排量 737.5 g 二氧化碳当量，积分 20.4 分")


def test_what_does_not_apply_is_not_told(shipped: Rulebook) -> None:
    evidenced = "".join(drop_off(shipped).trace.sentences())
    declared = "".join(drop_off(shipped, tier="T0").trace.sentences())
    assert "自行申报每日" not in evidenced
    assert "凭证权重" not in evidenced
    assert "自行申报" not in evidenced
    assert "自行申报每日积分上限 5 分" in declared
    assert "全部自行申报每人每日积分上限 20 分" in declared
    assert "凭证权重 50 %" in declared


def test_a_bonus_is_explained_and_its_budget_shown(shipped: Rulebook) -> None:
    result = drop_off(shipped, boost=Boost("地球日", Decimal("1.5"), 5000))
    bonus = result.trace.to_json()["bonus"]
    assert isinstance(bonus, dict)
    assert (bonus["campaign"], bonus["multiplier"], bonus["awarded_mpt"]) == ("地球日", "1.5", 5000)
    assert "从活动预算计入 5 分" in "".join(result.trace.sentences())


def test_conditions_parameters_and_ranges_are_explained(mixed: Rulebook) -> None:
    trip = {"mode": "metro", "peak": "peak", "distance": "60"}
    text = "".join(assess(mixed, Facts("travel.trip", DAY, "T4", trip)).trace.sentences())
    assert "符合条件。" in text
    assert "计入的距离 ＝ 距离 60 km、不高于 40 km ＝ 40 km。" in text
    assert "计入的距离 40 km ×（基准 基准因子 89.8 g/km − 项目 项目因子 43.1 g/km）" in text
    assert "） ＝ 1868 g。" in text
    assert "基准情景：不另设，减排值由本系统推算（综合出行水平，来源：测试白皮书）" in text
    climb = assess(mixed, Facts("stairs.climb", date(2026, 8, 1), "T2", {"floors": "7"}))
    assert "电力因子取 0.4974 kgCO2e/kWh" in "".join(climb.trace.sentences())
    assert climb.trace.to_json()["result"] == {
        "reduction_mg": 8704,
        "reduction_remainder_ng": 500000,
        "points_mpt": 2100,
        "points_remainder_npt": 0,
        "bonus_mpt": 0,
    }


def test_the_bytes_that_ledgers_hold_digests_of_never_change(shipped: Rulebook) -> None:
    recorded = json.loads((Path(__file__).parent / "trace_digests.json").read_text("utf-8"))
    traces = {
        f"{rules.id} {rules.version} {example.index}": run_example(rules, example).trace
        for rules in shipped.all_versions()
        for example in rules.examples
    }
    digests = {name: traces[name].digest() for name in recorded}
    assert digests == recorded
    for name in recorded:
        assert canonical_bytes(traces[name].to_json()) == traces[name].canonical()


def test_names_with_quotes_and_signs_of_a_template_stay_text(shipped: Rulebook) -> None:
    campaign = 'a"b\\{0}%s\U00100000'
    result = drop_off(shipped, boost=Boost(campaign, Decimal("1.5"), 5_000))
    bonus = result.trace.to_json()["bonus"]
    assert isinstance(bonus, dict)
    assert bonus["campaign"] == campaign
    assert any(campaign in sentence for sentence in result.trace.sentences())


def test_a_trace_has_the_title_of_its_methodology(shipped: Rulebook) -> None:
    assert drop_off(shipped).trace.title == "分类投放"
