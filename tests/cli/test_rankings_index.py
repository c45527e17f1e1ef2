"""`tanpuhui rankings index`: figures as the contract names them; every wrong file ends with 2."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli import main

ROSTER = "department,member,points\n" + "".join(
    f"{name},{name}{number},{points}\n"
    for name, each in {"财务处": "100", "办公室": "64.5", "后勤": "0"}.items()
    for number, points in enumerate([each, "0", "25", "0", "36"])
)
PARAMETERS = '{"mu": 3.9, "sigma2": "31.2", "tau2": 0.6, "cap": 400}'


@pytest.fixture
def run(tmp_path: Path) -> "Run":
    return Run(tmp_path)


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, roster: str | bytes = ROSTER, parameters: str = PARAMETERS, *, as_json: bool = True
    ) -> Result:
        data = roster if isinstance(roster, bytes) else roster.encode()
        (self.folder / "roster.csv").write_bytes(data)
        (self.folder / "season.json").write_text(parameters, encoding="utf-8")
        words = ["rankings", "index", "--roster", str(self.folder / "roster.csv")]
        words += ["--season-parameters", str(self.folder / "season.json")]
        return CliRunner().invoke(main, [*words, "--json"] if as_json else words)


def test_departments_come_by_rank_with_figures_and_interval(run: Run) -> None:
    result = run()
    assert result.exit_code == 0
    items = json.loads(result.stdout)["items"]
    assert [(item["department"], item["rank"]) for item in items] == [
        ("财务处", 1), ("办公室", 2), ("后勤", 3),
    ]  # fmt: skip
    first = items[0]
    assert set(first) == {"department", "n", "mean", "index", "low80", "high80", "band", "rank"}
    assert (first["n"], first["mean"], first["band"]) == (5, 4.2, "C")
    assert first["index"] == pytest.approx(101.7206180040, abs=1e-9)
    assert first["low80"] < first["index"] < first["high80"]


def test_a_table_for_people(run: Run) -> None:
    result = run(ROSTER + "小组,x1,5\n", as_json=False)
    assert result.stdout.splitlines()[0].split() == [
        "部门",
        "人数",
        "指数",
        "八成区间",
        "档",
        "名次",
    ]
    assert "少于 5 人，不单独列出" in result.stdout


def test_small_departments_have_no_index(run: Run) -> None:
    last = json.loads(run(ROSTER + "小组,x1,5\n").stdout)["items"][-1]
    assert (last["department"], last["n"], last["index"], last["rank"]) == ("小组", 1, None, None)


def test_lines_in_any_order_give_the_same_bytes(run: Run) -> None:
    head, *lines = ROSTER.splitlines(keepends=True)
    assert run(head + "".join(reversed(lines))).stdout == run().stdout


@pytest.mark.parametrize(
    "roster, part",
    [
        ("", "表头须是"),
        ("department,member,points\n", "名册里没有人"),
        ("department,member\nA,1\n", "表头须是"),
        (ROSTER + "财务处,财务处0,5\n", "每人只能有一行"),
        (ROSTER + "办公室,财务处0,5\n", "每人只能有一行"),
        (ROSTER + "A,x,-1\n", "第 17 行 points"),
        (ROSTER + "A,x,NaN\n", "第 17 行 points"),
        (ROSTER + "A,x,Infinity\n", "第 17 行 points"),
        (ROSTER + "A,x,1e3\n", "第 17 行 points"),
        (ROSTER + "A,x,\n", "第 17 行 points"),
        (ROSTER + "A,x,１\n", "第 17 行 points"),
        (ROSTER + ",x,1\n", "第 17 行 department"),
        (ROSTER + "A,,1\n", "第 17 行 member"),
        (ROSTER + "A,x\n", "有 2 列"),
        (ROSTER + 'A,"x,1\n', "不是有效的 CSV"),
        (b"\xff\xfe", "UTF-8"),
        (b"department,member,points\nA,\x00,1\n", "第 2 行"),
    ],
)
def test_a_wrong_roster_ends_with_2_and_one_line(run: Run, roster: str | bytes, part: str) -> None:
    result = run(roster)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert part in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "parameters, part",
    [
        ("[]", "最外层须是对象"),
        ('{"mu": 1}', "sigma2"),
        (PARAMETERS.replace("3.9", "NaN"), "mu"),
        (PARAMETERS.replace("3.9", "-1"), "mu"),
        (PARAMETERS.replace("400", "0"), "cap"),
        (PARAMETERS.replace("400", "true"), "cap"),
        (PARAMETERS.replace("cap", "caps"), "caps"),
        ('{"mu": 1, "mu": 2}', "写了两次"),
        ("", "JSON"),
    ],
)
def test_wrong_parameters_end_with_2_and_one_line(run: Run, parameters: str, part: str) -> None:
    result = run(parameters=parameters)
    assert (result.exit_code, result.stdout) == (2, "")
    assert part in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    words = ["rankings", "index", "--roster", str(tmp_path / "none.csv")]
    (tmp_path / "s.json").write_text(PARAMETERS)
    result = CliRunner().invoke(main, [*words, "--season-parameters", str(tmp_path / "s.json")])
    assert result.exit_code == 2
    assert "none.csv" in result.stderr
