"""Whether the addresses the faces listen on are free."""

import errno
import socket

from backend.errors import DomainError, ErrorKind
from backend.runtime.waiting import until


class AddressError(DomainError):
    """A face cannot listen where the settings say."""

    code = "address_unavailable"
    kind = ErrorKind.CONFLICT


def bracketed(host: str) -> str:
    """A host as it stands before `:port`: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def ensure_free(host: str, port: int, setting: str, *, patience: float = 0.0) -> None:
    """Checks that a face can listen on an address.

    Args:
        host: address or name to listen on.
        port: TCP port.
        setting: environment variable that chooses the port, for the sentence.
        patience: seconds to wait for a leaving process to let go of it.

    Raises:
        AddressError: taken, not allowed, or no address of this machine.
    """
    problem: OSError | None = None
    for _ in until(patience, pause=0.2):
        problem = _problem(host, port)
        if problem is None:
            return
        if problem.errno != errno.EADDRINUSE:
            break
    if problem is None or problem.errno == errno.EADDRINUSE:
        raise AddressError(
            f"端口 {port} 已被占用：请停止占用它的程序，或设置 {setting} 换一个端口。"
        )
    if problem.errno == errno.EACCES:
        raise AddressError(f"没有权限使用端口 {port}：请设置 {setting} 为 1024 以上的端口。")
    raise AddressError(f"无法监听 {host}:{port}（{problem}）：请检查 TANPUHUI_HOST 与 {setting}。")


def _problem(host: str, port: int) -> OSError | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None
