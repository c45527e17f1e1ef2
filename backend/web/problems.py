"""RFC 9457 problems: every refusal and failure as one body, or as one page for people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Flask, Response, render_template, request
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from backend.errors import DomainError, ErrorKind, FieldError
from backend.web.context import request_id, web_context
from backend.web.refusals import HttpRefusalError

MIMETYPE = "application/problem+json"
MAX_FIELD_ERRORS = 50
"""A body with more mistakes than this is answered with the first ones."""

STATUS_OF_KIND: Mapping[ErrorKind, int] = {
    ErrorKind.INVALID: 422,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.IN_PROGRESS: 409,
    ErrorKind.MISMATCH: 422,
    ErrorKind.TOO_MANY: 429,
    ErrorKind.UNAVAILABLE: 503,
}

_RETRY_SECONDS: Mapping[ErrorKind, int] = {
    ErrorKind.IN_PROGRESS: 1,
    ErrorKind.TOO_MANY: 60,
    ErrorKind.UNAVAILABLE: 2,
}

HTTP_PROBLEMS: Mapping[int, tuple[str, str, str]] = {
    400: ("请求格式有误", "bad_request", "请求的格式不正确，请检查后重试。"),
    401: ("请先登录", "unauthenticated", "请先登录，再进行此操作。"),
    403: ("没有权限", "forbidden", "您没有权限进行此操作，如有需要请联系管理员。"),
    404: ("没有找到", "not_found", "没有找到您要的内容，请检查网址是否正确。"),
    405: ("不支持的操作", "method_not_allowed", "此地址不支持该操作，请查看接口文档。"),
    406: ("格式无法提供", "not_acceptable", "无法按所要求的格式返回，请调整 Accept。"),
    408: ("请求超时", "request_timeout", "请求超时，请重新提交。"),
    409: ("内容有冲突", "conflict", "内容刚刚被改动过，请刷新后重试。"),
    412: ("内容已变化", "precondition_failed", "内容已被他人修改，请刷新后重试。"),
    413: ("内容过大", "body_too_large", "提交的内容过大，请减小后重试。"),
    414: ("网址过长", "uri_too_long", "网址过长，请缩短后重试。"),
    415: ("内容类型不支持", "unsupported_media_type", "请以 application/json 提交内容。"),
    422: ("输入有误", "invalid_input", "提交的内容有误，请按提示修改后重试。"),
    429: ("操作过于频繁", "rate_limited", "操作过于频繁，请稍后再试。"),
    431: ("请求头过大", "headers_too_large", "请求头过大，请清除浏览器缓存后重试。"),
    500: (
        "系统内部错误",
        "internal_error",
        "系统出错了，请稍后重试；仍出错时请把编号告诉管理员。",
    ),
    503: ("服务暂时不可用", "unavailable", "服务暂时不可用，请稍后重试。"),
}
"""Status: title, code and sentence of what the HTTP layer itself refuses."""

_LOCKED = frozenset({"55P03", "40P01"})  # lock timeout, deadlock
_READ_ONLY = "25006"  # the server is a standby: a failover is under way

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProblemDetails:
    """One refusal or failure, ready to be told.

    Attributes:
        status: HTTP status.
        code: stable code; the `type` is `/problems/<code>`.
        detail: a Chinese sentence that says what to do next.
        errors: the fields at fault.
        headers: headers of the answer, such as Allow, Retry-After, WWW-Authenticate.
        extensions: further members of the body.
    """

    status: int
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """A few Chinese words, the same for every problem of this status."""
        return (
            HTTP_PROBLEMS[self.status][0]
            if self.status in HTTP_PROBLEMS
            else HTTP_PROBLEMS[self.status // 100 * 100][0]
        )

    def body(self) -> dict[str, Any]:
        """The members of the RFC 9457 object."""
        members: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id(),
        }
        if self.errors:
            members["errors"] = [
                {"field": error.field, "code": error.code, "message": error.message}
                for error in self.errors[:MAX_FIELD_ERRORS]
            ]
        return {**members, **self.extensions}


def _of_status(status: int) -> tuple[str, str, str]:
    """Title, code and sentence of a status; a rare one borrows those of its class."""
    plain = HTTP_PROBLEMS[400] if status < 500 else HTTP_PROBLEMS[500]
    return HTTP_PROBLEMS.get(status, plain)


def status_of(error: DomainError | type[DomainError]) -> int:
    """The status that a domain error is answered with."""
    kind = error if isinstance(error, type) else type(error)
    if issubclass(kind, HttpRefusalError):
        return kind.status
    return STATUS_OF_KIND[error.kind]


def of_domain(error: DomainError) -> ProblemDetails:
    """The problem of a refusal by the domain or by this package."""
    headers = {}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="tanpuhui"'
    seconds = error.retry_after or _RETRY_SECONDS.get(error.kind)
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    return ProblemDetails(status_of(error), error.code, error.message, error.fields, headers)


def of_http(error: HTTPException) -> ProblemDetails:
    """The problem of what Werkzeug or Flask refuses; its own headers are kept."""
    status = error.code or 500
    _title, code, sentence = _of_status(status)
    headers = {
        name: value
        for name, value in error.get_headers(request.environ)
        if name.lower() not in {"content-type", "content-length"}
    }
    return ProblemDetails(status, code, sentence, headers=headers)


def unavailable(sentence: str = HTTP_PROBLEMS[503][2], *, seconds: int = 2) -> ProblemDetails:
    """The problem of something that is down and will come back; `seconds` till the next try."""
    return ProblemDetails(503, "unavailable", sentence, headers={"Retry-After": str(seconds)})


def of_database(error: DBAPIError) -> ProblemDetails:
    """The problem of what PostgreSQL refused.

    Raises:
        DBAPIError: the same, where the fault is ours: it becomes an internal error.
    """
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate in _LOCKED:
        return ProblemDetails(
            409,
            "still_running",
            "另一个请求还在处理，这一次没有保存，请稍候几秒再提交。",
            headers={"Retry-After": "2"},
        )
    down = isinstance(error, OperationalError) or error.connection_invalidated
    if down or sqlstate == _READ_ONLY:
        _log.warning("database_unavailable", sqlstate=sqlstate, error=str(error.orig)[:200])
        return unavailable("数据库暂时不可用，您的操作没有保存，请稍后重试。")
    if isinstance(error, IntegrityError):
        _log.warning("database_conflict", sqlstate=sqlstate, error=str(error.orig)[:200])
        return ProblemDetails(409, "conflict", HTTP_PROBLEMS[409][2])
    if isinstance(error, DataError):
        # The last wall: a field let through what no column can keep.
        _log.error("value_not_storable", sqlstate=sqlstate, exc_info=error)
        return ProblemDetails(422, "unstorable_value", "提交的内容中有无法保存的值，请检查后重试。")
    raise error


def respond(problem: ProblemDetails) -> Response:
    """The answer that tells a problem: JSON, or a page where a person is looking."""
    if _wants_page():
        page = render_template("web/problem.html", problem=problem, request_id=request_id())
        response = Response(page, status=problem.status)
    else:
        body = json.dumps(problem.body(), ensure_ascii=False, separators=(",", ":"))
        response = Response(body, status=problem.status, mimetype=MIMETYPE)
    response.headers.extend(problem.headers)
    return response


def _wants_page() -> bool:
    """Whether HTML is the answer: never under `/api/`, else by Accept and the face's habit."""
    if request.path.startswith("/api/"):
        return False
    offers = ["text/html", MIMETYPE, "application/json"]
    if not web_context().prefers_pages:
        offers.reverse()
    return request.accept_mimetypes.best_match(offers, default=offers[0]) == "text/html"


def install(app: Flask) -> None:
    """Answers every refusal and failure of the application as a problem."""
    app.register_error_handler(DomainError, lambda error: respond(of_domain(error)))
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(DBAPIError, lambda error: respond(of_database(error)))
    app.register_error_handler(PoolTimeoutError, _busy)
    for unreachable in (RedisConnectionError, RedisTimeoutError):
        app.register_error_handler(unreachable, _redis_unreachable)


def answer_http(error: HTTPException) -> Response:
    """Answers what Werkzeug, Flask or flask-smorest raise; a ready response passes unchanged."""
    if isinstance(error.response, Response):
        return error.response
    return respond(of_http(error))


def _busy(_error: Exception) -> Response:
    _log.warning("database_pool_exhausted")
    return respond(unavailable("系统繁忙，您的操作没有保存，请稍后重试。"))


def _redis_unreachable(error: Exception) -> Response:
    _log.warning("redis_unavailable", error=str(error)[:200])
    return respond(unavailable())
