"""Requests that are wrong before anybody has looked at their route."""

import re

from flask import request

from backend.runtime.gateway import FAULT, Fault
from backend.web.refusals import BadHostError, BodyLateError, MalformedBodyError

_LABEL = r"[A-Za-z0-9_-]{1,63}"
_HOST = re.compile(rf"(\[[0-9A-Fa-f:.]{{2,45}}\]|{_LABEL}(\.{_LABEL})*\.?)(:[0-9]{{1,5}})?")
_LONGEST_HOST = 255


def settle_host(environ: dict[str, object]) -> None:
    """Takes a host that no address can have out of the environment: Werkzeug fails over it."""
    host = str(environ.get("HTTP_HOST", ""))
    if host and (len(host) > _LONGEST_HOST or not _HOST.fullmatch(host)):
        del environ["HTTP_HOST"]
        environ[FAULT] = Fault.HOST


def enforce() -> None:
    """Refuses a request in which the server found a fault.

    Raises:
        BadHostError: no host has that name, or several are named.
        BodyLateError: the body did not come in time.
        MalformedBodyError: the body broke off.
    """
    fault = request.environ.get(FAULT)
    if fault is Fault.HOST:
        raise BadHostError("请求中的主机名（Host）不正确，请检查网址后重试。")
    if fault is Fault.BODY_LATE:
        raise BodyLateError("提交的内容没有及时送达，请检查网络后重试。")
    if fault is Fault.BODY_BROKEN:
        raise MalformedBodyError("提交的内容没有完整送达，请重新提交。")
