"""Errors a user can act on: a stable code, an HTTP-free kind and a Chinese sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """What went wrong in the domain; each face maps a kind to its own status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    IN_PROGRESS = "in_progress"
    MISMATCH = "mismatch"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: its path in the body (`facts.mass`), a code and a Chinese sentence."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """Root of every refusal. Subclasses fix `code` and `kind`; the sentence says what to do next.

    Args:
        message: a Chinese sentence for the person in front of the screen.
        fields: the fields at fault, if any.
        retry_after: seconds after which the same request may succeed, if waiting helps.
    """

    code: ClassVar[str] = "domain_error"
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID

    def __init__(
        self,
        message: str,
        *,
        fields: Sequence[FieldError] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)
        self.retry_after = retry_after


class NotFoundError(DomainError):
    """The object does not exist, or lies outside the actor's scope: the two look alike."""

    code = "not_found"
    kind = ErrorKind.NOT_FOUND


class ForbiddenError(DomainError):
    """The actor is known but may not do this."""

    code = "forbidden"
    kind = ErrorKind.FORBIDDEN


class UnauthenticatedError(DomainError):
    """No valid token or session came with the request."""

    code = "unauthenticated"
    kind = ErrorKind.UNAUTHENTICATED


class InvalidInputError(DomainError):
    """The input is wrong; `fields` names where."""

    code = "invalid_input"
    kind = ErrorKind.INVALID


class UnavailableError(DomainError):
    """Something the request needs is down for the moment."""

    code = "unavailable"
    kind = ErrorKind.UNAVAILABLE


def field_errors(errors: Mapping[str, str], code: str = "invalid") -> tuple[FieldError, ...]:
    """Turns `{field: sentence}` into field errors with one code."""
    return tuple(FieldError(field, code, message) for field, message in errors.items())
