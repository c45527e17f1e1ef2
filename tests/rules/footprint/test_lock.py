"""A published questionnaire keeps its content under its number."""

import json
import re
from pathlib import Path

import pytest

from credit_rules import RulebookError
from credit_rules.footprint import load_questionnaires
from credit_rules.footprint.loading import SHIPPED_QUESTIONNAIRES

FILE = "questionnaire.toml"


def refusal(folder: Path) -> RulebookError:
    with pytest.raises(RulebookError) as refused:
        load_questionnaires(folder)
    return refused.value


def test_a_published_version_keeps_its_content(folder: Path) -> None:
    (only,) = load_questionnaires(folder).versions
    lock = folder / "lock.json"
    lock.write_text(json.dumps({f"{only.id}@1": only.digest}), encoding="utf-8")
    assert load_questionnaires(folder).versions[0].digest == only.digest
    path = folder / FILE
    path.write_text(
        path.read_text(encoding="utf-8").replace("个人年度碳足迹问卷", "碳足迹问卷"),
        encoding="utf-8",
    )
    (changed,) = refusal(folder).problems
    assert re.fullmatch(r"已发布的版本内容变了（摘要 [0-9a-f]{64}）。", changed.fault)
    lock.write_text(json.dumps({f"{only.id}@7": only.digest}), encoding="utf-8")
    (gone,) = refusal(folder).problems
    assert (gone.file, gone.key) == ("lock.json", "personal_footprint@7")
    assert (gone.fault, gone.remedy) == ("已发布的版本没有可用的文件。", "请恢复这个文件。")


def test_every_shipped_version_is_published_and_cannot_change(folder: Path) -> None:
    lock = json.loads((SHIPPED_QUESTIONNAIRES / "lock.json").read_text(encoding="utf-8"))
    shipped = load_questionnaires().versions
    assert lock == {f"{each.id}@{each.version}": each.digest for each in shipped}
    (folder / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
    load_questionnaires(folder)
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('label = "素食餐"', 'label = "素餐"'), encoding="utf-8")
    (problem,) = refusal(folder).problems
    assert (problem.file, problem.key) == ("lock.json", "personal_footprint@1")
    assert problem.remedy == "请恢复原内容，把修改写成新版本。"
