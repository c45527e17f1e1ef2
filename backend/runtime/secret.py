"""The keys that an installation without any gives itself."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from backend.ports.signed_notes import KeyTextError, Signer
from backend.runtime.children import StartError

_FILE = "secret_key"
_SIGNING_FILE = "ledger_signing_key"
SHORTEST = 32


def generated_secret(data_dir: Path) -> str:
    """The root key kept in the data folder, made the first time; only its owner may read it.

    Safe to call from several processes at once: the first writer's key stands.

    Args:
        data_dir: the installation's folder; created when missing.

    Returns:
        At least 32 characters.

    Raises:
        StartError: the file holds less than that, so it was damaged.
    """
    path = data_dir / _FILE
    key = _kept(path, secrets.token_urlsafe(48))
    if len(key) < SHORTEST:
        raise StartError(
            f"密钥文件 {path} 不足 {SHORTEST} 个字符，可能已损坏：请从备份恢复；"
            "删除它会生成新密钥，已打印的二维码将全部失效。"
        )
    return key


def generated_signing_key(data_dir: Path, name: str) -> str:
    """The private key of the ledger's checkpoints kept in the data folder, made the first time.

    Args:
        data_dir: the installation's folder; created when missing.
        name: what a new key is called: the log's origin. A key that is there keeps its name.

    Returns:
        The key as `Signer.parse` reads it.

    Raises:
        StartError: the file holds no such key, so it was damaged.
    """
    _kept(data_dir / _SIGNING_FILE, Signer.generate(name).secret_text)
    return kept_signing_key(data_dir)


def kept_signing_key(data_dir: Path) -> str:
    """The private key of the ledger's checkpoints in the data folder; empty where there is none.

    Raises:
        StartError: the file holds no such key, so it was damaged.
    """
    path = data_dir / _SIGNING_FILE
    if not path.exists():
        return ""
    key = path.read_text(encoding="ascii").strip()
    try:
        Signer.parse(key)
    except KeyTextError as error:
        raise StartError(
            f"账本签名密钥文件 {path} 已损坏（{error}）：请从备份恢复；"
            "删除它会换用新密钥，旧检查点仍可用已公布的旧公钥核验。"
        ) from error
    return key


def _kept(path: Path, new: str) -> str:
    """What the file holds, once `new` stands in it or another process was faster."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, new)
    path.chmod(0o600)
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, key: str) -> None:
    """Puts a complete file in place, unless somebody was faster."""
    file, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        os.write(file, key.encode("ascii"))
        os.fsync(file)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.close(file)
        Path(draft).unlink()
