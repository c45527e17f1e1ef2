"""Texts a person has read and approved: what users are told is held word for word.

Files in `approved/` are JSON objects from the name of a case to its texts. Where a text changes on
purpose, delete its entry, run the test with ``TANPUHUI_WRITE_DOCS=1 pytest -n 0`` and read the
difference before committing it.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent / "approved"
# What Python's own readers say of a syntax error differs between its versions.
_OF_PYTHON = re.compile(r"（[^（）]*(?:\([^()]*\))?[^（）]*line \d+[^（）]*）")


def approve(module: str, name: str, texts: Iterable[str]) -> None:
    """Hold texts against the approved ones of that name; write them where asked to.

    Args:
        module: name of the file in `approved/`, without its ending.
        name: name of the case within it.
        texts: what was said.
    """
    path = FOLDER / f"{module}.json"
    said = [_OF_PYTHON.sub("（…）", text) for text in texts]
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if os.environ.get("TANPUHUI_WRITE_DOCS") and name not in known:
        known[name] = said
        whole = json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True)
        path.write_text(whole + "\n", encoding="utf-8")
    assert said == known.get(name), f"not as approved in {path.name}: {name}"
