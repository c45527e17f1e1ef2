"""Limits of a questionnaire: how many questions and examples, how large, in which encoding."""

import re
from pathlib import Path

import pytest

from credit_rules import RulebookError
from credit_rules.footprint import load_questionnaires
from tests.rules.approval import approve

FILE = "questionnaire.toml"


def refused(folder: Path, text: str) -> list[str]:
    (folder / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(RulebookError) as caught:
        load_questionnaires(folder)
    return [str(problem) for problem in caught.value.problems]


def original(folder: Path) -> str:
    return (folder / FILE).read_text(encoding="utf-8")


def with_questions(text: str, number: int) -> str:
    """The file with so many questions that nothing but their number is read the same."""
    head, *rest = re.split(r"(?=^\[questions\.)", text, flags=re.MULTILINE)
    last, tail = re.split(r"(?=^# -+ )", rest[-1], maxsplit=1, flags=re.MULTILINE)
    rest[-1] = last
    extra = [
        re.sub(r"^\[questions\.\w+", f"[questions.more_{index}", rest[0])
        for index in range(number - len(rest))
    ]
    return head + "".join([*rest[:number], *extra]) + tail


@pytest.mark.parametrize("number, counted", [(11, True), (12, False), (19, True)])
def test_between_twelve_and_eighteen_questions_are_asked(
    folder: Path, number: int, *, counted: bool
) -> None:
    found = refused(folder, with_questions(original(folder), number))
    said = [line for line in found if "个，应为" in line]
    assert bool(said) == counted
    approve("footprint", f"{number} questions", said)


@pytest.mark.parametrize("number", [3, 4])
def test_four_examples_are_enough(folder: Path, number: int) -> None:
    head, *examples = original(folder).split("[[examples]]\n")
    text = "[[examples]]\n".join([head, *examples[:number]])
    if number == 3:
        approve("footprint", "three examples", refused(folder, text))
    else:
        (folder / FILE).write_text(text, encoding="utf-8")
        load_questionnaires(folder)


def test_a_file_too_large_or_in_another_encoding_is_refused(folder: Path) -> None:
    text = original(folder)
    approve("footprint", "a large file", refused(folder, text + "#" * 256 * 1024))
    (folder / FILE).write_bytes(text.encode("gb18030"))
    with pytest.raises(RulebookError) as caught:
        load_questionnaires(folder)
    approve("footprint", "another encoding", map(str, caught.value.problems))


def test_a_syntax_error_is_told_with_its_line_and_remedy(folder: Path) -> None:
    (said,) = refused(folder, "a = ")
    assert said == f"{FILE}: 第 1 行: 等号后面没有值。请补上值，文字加半角双引号。"
