"""The trace: every line says question, answer, factor, unit, source and kilograms."""

import json

import pytest

from credit_rules.footprint import (
    ActionTotals,
    Questionnaire,
    Triple,
    compare_with_median,
    describe_questionnaire,
    estimate,
    kilograms,
    rounded_range,
    sentences,
    to_json,
    two_figures,
)

KG = 1_000_000


def test_a_sentence_says_all(questionnaire: Questionnaire, all_answers: dict[str, str]) -> None:
    result = estimate(questionnaire, all_answers)
    car = sentences(result)[0]
    assert car == (
        "私家车：每周 100 km（您填写），一年按 52 次计为 5200 km；由 2 人分摊（您填写）；"
        "私家车的能源为油电混合（您填写）；因子 0.12825 kgCO2e/km（油电混合小汽车，"
        "英国数据，没有中国数据时替代，car.hybrid.defra，"
        "来源：英国能源安全与净零排放部《温室气体报告：换算因子 2025》，2025-06-10"
        "（乘用车、公务出行、废弃物、居家办公各表）），"
        "范围 0.064125 到 0.192375（低：car.hybrid.defra 减 50% 的不确定度；"
        "高：car.hybrid.defra 加 50% 的不确定度）；得 333.45 kg（低 166.725，高 500.175）。"
    )


def test_every_line_names_factor_and_source(questionnaire: Questionnaire) -> None:
    result = estimate(questionnaire, {})
    for amount, sentence in zip(result.lines, sentences(result), strict=False):
        row = amount.rate.factor.mid.factor
        for part in (
            amount.line.label,
            row.key,
            row.source,
        ):
            assert part in sentence
        assert kilograms(amount.mg.mid) in sentence


def test_what_is_assumed_is_said(questionnaire: Questionnaire) -> None:
    result = estimate(questionnaire, {})
    whole = "".join(sentences(result))
    assert "未填写，按“浙江居民设定值（2026）”假定，可能为 180 到 420" in whole
    assert "有 18 个问题未填写" in whole
    found = to_json(result)
    assert found["assumed"] == list(questionnaire.questions)


def test_foreign_factors_are_labelled(questionnaire: Questionnaire) -> None:
    result = estimate(questionnaire, {})
    for amount in result.lines:
        for bound in amount.rate.factor.bounds:
            label = bound.origin.label
            if "ADEME" in bound.factor.source:
                assert "法国" in label
            elif "英国能源安全与净零排放部" in bound.factor.source:
                assert "英国" in label
            else:
                assert label == "中国数据"


def test_the_treatment_of_aviation_is_said(questionnaire: Questionnaire) -> None:
    off, on = estimate(questionnaire, {}), estimate(questionnaire, {}, radiative_forcing=True)
    assert any("没有计入非二氧化碳效应" in sentence for sentence in sentences(off))
    assert any("已计入非二氧化碳效应：乘以约 1.69" in sentence for sentence in sentences(on))
    assert to_json(off)["radiative_forcing"] != to_json(on)["radiative_forcing"]


def test_logged_trips_and_reductions_are_said(questionnaire: Questionnaire) -> None:
    totals = ActionTotals({"waste": 20 * KG}, {"metro": "3640", "walking": "40"})
    whole = "".join(sentences(estimate(questionnaire, {}, actions=totals)))
    assert "其中 2640 km 由已记录的出行替代，余 1000 km" in whole
    assert "已记录的里程比设定值多，一年按 3640 km 计" in whole
    assert "已记录的步行：已记录 40 km" in whole
    assert "已记录的行为减排 20 kg，从未填写而假定的部分扣减 20 kg" in whole


def test_json_is_exact_and_stable(
    questionnaire: Questionnaire, all_answers: dict[str, str]
) -> None:
    result = estimate(questionnaire, all_answers)
    found = json.loads(json.dumps(to_json(result), ensure_ascii=False))
    assert found["schema"] == "tanpuhui.footprint.v1"
    assert found["questionnaire"]["digest"] == questionnaire.digest
    assert found["total"] == {
        "low_kg": "3258.54352",
        "mid_kg": "4477.090864",
        "high_kg": "5867.164854",
        "display": "约 4500 kg（3300–5900 kg）",
    }
    assert [category["category"] for category in found["categories"]] == [
        "travel", "home_energy", "food", "goods", "office", "waste",
    ]  # fmt: skip
    car = found["lines"][0]
    assert [answer["question"] for answer in car["answers"]] == [
        "car_km", "car_occupants", "car_type",
    ]  # fmt: skip
    assert car["factor"]["low"]["spread"] == "-0.5"
    assert car["factor"]["high"]["factor"] == "car.hybrid.defra"
    assert {row["factor"] for row in found["sources"]} >= {"car.hybrid.defra", "gas.ng"}


def test_the_questionnaire_says_what_leaving_out_means(questionnaire: Questionnaire) -> None:
    found = json.loads(json.dumps(describe_questionnaire(questionnaire)))
    assert 12 <= len(found["questions"]) <= 18
    for question in found["questions"]:
        assert question["label"]
        assert question["help"]
        assert question["category"] in found["categories"]
        assert "choices" in question or {"unit", "min", "max", "step"} <= set(question)
        for left_out in question["left_out"].values():
            assert left_out["sentence"].startswith("不填时按“")
            assert left_out["source"]["title"]
    assert found["modes"]["metro"] == "已记录的地铁出行"


@pytest.mark.parametrize(
    "mg, text",
    [
        (0, "0"),
        (7, "0.000007"),
        (99, "0.000099"),
        (1_249, "0.0012"),
        (1_250, "0.0013"),
        (994 * KG, "990"),
        (995 * KG, "1000"),
        (1234 * KG, "1200"),
        (1250 * KG, "1300"),
    ],
)
def test_two_significant_figures(mg: int, text: str) -> None:
    assert two_figures(mg) == text


def test_a_range_of_one_figure_is_one_figure() -> None:
    assert rounded_range(Triple(0, 0, 0)) == "约 0 kg"
    assert rounded_range(Triple(KG, 2 * KG, 31 * KG)) == "约 2 kg（1–31 kg）"


def test_a_median_below_five_people_is_not_shown() -> None:
    assert compare_with_median(4000 * KG, [4000 * KG] * 4) is None
    assert compare_with_median(4000 * KG, []) is None


@pytest.mark.parametrize(
    "own, relation, word",
    [(2000, "below", "低于"), (3200, "near", "接近"), (5000, "above", "高于")],
)
def test_the_comparison_gives_a_rounded_median_and_no_rank(
    own: int, relation: str, word: str
) -> None:
    others = [1000 * KG, 9000 * KG, 3141 * KG, 2000 * KG, 8000 * KG]
    found = compare_with_median(own * KG, others)
    assert found is not None
    assert (found.people, found.median_kg, found.relation) == (5, "3100", relation)
    assert found.sentence == f"您的年度碳足迹{word}本单位 5 人的中位数（约 3100 kg）。"


def test_an_even_number_takes_the_middle_of_two() -> None:
    found = compare_with_median(0, [n * KG for n in (1, 2, 30, 50, 60, 70)])
    assert found is not None
    assert found.median_kg == "40"
