"""The import contracts hold, and each one catches the violation it is there for."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("credit_rules", "backend", "miniprogram_api", "admin")

SEEDED = {
    "rules import the backend": ("credit_rules/units.py", "import backend.clock", "faces"),
    "one face imports the other": ("admin/app.py", "import miniprogram_api.app", "faces"),
    "the web base imports a face": ("backend/web/context.py", "import admin.app", "faces"),
    "rules read the clock": ("credit_rules/units.py", "import time", "pure"),
    "rules draw lots": ("credit_rules/units.py", "import random", "pure"),
    "a page imports a resource": (
        "miniprogram_api/pages/mine.py",
        "import miniprogram_api.resources.me",
        "phones",
    ),
    "a flow imports a page": (
        "miniprogram_api/flows/places.py",
        "import miniprogram_api.pages.mine",
        "phones",
    ),
    "a feature imports upwards": (
        "backend/actions/queries.py",
        "import backend.recycling.policy",
        "features",
    ),
    "a lazy import leads upwards": (
        "backend/organisations/queries.py",
        "def late() -> None:\n    import backend.ledger.service",
        "features",
    ),
    "the ledger imports its proofs": (
        "backend/ledger/queries.py",
        "import backend.proofs.merkle",
        "features",
    ),
    "proofs read the ledger's tables": (
        "backend/proofs/merkle.py",
        "import backend.ledger.models",
        "postings",
    ),
    "siblings import each other": (
        "backend/rankings/queries.py",
        "import backend.recycling.service",
        "features",
    ),
    "rewards import rankings": (
        "backend/rewards/queries.py",
        "import backend.rankings.service",
        "features",
    ),
    "codes import the rewards' service": (
        "backend/rewards/codes.py",
        "import backend.rewards.service",
        "inside",
    ),
    "rewards read the ledger's tables": (
        "backend/rewards/queries.py",
        "import backend.ledger.models",
        "postings",
    ),
    "a folder is not in the house": ("backend/utils/__init__.py", "", "features"),
    "queries import the service": (
        "backend/ledger/queries.py",
        "import backend.ledger.service",
        "inside",
    ),
    "people know Flask": ("backend/people/policy.py", "import flask", "noflask"),
    "rankings read the ledger's tables": (
        "backend/rankings/queries.py",
        "import backend.ledger.models",
        "postings",
    ),
    "rankings read the register": (
        "backend/rankings/queries.py",
        "import backend.register.queries",
        "register",
    ),
    "the register reads the ledger": (
        "backend/register/queries.py",
        "import backend.ledger.queries",
        "points",
    ),
    "the register reaches points through others": (
        "backend/register/queries.py",
        "import backend.footprint.service",
        "points",
    ),
    "credits post points": (
        "backend/credits/queries.py",
        "import backend.ledger.spending",
        "credits",
    ),
    "the ledger knows credits": (
        "backend/ledger/queries.py",
        "import backend.credits.queries",
        "features",
    ),
    "a cycle": ("backend/db/base.py", "import backend.web.context", "acyclic"),
    "a face writes SQL": ("miniprogram_api/app.py", "import sqlalchemy", "nosql"),
}


# Rooms to come, whose floors and contracts stand already.
ROOMS_TO_COME = ("register", "credits")


def _lint(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    chosen = ["--contract", contract] if contract else []
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", *chosen],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("static"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def test_contracts_hold(tree: Path) -> None:
    result = _lint(tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("violation", SEEDED)
def test_a_seeded_violation_is_caught(tree: Path, violation: str) -> None:
    name, line, contract = SEEDED[violation]
    rooms = [r for r in ROOMS_TO_COME if r in name or f"backend.{r}" in line]
    for room in rooms:
        _furnish(tree / "backend" / room)
    path = tree / name
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text((before or "") + f"\n{line}\n", encoding="utf-8")
    try:
        result = _lint(tree, contract)
    finally:
        if before is None:
            shutil.rmtree(path.parent)
        else:
            path.write_text(before, encoding="utf-8")
        for room in rooms:
            shutil.rmtree(tree / "backend" / room)
    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout


def _furnish(room: Path) -> None:
    """Makes a room that is still empty."""
    room.mkdir()
    for name in ("__init__.py", "queries.py"):
        (room / name).write_text('"""To come."""\n', encoding="utf-8")


def test_rooms_to_come_have_their_floors(tree: Path) -> None:
    for room in ROOMS_TO_COME:
        _furnish(tree / "backend" / room)
    try:
        result = _lint(tree)
    finally:
        for room in ROOMS_TO_COME:
            shutil.rmtree(tree / "backend" / room)
    assert result.returncode == 0, result.stdout


def test_every_contract_has_a_seeded_violation() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {c["id"] for c in contracts["tool"]["importlinter"]["contracts"]}
    assert declared == {contract for _, _, contract in SEEDED.values()}
