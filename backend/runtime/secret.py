"""The root key that an installation without one gives itself."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from backend.runtime.children import StartError

_FILE = "secret_key"
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
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(48))
    path.chmod(0o600)
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SHORTEST:
        raise StartError(
            f"密钥文件 {path} 不足 {SHORTEST} 个字符，可能已损坏：请从备份恢复；"
            "删除它会生成新密钥，已打印的二维码将全部失效。"
        )
    return key


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
