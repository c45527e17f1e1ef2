"""Where an embedded server's Unix socket may stand."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from backend.runtime.children import OsUser, StartError

# sockaddr_un holds 108 bytes with the closing NUL on Linux, 104 on macOS.
_LONGEST_PATH = 103


def socket_directory(directory: Path, file_name: str, owner: OsUser | None = None) -> Path:
    """The folder for a socket: `directory` itself, or a short one when its path is too long.

    Args:
        directory: the server's own folder (absolute).
        file_name: name of the socket in it.
        owner: the user the server runs as; None means ours.

    Raises:
        StartError: the short folder exists and belongs to somebody else.
    """
    if len(os.fsencode(directory / file_name)) <= _LONGEST_PATH:
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"tanpuhui-{digest}"
    uid = os.geteuid() if owner is None else owner.uid
    try:
        short.mkdir(mode=0o700)
        if owner is not None:
            os.chown(short, owner.uid, owner.gid)
    except FileExistsError:
        pass
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise StartError(
            f"套接字目录 {short} 属于其他用户，请删除它，或把 TANPUHUI_DATA_DIR 改短。"
        )
    return short
