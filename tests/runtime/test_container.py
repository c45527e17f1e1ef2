import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from backend.cli import main
from backend.settings import Settings
from backend.worker import QUEUES

_ROOT = Path(__file__).parents[2]
_DOCKERFILE = (_ROOT / "Dockerfile").read_text(encoding="utf-8")
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "compose.yaml").read_text(encoding="utf-8"))
_SETTINGS = {f"TANPUHUI_{each.name.upper()}" for each in fields(Settings)}
_ROLES: Mapping[str, Mapping[str, Any]] = {
    name: service
    for name, service in _COMPOSE["services"].items()
    if service["image"] == "tanpuhui"
}


def _instructions(stage: str) -> list[tuple[str, str]]:
    joined = stage.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.startswith((" ", "#"))]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def _stages() -> list[str]:
    return re.split(r"^FROM ", _DOCKERFILE, flags=re.MULTILINE)[1:]


def test_the_image_is_built_in_stages_and_runs_without_root() -> None:
    stages = _stages()
    assert len(stages) > 1
    users = [rest for word, rest in _instructions(stages[-1]) if word == "USER"]
    assert users == ["tanpuhui"]
    assert "useradd --system --uid 10001" in stages[-1]
    assert all(word != "RUN" for word, _ in _instructions(stages[-1].partition("USER ")[2]))


def test_the_image_says_whether_it_is_healthy() -> None:
    words = [word for word, _ in _instructions(_stages()[-1])]
    assert words.count("HEALTHCHECK") == words.count("ENTRYPOINT") == words.count("CMD") == 1


def test_the_image_holds_every_package_and_no_secret() -> None:
    ignored = (_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    packages = {"backend", "credit_rules", "miniprogram_api", "admin"}
    assert {f"!{name}" for name in packages} <= set(ignored)
    assert not {"!.env", "!.data"} & set(ignored)


@pytest.mark.parametrize("name", _ROLES)
def test_every_role_is_a_command(name: str) -> None:
    arguments = _ROLES[name]["command"]
    result = CliRunner().invoke(main, [*arguments, "--help"])
    assert result.exit_code == 0, result.output


def test_the_default_role_is_a_command() -> None:
    default = re.search(r'^CMD \["(\w+)"\]$', _DOCKERFILE, re.MULTILINE)
    assert default is not None
    assert CliRunner().invoke(main, [default[1], "--help"]).exit_code == 0


def test_every_queue_has_one_worker_of_its_own() -> None:
    workers = [
        service["command"][1:] for service in _ROLES.values() if service["command"][0] == "worker"
    ]
    assert sorted(workers) == sorted([queue] for queue in QUEUES)


def test_every_role_of_up_has_a_service() -> None:
    started = {service["command"][0] for service in _ROLES.values()}
    assert started == {"api", "console", "worker", "tick", "relay", "db"}


def test_everything_waits_for_the_migration() -> None:
    assert _ROLES["migrate"]["command"] == ["db", "upgrade"]
    assert _ROLES["migrate"]["restart"] == "no"
    for name, service in _ROLES.items():
        if name != "migrate":
            assert service["depends_on"]["migrate"] == {
                "condition": "service_completed_successfully"
            }


def _environments() -> Iterator[tuple[str, str]]:
    for service in _COMPOSE["services"].values():
        yield from ((name, str(value)) for name, value in service["environment"].items())


def test_every_variable_is_a_setting() -> None:
    ours = {name for name, _ in _environments() if name.startswith("TANPUHUI_")}
    in_image = set(re.findall(r"\b(TANPUHUI_\w+)=", _DOCKERFILE))
    assert ours | in_image <= _SETTINGS


def test_secrets_are_required_and_never_written_down() -> None:
    required = re.compile(r"\$\{\w+:\?[^}]+\}")
    for name, value in _environments():
        if re.search("PASSWORD|AUTH|SECRET_KEY|SIGNING_KEY", name):
            assert required.fullmatch(value), name
        if "://" in value and "@" in value:
            password = value.partition("://")[2].rpartition("@")[0].partition(":")[2]
            assert required.fullmatch(password), name
    for service in _COMPOSE["services"].values():
        words = " ".join(service["command"])
        assert not re.search(r"--requirepass (?!\"\$\$REDISCLI_AUTH\")", words)


@pytest.mark.parametrize("name", _ROLES)
def test_every_role_is_confined(name: str) -> None:
    role = _ROLES[name]
    assert role["read_only"] is True
    assert role["cap_drop"] == ["ALL"]
    assert role["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in role


def test_the_console_is_not_published_beyond_this_machine() -> None:
    assert all(port.startswith("127.0.0.1:") for port in _ROLES["console"]["ports"])


def test_continuous_integration_runs_the_tests() -> None:
    script = _ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert script.read_text(encoding="utf-8").rstrip().endswith("exec make test")
