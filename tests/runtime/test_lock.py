import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.runtime.lock import AlreadyRunningError, DataFolderLock

_HOLD_AND_BE_KILLED = """
import os, signal, sys
from pathlib import Path
from backend.runtime.lock import DataFolderLock
with DataFolderLock(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_second_owner_is_told_who_has_the_folder(tmp_path: Path) -> None:
    with (
        DataFolderLock(tmp_path),
        pytest.raises(AlreadyRunningError, match=rf"{os.getpid()}.*TANPUHUI_DATA_DIR"),
        DataFolderLock(tmp_path),
    ):
        pass


def test_a_released_folder_can_be_taken_again(tmp_path: Path) -> None:
    with DataFolderLock(tmp_path):
        pass
    with DataFolderLock(tmp_path) as lock:
        assert not lock.owner_was_killed


def test_a_killed_owner_lets_go_and_is_noticed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD_AND_BE_KILLED, str(tmp_path)]
    subprocess.run(command, check=False)
    with DataFolderLock(tmp_path) as lock:
        assert lock.owner_was_killed
