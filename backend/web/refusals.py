"""Refusals that only HTTP knows: they carry a status of their own beside the domain's kinds."""

from typing import ClassVar

from backend.errors import DomainError, ErrorKind


class HttpRefusalError(DomainError):
    """A refusal whose status says more than its kind does."""

    status: ClassVar[int] = 400


class MalformedBodyError(HttpRefusalError):
    """The body is missing, or is not the one strict JSON value this API reads."""

    code = "malformed_body"
    status = 400


class BadHostError(HttpRefusalError):
    """The request names no host, several, or one that cannot exist."""

    code = "bad_host"
    status = 400


class BodyLateError(HttpRefusalError):
    """The body took longer than a slow phone needs."""

    code = "body_late"
    status = 408


class SubmissionRunningError(DomainError):
    """The same form was sent a moment ago and is still being worked on."""

    code = "submission_running"
    kind = ErrorKind.IN_PROGRESS


class UnstorableTextError(HttpRefusalError):
    """A text holds NUL or half a surrogate pair, which no database column can keep."""

    code = "unstorable_text"
    status = 422


class UnsupportedMediaTypeError(HttpRefusalError):
    """The body is not declared as `application/json`."""

    code = "unsupported_media_type"
    status = 415


class BodyTooLargeError(HttpRefusalError):
    """The body is longer than the route accepts; it was not read."""

    code = "body_too_large"
    status = 413


class CrossOriginError(HttpRefusalError):
    """A form was posted from another site with this site's cookies."""

    code = "cross_origin"
    kind = ErrorKind.FORBIDDEN
    status = 403


class RateLimitedError(DomainError):
    """Too many tries in a short time; `retry_after` says when the next one may succeed."""

    code = "rate_limited"
    kind = ErrorKind.TOO_MANY


class AccessUndeclaredError(HttpRefusalError):
    """The route does not say who may call it, so nobody may."""

    code = "access_undeclared"
    kind = ErrorKind.FORBIDDEN
    status = 403
