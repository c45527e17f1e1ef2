"""Whom a request comes from: the peer of the socket, or whom a proxy of ours says it speaks for."""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any

from backend.settings import Network

_PEER = "tanpuhui.peer"
_PROXIED = "tanpuhui.proxied"
_SCHEMES = frozenset({"http", "https"})


class Proxies:
    """A WSGI application that believes forwarded headers of its own proxies alone.

    Of `X-Forwarded-For` it takes the last address that is none of the proxies: what stands before
    it the client may have invented. A forwarded host is never believed.

    Args:
        app: the application.
        trusted: addresses of the proxies; without any no header is believed.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answers a request."""
        peer = environ.get("REMOTE_ADDR", "")
        environ[_PEER] = peer
        environ[_PROXIED] = self._is_ours(peer)
        if environ[_PROXIED]:
            hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
            client = next((hop for hop in map(str.strip, hops[::-1]) if not self._is_ours(hop)), "")
            if _parsed(client):
                environ["REMOTE_ADDR"] = client
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip()
            if scheme in _SCHEMES:
                environ["wsgi.url_scheme"] = scheme
        return self._app(environ, start_response)

    def _is_ours(self, address: str) -> bool:
        found = _parsed(address) if self._trusted else None
        return found is not None and any(found in network for network in self._trusted)


def peer_of(environ: dict[str, Any]) -> str:
    """The address at the other end of the socket, whomever it speaks for."""
    peer: str = environ.get(_PEER, environ.get("REMOTE_ADDR", ""))
    return peer


def is_proxied(environ: dict[str, Any]) -> bool:
    """Whether a proxy of ours brought this request."""
    proxied: bool = environ.get(_PROXIED, False)
    return proxied


def _parsed(address: str) -> Any:
    """An address; an IPv4 one also where it is written as IPv6. None for anything else."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
