"""The import contracts hold, and each one catches the violation it is there for."""

import os
import shutil
import subprocess
import sys
import tomllib
from copy import deepcopy
from pathlib import Path

import pytest
from grimp import ImportGraph, build_graph
from importlinter.application import use_cases
from importlinter.configuration import configure
from importlinter.domain.contract import registry

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


class Contracts:
    """The contracts of `pyproject.toml`, each held against a graph of imports.

    The graph of the repository is built once; a violation is an import added to a copy of it.
    """

    def __init__(self) -> None:
        configure()
        options = use_cases.read_user_options(str(ROOT / "pyproject.toml"))
        use_cases._register_contract_types(options)
        self.graph = build_graph(
            PACKAGES[0], *PACKAGES[1:], include_external_packages=True, cache_dir=None
        )
        self._contracts = {
            chosen["id"]: registry.get_contract_class(chosen["type"])(
                name=chosen["name"],
                session_options=options.session_options,
                contract_options=chosen,
            )
            for chosen in options.contracts_options
        }

    def broken(self, graph: ImportGraph) -> set[str]:
        """The ids of the contracts that a graph breaks; leaves the graph as it is."""
        return {
            name
            for name, contract in self._contracts.items()
            if not contract.check(deepcopy(graph), verbose=False).kept
        }


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return Contracts()


def test_contracts_hold(contracts: Contracts) -> None:
    assert contracts.broken(contracts.graph) == set()


@pytest.mark.parametrize("violation", SEEDED)
def test_a_seeded_violation_is_caught(contracts: Contracts, violation: str) -> None:
    name, line, contract = SEEDED[violation]
    graph = deepcopy(contracts.graph)
    importer = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    imported = line.rpartition("import ")[2]
    for room in ROOMS_TO_COME:
        if f"backend.{room}" in f"{importer} {imported}":
            _furnish(graph, room)
    graph.add_module(importer)
    if imported:
        if imported not in graph.modules:
            graph.add_module(imported, is_squashed=imported.partition(".")[0] not in PACKAGES)
        graph.add_import(importer=importer, imported=imported, line_number=1, line_contents=line)
    assert contract in contracts.broken(graph)


def _furnish(graph: ImportGraph, room: str) -> None:
    """Makes a room that is still empty."""
    for module in (f"backend.{room}", f"backend.{room}.queries"):
        graph.add_module(module)


def test_rooms_to_come_have_their_floors(contracts: Contracts) -> None:
    graph = deepcopy(contracts.graph)
    for room in ROOMS_TO_COME:
        _furnish(graph, room)
    assert contracts.broken(graph) == set()


def test_an_import_inside_a_function_is_seen(tmp_path: Path) -> None:
    """By the command that everybody can run, on files as they are."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "backend/organisations/queries.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef late() -> None:\n    import backend.ledger.service\n")
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--contract", "features"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert (result.returncode, "BROKEN" in result.stdout) == (1, True), result.stdout


def test_every_contract_has_a_seeded_violation() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {c["id"] for c in contracts["tool"]["importlinter"]["contracts"]}
    assert declared == {contract for _, _, contract in SEEDED.values()}
