"""Running the tests of `credit_rules` against mutants, each in a process of its own.

The parent imports what every process needs and nothing of ours; each child puts one mutant in the
place of its module and imports everything else as it is, so that what is loaded when a test module
is imported is loaded by the mutant too.
"""

import contextlib
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import hypothesis
import pytest

from tests.drills.mutation.mutants import ROOT, Mutant, install

TESTS = ROOT / "tests" / "rules"
_PRELOADED = ("click.testing", "hypothesis.strategies", "structlog")
# Tests of speed, and tests that read the source as it is on disk, cannot see a mutant.
_LEFT_OUT = (
    "tests/rules/test_purity.py",
    "tests/rules/footprint/test_estimating.py::test_five_thousand_estimates_a_second",
)
# Long ones last: a mutant that any other kills never gets there.
_LONG = ("test_history", "test_methodologies", "test_properties")
# By processor time, so that a busy machine does not kill what the tests let live.
_PROCESSOR_SECONDS, _SECONDS = 300, 3600
_MEMORY = 4 * 1024**3
_SURVIVED, _KILLED = 0, 1
_NO_TIME: Final = {signal.SIGALRM, signal.SIGXCPU}


class MutantVerdict(NamedTuple):
    """What the tests said of a mutant: `killed`, `survived` or `timeout`, and in how long."""

    mutant: Mutant
    said: str
    seconds: float


def verdicts(mutants: Sequence[Mutant], workers: int) -> Iterator[MutantVerdict]:
    """Test every mutant, so many at once; verdicts come as they are known."""
    _preload()
    running: dict[int, tuple[Mutant, float]] = {}
    waiting = list(reversed(mutants))
    while waiting or running:
        while waiting and len(running) < workers:
            mutant = waiting.pop()
            running[_start(mutant)] = mutant, time.monotonic()
        pid, status = os.wait()
        mutant, started = running.pop(pid)
        yield MutantVerdict(mutant, _said(status), time.monotonic() - started)


def passes_unchanged() -> bool:
    """Whether the same run passes without a mutant; if not, no verdict would mean anything."""
    _preload()
    _, status = os.waitpid(_start(None), 0)
    return _said(status) == "survived"


def _said(status: int) -> str:
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _SURVIVED:
        return "survived"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in _NO_TIME:
        return "timeout"
    return "killed"


def _preload() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)
    ours = {name.partition(".")[0] for name in sys.modules} & {"credit_rules", "backend"}
    if ours:
        raise RuntimeError(f"imported too early: {ours}")


def _start(mutant: Mutant | None) -> int:
    """Fork a child that leaves with 0 where no test noticed anything."""
    pid = os.fork()
    if pid == 0:
        code = _KILLED
        with contextlib.suppress(BaseException):
            code = _tested(mutant)
        os._exit(code)
    return pid


def _tested(mutant: Mutant | None) -> int:
    signal.alarm(_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, phases=phases)
    hypothesis.settings.load_profile("mutation")
    if mutant is not None:
        install(mutant)
    for paths in stages(mutant):
        if pytest.main([*_options(), *map(str, paths)]) != pytest.ExitCode.OK:
            return _KILLED
    return _SURVIVED


def _options() -> list[str]:
    plain = "addopts=--import-mode=importlib -m 'not drill'"
    # Without plugins their settings and marks are not known, which is a warning.
    calm = ("PytestConfigWarning", "PytestAssertRewriteWarning", "PytestUnknownMarkWarning")
    return [
        *("-x", "-q", "-p", "no:cacheprovider", "-o", plain, f"--confcutdir={TESTS}"),
        *(f"-Wignore::pytest.{name}" for name in calm),
        *(f"--deselect={name}" for name in _LEFT_OUT),
    ]


def stages(mutant: Mutant | None) -> list[list[Path]]:
    """The files of tests in the order in which they are run: the nearest to the module first."""
    everything = sorted(TESTS.rglob("test_*.py"), key=lambda path: (path.stem in _LONG, path))
    if mutant is None:
        return [everything]
    _, *packages, name = mutant.module.split(".")
    area = TESTS.joinpath(*packages) if TESTS.joinpath(*packages).is_dir() else TESTS
    names = (
        {word.rstrip("s") for word in (*packages, name)} if area == TESTS else {name.rstrip("s")}
    )
    near = [p for p in everything if p.parent == area and any(word in p.stem for word in names)]
    same = [p for p in everything if p.parent == area and p not in near]
    rest = [p for p in everything if p.parent != area and (area == TESTS or _names(p, packages))]
    return [paths for paths in (near, same, rest) if paths]


def _names(path: Path, packages: Sequence[str]) -> bool:
    """Whether a file of tests names a package; no other reaches a package with tests of its own."""
    return f"credit_rules.{packages[0]}" in path.read_text(encoding="utf-8")
