"""docs/errors.md has a sentence for every code; `make docs` adds rows, people write sentences."""

import os
import re
from pathlib import Path

import pytest

from backend.web import problems, refusals
from backend.web.refusals import HttpRefusalError
from tests.docs.error_codes import codes_of_answers, codes_of_fields

DOCUMENT = Path(__file__).parents[2] / "docs" / "errors.md"
INTRODUCTION = """# Errors

Every error of the API is an RFC 9457 problem (`application/problem+json`) with `type`
(`/problems/<code>`), `title`, `status`, `detail`, `code` and `request_id`, and with `errors`, one
`{field, code, message}` a wrong field, where fields are at fault. Pages show the same sentence and
code; commands print them and end with 2. Codes are stable; sentences may change, and `detail` is
more precise than what stands here. Statuses 409 (still running), 429 and 503 carry `Retry-After`,
401 carries `WWW-Authenticate`, 405 carries `Allow`.

`make docs` adds the rows of new codes and takes out those of old ones; "when" is the first line of
the error's docstring, where it has one. The last column is written here, by hand: what the person
in front of the screen does next. A test holds both.
"""
ANSWERS = "| code | status | when | 怎么办 |\n|---|---|---|---|\n"
FIELDS = """
## Codes of single fields

In `errors`, beside the codes above. The `message` names the field's label, bounds or choices.

| code | 怎么办 |
|---|---|
"""


def _written(column: int) -> dict[str, str]:
    """What stands behind each code in a column, counted from the end."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [re.split(r" ?\| ?", line)[1:-1] for line in lines if line.startswith("| `")]
    return {row[0].strip("`"): row[-column] for row in rows}


def _document() -> str:
    sentences, occasions = _written(1), _written(2)
    answers = "".join(
        f"| `{found.code}` | {found.status or 'command'} "
        f"| {found.when or occasions.get(found.code, '')} | {sentences.get(found.code, '')} |\n"
        for found in codes_of_answers()
    )
    fields = "".join(f"| `{code}` | {sentences.get(code, '')} |\n" for code in _field_codes())
    return f"{INTRODUCTION}\n{ANSWERS}{answers}{FIELDS}{fields}"


def _field_codes() -> list[str]:
    return sorted(codes_of_fields() - {found.code for found in codes_of_answers()})


def test_the_document_lists_every_code_and_no_other() -> None:
    current = _document()
    if os.environ.get("TANPUHUI_WRITE_DOCS"):
        DOCUMENT.write_text(current, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == current, "run `make docs`"


def test_every_code_has_a_sentence_that_says_what_to_do() -> None:
    sentences = _written(1)
    codes = [found.code for found in codes_of_answers()] + _field_codes()
    silent = [
        code
        for code in codes
        if not re.fullmatch(r".*(请|无需).*[。）]", sentences.get(code, ""))
        or len(re.findall("[\u4e00-\u9fff]", sentences[code])) < 6
    ]
    assert silent == [], "write into docs/errors.md what the user does next: 请…。"


def test_every_answer_says_when_it_comes() -> None:
    occasions = _written(2)
    silent = [found.code for found in codes_of_answers() if not occasions.get(found.code)]
    assert silent == [], "write when it comes: its docstring's first line, or in docs/errors.md"


def test_a_code_means_one_status() -> None:
    codes = [found.code for found in codes_of_answers()]
    assert [code for code in set(codes) if codes.count(code) > 1] == []


def test_every_refusal_by_http_has_a_4xx() -> None:
    for kind in vars(refusals).values():
        if isinstance(kind, type) and issubclass(kind, HttpRefusalError):
            assert kind is HttpRefusalError or 400 <= problems.status_of(kind) < 500


@pytest.mark.parametrize(
    "code, status",
    [("not_found", 404), ("method_not_allowed", 405), ("facts_refused", None)],
)
def test_codes_are_found_wherever_they_are_made(code: str, status: int | None) -> None:
    """Of a class of the domain, of the HTTP layer, of the rules."""
    assert (code, status) in {(found.code, found.status) for found in codes_of_answers()}


@pytest.mark.parametrize("code", ["out_of_bounds", "duplicate_key", "required", "unverifiable"])
def test_codes_of_fields_are_found_wherever_they_are_made(code: str) -> None:
    """Of the rules, of the parser, of marshmallow, of a function that takes the code."""
    assert code in codes_of_fields()
