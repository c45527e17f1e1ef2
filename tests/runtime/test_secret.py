import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend.runtime.children import StartError
from backend.runtime.secret import generated_secret, generated_signing_key


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    generated_secret(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600


def test_stays_the_same_and_differs_between_installations(tmp_path: Path) -> None:
    key = generated_secret(tmp_path / "one")
    assert len(key) >= 32
    assert generated_secret(tmp_path / "one") == key
    assert generated_secret(tmp_path / "two") != key


def test_a_key_others_could_read_is_closed_again(tmp_path: Path) -> None:
    generated_secret(tmp_path)
    (tmp_path / "secret_key").chmod(0o644)
    generated_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_those_who_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(generated_secret, [tmp_path] * 8))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_damaged_key_is_refused_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short", encoding="ascii")
    with pytest.raises(StartError, match="secret_key"):
        generated_secret(tmp_path)
    assert (tmp_path / "secret_key").read_text(encoding="ascii") == "short"


def test_the_signing_key_is_kept_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    key = generated_signing_key(tmp_path, "tanpuhui.test/ledger")
    assert generated_signing_key(tmp_path, "elsewhere/ledger") == key
    path = tmp_path / "ledger_signing_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_signing_key_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ledger_signing_key"
    path.write_text("PRIVATE+KEY+damaged", encoding="ascii")
    with pytest.raises(StartError, match="ledger_signing_key"):
        generated_signing_key(tmp_path, "tanpuhui.test/ledger")
    assert path.read_text(encoding="ascii") == "PRIVATE+KEY+damaged"
