"""Copies the built H5 to where the API serves it, with a manifest of the sources it was built from.

    python miniprogram/publish.py

`tests/pages/client/test_bundle.py` compares the manifest with the sources.
"""

import hashlib
import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parent
BUILT = ROOT / "dist/build/h5"
SERVED = ROOT.parent / "miniprogram_api/static/app"
MANIFEST = "manifest.json"
_BESIDE = ("index.html", "package.json", "package-lock.json", "vite.config.ts")


def sources() -> dict[str, str]:
    """The SHA-256 of every file that the bundle is made of, by its path."""
    files = [*(ROOT / "src").rglob("*"), *(ROOT / name for name in _BESIDE)]
    return {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if path.is_file()
    }


def publish() -> None:
    """Replaces the served bundle by the built one."""
    if not (BUILT / "index.html").is_file():
        raise SystemExit("没有构建结果：请先在 miniprogram/ 中运行 npm run build。")
    shutil.rmtree(SERVED, ignore_errors=True)
    shutil.copytree(BUILT, SERVED)
    text = json.dumps({"sources": sources()}, indent=1, sort_keys=True)
    (SERVED / MANIFEST).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    publish()
