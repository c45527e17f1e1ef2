"""docs/errors.md lists every code a client can meet. `TANPUHUI_WRITE_DOCS=1` writes it anew."""

import ast
import importlib
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

from backend.errors import DomainError
from backend.web import fields, messages, problems, refusals, strict_json

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "errors.md"
PACKAGES = ("backend", "miniprogram_api", "admin")
INTRODUCTION = """# Errors

Every error of the API is an RFC 9457 problem (`application/problem+json`) with `type`
(`/problems/<code>`), `title`, `status`, `detail`, `code` and `request_id`, and with `errors`, one
`{field, code, message}` a wrong field, where fields are at fault. Pages show the same sentence and
code. Codes are stable; sentences may change. Statuses 409 (still running), 429 and 503 carry
`Retry-After`, 401 carries `WWW-Authenticate`, 405 carries `Allow`.

Written from the code by `make docs`; a test holds it.

| code | status | when | sentence |
|---|---|---|---|
"""


def _modules() -> Iterator[str]:
    for package in PACKAGES:
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not re.search(r"\.(wsgi|__main__|migrations)(\.|$)", found.name):
                yield found.name


def _subclasses(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for sub in kind.__subclasses__():
        if sub.__module__.startswith(PACKAGES):
            yield sub
        yield from _subclasses(sub)


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "…"  # type: ignore[misc]  # constants of an f-string are texts
            for part in node.values
        )
    return None


def _calls() -> Iterator[tuple[str, list[ast.expr]]]:
    """The name and the arguments of every call in the packages, file by file."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield node.func.id, node.args


def _rows() -> Iterator[tuple[str, int, str, str]]:
    for name in _modules():
        importlib.import_module(name)
    sentences: dict[str, str] = {}
    for name, arguments in _calls():
        text = _text(arguments[0]) if arguments else None
        if text and re.search("[\u4e00-\u9fff]", text):
            sentences.setdefault(name, text)
        if name == "Problem" and isinstance(arguments[0], ast.Constant):
            code, said = _text(arguments[1]), _text(arguments[2])
            yield str(code), int(str(arguments[0].value)), "", said or ""
    for status, (_title, code, sentence) in problems.HTTP_PROBLEMS.items():
        yield code, status, "", sentence
    for kind in _subclasses(DomainError):
        if "code" in vars(kind):
            when = (kind.__doc__ or "").split("\n", 1)[0]
            yield kind.code, problems.status_of(kind), when, sentences.get(kind.__name__, "")


def _field_codes() -> set[str]:
    sources = "".join(
        Path(str(module.__file__)).read_text(encoding="utf-8") for module in (fields, messages)
    )
    found = set(re.findall(r'_refuse\(\s*"(\w+)"|error=f?"(\w+)\||", "([a-z_]+)", [A-Z"]', sources))
    return {code for match in found for code in match if code} | set(strict_json._SENTENCES)


def _document() -> str:
    merged: dict[tuple[str, int], tuple[str, str]] = {}
    for code, status, when, sentence in _rows():
        had_when, had_sentence = merged.get((code, status), ("", ""))
        merged[code, status] = (had_when or when, had_sentence or sentence)
    lines = [
        f"| `{code}` | {status} | {when} | {sentence} |"
        for (code, status), (when, sentence) in sorted(merged.items())
    ]
    codes = ", ".join(f"`{code}`" for code in sorted(_field_codes()))
    return f"{INTRODUCTION}{chr(10).join(lines)}\n\nCodes of single fields beside these: {codes}.\n"


def test_the_document_lists_every_code() -> None:
    current = _document()
    if os.environ.get("TANPUHUI_WRITE_DOCS"):
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(current, encoding="utf-8")
    written = DOCUMENT.read_text(encoding="utf-8").splitlines()
    missing = [line for line in current.splitlines() if line not in written]
    stale = [line for line in written if line not in current.splitlines()]
    assert (missing, stale) == ([], []), "run with TANPUHUI_WRITE_DOCS=1"


def test_a_code_means_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for code, status, _when, _sentence in _rows():
        statuses.setdefault(code, set()).add(status)
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


def test_every_refusal_by_http_has_a_4xx() -> None:
    for kind in vars(refusals).values():
        if isinstance(kind, type) and issubclass(kind, DomainError):
            assert 400 <= problems.status_of(kind) < 500
