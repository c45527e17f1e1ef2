"""A broken questionnaire is refused with file, key and remedy; versions follow each other."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_rules import NotInForce, RulebookError
from credit_rules.footprint import load_questionnaires
from credit_rules.footprint.loading import SHIPPED_QUESTIONNAIRES
from tests.rules.approval import approve

FILE = "questionnaire.toml"
LINES = len((SHIPPED_QUESTIONNAIRES / FILE).read_text(encoding="utf-8").splitlines())
ELECTRICITY = 'factor = "2023.provincial.浙江", value = "0.4974"'
GAS = 'mid = { factor = "gas.ng", value = "2.184" }'
METRO_LOW = 'low = { factor = "metro.defra", value = "0.0286" }'
GAS_QUESTION = 'unit = "m3"\nperiod = "month"'
WASTE_LINE = 'name = "residual_waste"\nlabel = "其他垃圾"\nquestion = "residual_waste_kg"\n'
FORCING = """[factors.air.forcing]
including = { factor = "air.domestic_rf.defra", value = "229.28" }
excluding = { factor = "air.domestic_norf.defra", value = "135.52" }
"""

# what is written, what is put in its place, the key at fault, a part of the message
BROKEN = {
    "an unknown key": ('period = "month"', 'perod = "month"', "perod", "period"),
    "another schema": ("schema = 1", "schema = 2", "schema", "schema = 1"),
    "no version": ("version = 1\n", "version = 0\n", "version", "正整数"),
    "no summary": ("summary = ", "summry = ", "summary", "请补上"),
    "a date in quotes": ("from = 2026-01-01", 'from = "2026-01-01"', "effective.from", "日期"),
    "dates reversed": (
        "from = 2026-01-01",
        "from = 2026-01-01\nuntil = 2025-01-01",
        "effective.until",
        "早于",
    ),
    "no unit of a factor": (
        'label = "天然气"\nunit = "kgCO2/m3"',
        'label = "天然气"\nunit = "kg/m3"',
        "factors.gas",
        "单位",
    ),
    "legacy electricity": (
        ELECTRICITY,
        'factor = "legacy.elec_0785", value = "0.785"',
        "regions[0].electricity.mid.factor",
        "过期",
    ),
    "a total as a factor": (
        GAS,
        'mid = { factor = "anchor.kunming_total", value = "793.42" }',
        "factors.gas.mid",
        "请换",
    ),
    "a factor that is nowhere": (GAS, GAS.replace("gas.ng", "gas.nh"), "mid.factor", "“gas.ng”"),
    "a slip of a thousand": (GAS, GAS.replace("2.184", "2184"), "factors.gas.mid.value", "1000 倍"),
    "a slip of ten": (GAS, GAS.replace("2.184", "21.84"), "factors.gas.mid.value", "10 倍"),
    "a factor without a row": (
        GAS,
        'mid = { value = "2.184", source = "census" }',
        "factors.gas.mid.factor",
        "因子表",
    ),
    "a factor without a source": (GAS, 'mid = { value = "2.184" }', "mid.source", "没有来源"),
    "low above mid": (
        METRO_LOW,
        'low = { factor = "metro.bj", value = "0.06136" }',
        "factors.metro.low",
        "下限大于中值",
    ),
    "high below mid": (
        'high = { factor = "metro.bj", value = "0.06136" }',
        'high = { factor = "metro.defra", value = "0.0286" }',
        "factors.metro.high",
        "上限小于中值",
    ),
    "low and high far apart": (
        METRO_LOW,
        'low = { factor = "ebike.ademe", value = "0.00223" }',
        "factors.metro.high",
        "十倍",
    ),
    "low of another unit": (
        METRO_LOW,
        'low = { factor = "hotel.cn", value = "53.5" }',
        "factors.metro.low.factor",
        "单位不符",
    ),
    "radiative forcing reversed": (
        'including = { factor = "air.domestic_rf.defra", value = "229.28" }',
        'including = { factor = "air.short_econ_norf.defra", value = "74.35" }',
        "factors.air.forcing.including",
        "写反",
    ),
    "radiative forcing of a row that is nowhere": (
        'factor = "air.domestic_rf.defra"',
        'factor = "air.domestic_rf.dfra"',
        "factors.air.forcing.including.factor",
        "“air.domestic_rf.defra”",
    ),
    "electricity of a row that is nowhere": (
        ELECTRICITY,
        ELECTRICITY.replace("2023", "2032"),
        "regions[0].electricity.mid.factor",
        "没有“2032.provincial.浙江”",
    ),
    "no radiative forcing": (
        FORCING,
        "",
        "factors",
        "forcing",
    ),
    "no base assumption": (
        'assumed.national = { low = "0", mid = "12", high = "25", source = "assumption" }',
        'assumed.zhejiang = { low = "0", mid = "12", high = "25", source = "assumption" }',
        "questions.gas_m3.assumed.national",
        "设定值",
    ),
    "an assumption out of order": (
        'low = "0", mid = "12", high = "25"',
        'low = "20", mid = "12", high = "25"',
        "questions.gas_m3.assumed.national.mid",
        "从小到大",
    ),
    "an assumption out of bounds": (
        'low = "0", mid = "12", high = "25"',
        'low = "0", mid = "12", high = "2500"',
        "questions.gas_m3.assumed.national.high",
        "1000",
    ),
    "an assumption without a source": (
        'mid = "12", high = "25", source = "assumption"',
        'mid = "12", high = "25", source = "asumption"',
        "questions.gas_m3.assumed.national.source",
        "“assumption”",
    ),
    "an unknown set": (
        'assumed.zhejiang = { low = "180"',
        'assumed.zhejing = { low = "180"',
        "questions.electricity_kwh.assumed.zhejing",
        "“zhejiang”",
    ),
    "bounds reversed": ('max = "1000"', 'max = "0"', "questions.gas_m3.max", "上限"),
    "an unknown unit": (GAS_QUESTION, GAS_QUESTION.replace("m3", "m4"), "gas_m3.unit", "m4"),
    "another unit than the factor's": (
        GAS_QUESTION,
        GAS_QUESTION.replace("m3", "kg"),
        "factor",
        "不是排放量",
    ),
    "an unknown category": ('category = "waste"', 'category = "wast"', "category", "“waste”"),
    "an unknown period": ('period = "month"', 'period = "moon"', "period", "“month”"),
    "a number as text": ('max = "1000"', 'max = "1e3"', "questions.gas_m3.max", "普通小数"),
    "a choice twice": ('value = "hybrid", label', 'value = "petrol", label', "choices", "重复"),
    "a choice without a factor": (
        'hybrid = "car_hybrid", ',
        "",
        "lines[0].factors.hybrid",
        "请补上",
    ),
    "a question nobody uses": (
        WASTE_LINE,
        WASTE_LINE.replace("residual_waste_kg", "devices"),
        "questions.residual_waste_kg",
        "没有任何计算行",
    ),
    "a shared line over zero people": (
        'shared_by = "household_size"',
        'shared_by = "devices"',
        "shared_by",
        "除数",
    ),
    "a line selected by a number": ('select = "car_type"', 'select = "car_km"', "select", "题型"),
    "a constant off the step": ('constant = "14"', 'constant = "14.2"', "constant", "整数倍"),
    "meals of another category": (
        'less = ["red_meat_meals", "vegetarian_meals"]',
        'less = ["red_meat_meals", "devices"]',
        "less",
        "devices",
    ),
    "meals of another period": (
        '餐数，蛋和奶可以有。"\ncategory = "food"\nunit = "meal"\nperiod = "week"',
        '餐数，蛋和奶可以有。"\ncategory = "food"\nunit = "meal"\nperiod = "month"',
        "less",
        "vegetarian_meals",
    ),
    "a replacement of nothing": ('replaces = "car"', 'replaces = "cart"', "replaces", "“car”"),
    "a replacement of a constant": (
        'replaces = "car"',
        'replaces = "breakfast"',
        "replaces",
        "里程",
    ),
    "a region twice": ('name = "全国"\n', 'name = "浙江"\n', "regions[1].name", "两次"),
    "a default region that is not there": (
        'default_region = "浙江"',
        'default_region = "浙"',
        "default_region",
        "“浙江”",
    ),
    "certainty": ('secondary = "0.15"', 'secondary = "0"', "uncertainty.secondary", "大于 0"),
    "an example that does not come out": (
        'expect.total = ["1240.4894"',
        'expect.total = ["1240.4895"',
        "examples[0].expect.total",
        "1240.4894",
    ),
    "an example of an unknown category": (
        'expect.categories = { travel = "700.4068"',
        'expect.categories = { trave = "700.4068"',
        "examples[0].expect.categories.trave",
        "没有这一类",
    ),
    "an example that is refused": (
        'answers = { flight_km = "10000" }',
        'answers = { flight_km = "-1" }',
        "examples[2].expect",
        "负数",
    ),
    "an outdated value that is no quantity": (
        'value = "2.7 kgCO2/L"',
        'value = "about 2.7"',
        "legacy[0].value",
        "数字 单位",
    ),
    "a factor of no gas": (
        'label = "天然气"\nunit = "kgCO2/m3"',
        'label = "天然气"\nunit = "kWh/m3"',
        "factors.gas.unit",
        "排放因子",
    ),
    "a period of no time": ("times = 52", "times = 0", "periods.week.times", "正整数"),
    "a step of zero": ('max = "1000"\nstep = "0.1"', 'max = "1000"\nstep = "0"', "step", "大于零"),
    "a line twice": ('name = "taxi"', 'name = "car"', "lines", "重复"),
    "a category without a line": (
        'category = "waste"',
        'category = "food"',
        "lines",
        "“waste”这一类",
    ),
    "a region with an unknown key": (
        'assumed = "national"\n',
        'assumed = "national"\nassume = "national"\n',
        "regions[1].assume",
        "assumed",
    ),
    "a heading with an unknown key": (
        "[factors.electricity]\n",
        '[factors.electricity]\nlabl = "x"\n',
        "factors.electricity.labl",
        "label",
    ),
    "an outdated value with an unknown key": (
        'value = "2.7 kgCO2/L"',
        'value = "2.7 kgCO2/L"\nvalu = "1"',
        "legacy[0].valu",
        "value",
    ),
    "three examples": ("[[examples]]\nname = ", "[[exampels]]\nname = ", "exampels", "examples"),
    "not TOML": ("[effective]", "[effective", "第 17 行第 11 列", "方括号没有配对"),
    "a key twice": ("schema = 1", 'schema = 1\nid = "x"', "第", "写了两次"),
}


def refusal(folder: Path) -> RulebookError:
    with pytest.raises(RulebookError) as caught:
        load_questionnaires(folder)
    return caught.value


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused(folder: Path, case: str) -> None:
    old, new, key, part = BROKEN[case]
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    refused = refusal(folder)
    found = [p for p in refused.problems if key in p.key and part in p.fault + p.remedy]
    assert found, refused
    assert all(problem.file == FILE and problem.remedy for problem in found)
    approve("questionnaire_files", case, map(str, refused.problems))


@settings(max_examples=12)
@given(index=st.integers(0, LINES - 1), value=st.sampled_from(["", "7", "true", '"x"', "[]", "{}"]))
def test_a_line_gone_or_of_another_type_never_crashes(folder: Path, index: int, value: str) -> None:
    lines = (SHIPPED_QUESTIONNAIRES / FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    key, equals, _ = lines[index].partition(" = ")
    lines[index] = f"{key} = {value}\n" if value and equals else ""
    (folder / FILE).write_text("".join(lines), encoding="utf-8")
    with suppress(RulebookError):
        load_questionnaires(folder)


@pytest.mark.parametrize("count, part", [(3, "算例少于四个"), (0, "算例少于四个")])
def test_fewer_than_four_examples_are_refused(folder: Path, count: int, part: str) -> None:
    path = folder / FILE
    head, *examples = path.read_text(encoding="utf-8").split("[[examples]]")
    path.write_text("[[examples]]".join([head, *examples[:count]]), encoding="utf-8")
    assert any(
        problem.key == "examples" and part in problem.fault for problem in refusal(folder).problems
    )


def test_too_few_questions_are_refused(folder: Path) -> None:
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition("[questions.car_km]")
    _, _, factors = rest.partition("[factors.car_petrol]")
    path.write_text(f"{head}[questions]\n[factors.car_petrol]{factors}", encoding="utf-8")
    assert any(p.key == "questions" and "12 到 18" in p.fault for p in refusal(folder).problems)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"# only a comment\n", b"x" * 300_000],
    ids=["empty", "encoding", "comment", "large"],
)
def test_a_file_that_is_none_is_refused(
    folder: Path, content: bytes, request: pytest.FixtureRequest
) -> None:
    (folder / FILE).write_bytes(content)
    found = refusal(folder).problems
    assert {problem.file for problem in found} == {FILE}
    approve("questionnaire_files", f"a file: {request.node.callspec.id}", map(str, found))


def test_a_folder_without_a_questionnaire_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        (problem,) = refusal(folder).problems
        assert "没有问卷文件" in problem.fault
        approve("questionnaire_files", f"a folder: {folder.name}", [str(problem)])


def second_version(folder: Path, start: str, version: int = 2) -> None:
    text = (folder / FILE).read_text(encoding="utf-8")
    later = text.replace("version = 1\n", f"version = {version}\n", 1)
    later = later.replace("from = 2026-01-01", f"from = {start}", 1)
    (folder / "questionnaire.v2.toml").write_text(later, encoding="utf-8")
    closed = text.replace("from = 2026-01-01", "from = 2026-01-01\nuntil = 2026-12-31", 1)
    (folder / FILE).write_text(closed, encoding="utf-8")


def test_versions_keep_one_id(folder: Path) -> None:
    second_version(folder, "2027-01-01")
    path = folder / "questionnaire.v2.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('id = "personal_footprint"', 'id = "other"', 1), encoding="utf-8")
    found = refusal(folder).problems
    assert any((p.file, p.key) == (path.name, "id") for p in found)
    approve("questionnaire_files", "another id", map(str, found))


def test_the_version_of_the_day_is_taken(folder: Path) -> None:
    second_version(folder, "2027-01-01")
    versions = load_questionnaires(folder)
    assert versions.on(date(2026, 12, 31)).version == 1
    assert versions.on(date(2027, 1, 1)).version == 2
    assert len({each.digest for each in versions.versions}) == 2


def test_after_the_last_version_nothing_falls_back(folder: Path) -> None:
    second_version(folder, "2027-01-01")
    (folder / "questionnaire.v2.toml").unlink()
    with pytest.raises(
        NotInForce, match=r"没有生效的版本。问卷到 2026-12-31 为止，请换用新版问卷。$"
    ):
        load_questionnaires(folder).on(date(2027, 1, 1))


@pytest.mark.parametrize(
    "start, version, key",
    [
        ("2026-12-01", 2, "effective.until"),
        ("2027-02-01", 2, "effective.until"),
        ("2027-01-01", 1, "version"),
    ],
)
def test_versions_follow_without_gap_overlap_or_repetition(
    folder: Path, start: str, version: int, key: str
) -> None:
    second_version(folder, start, version)
    found = refusal(folder).problems
    assert any(problem.key == key for problem in found)
    approve("questionnaire_files", f"version {version} from {start}", map(str, found))
