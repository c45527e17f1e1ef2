"""The served bundle is what the sources give, asks no other host, and stays small."""

import gzip
import json
import re
from pathlib import Path

from miniprogram.publish import MANIFEST, SERVED, sources

ROOT = Path(__file__).parents[3]
FIRST_LOAD = 120_000
ART = 60_000


def test_the_bundle_was_built_from_these_sources() -> None:
    """`make client` builds and copies it anew."""
    manifest = json.loads((SERVED / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["sources"] == sources()


def test_the_first_load_is_small() -> None:
    page = (SERVED / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page)
    home = [path.name for path in (SERVED / "assets").iterdir() if "home" in path.name]
    files = {*named, *(f"assets/{name}" for name in home)}
    assert len(files) >= 3
    assert sum(len(gzip.compress((SERVED / name).read_bytes())) for name in files) < FIRST_LOAD


def test_the_art_is_small() -> None:
    art = ROOT / "miniprogram/src/static/art"
    assert sum(path.stat().st_size for path in art.iterdir()) < ART


def test_platform_interfaces_stay_behind_the_adapter() -> None:
    """Pages and stores ask `@/platform`; what only one platform has stands nowhere else."""
    names = re.compile(
        r"\b(wx|dd)\.|uni\.(login|scanCode|getLocation|getWeRunData|requestSubscribeMessage"
        r"|setStorage|getStorage|chooseImage|share)|localStorage|navigator\."
    )
    source = ROOT / "miniprogram/src"
    found = [
        str(path.relative_to(source))
        for path in source.rglob("*.*")
        if path.suffix in {".ts", ".vue"} and path.name != "schema.d.ts"
        if path.parent.name != "platform"
        if names.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_the_declared_private_interfaces_are_those_used() -> None:
    manifest = json.loads((ROOT / "miniprogram/src/manifest.json").read_text(encoding="utf-8"))
    adapter = (ROOT / "miniprogram/src/platform/weixin.ts").read_text(encoding="utf-8")
    private = {"getLocation", "chooseLocation", "chooseAddress", "onLocationChange"}
    used = {name for name in private if f"uni.{name}" in adapter}
    assert set(manifest["mp-weixin"]["requiredPrivateInfos"]) == used
