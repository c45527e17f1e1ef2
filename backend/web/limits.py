"""How often one caller, one address and the whole installation may do a thing.

Every route that may write has limits, whether it asks for some or not. They are counted in Redis in
one call a request. Where Redis does not answer, requests are let through and counted in a metric:
an outage of the counter must not lock people out (ASVS 16.5.2).
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from backend.people.queries import Actor
from backend.web.context import settings_of
from backend.web.counting import By, Limit, SlotTaken, UseCounter
from backend.web.problems import of_domain, respond
from backend.web.refusals import RateLimitedError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_MINUTE, _DAY = 60, 86_400
_KEY = "tanpuhui-limits"
_DECLARED = "rate_limits"
_V = TypeVar("_V", bound=Callable[..., Any])


WRITES = (Limit("writes", 120, _MINUTE), Limit("writes-day", 5_000, _DAY))
"""What one caller may write where a route says nothing else."""

CLAIMS = (WRITES[0], Limit("claims-day", 1_000, _DAY))
"""An action writes half a dozen rows: ten times what an eager member logs in a day."""

# An office's phones share one address: who holds a valid code is let in, however many others guess.
LOGINS = (
    Limit("guesses", 20, _MINUTE, By.ADDRESS, failures_only=True),
    Limit("logins", 600, _MINUTE, By.ADDRESS),
)
SCANS = Limit("scans", 60, _MINUTE)
BATCHES = (Limit("batches", 10, _MINUTE), Limit("batches-day", 20, _DAY))
"""A batch writes up to a hundred actions."""


def limited(*limits: Limit) -> Callable[[_V], _V]:
    """Puts a view's own limits in the place of the usual ones of a caller.

    Args:
        limits: all of them hold; the installation's comes on top where the route may write.
    """

    def declare(view: _V) -> _V:
        setattr(view, _DECLARED, limits)
        return view

    return declare


def limits_of(app: Flask, endpoint: str, method: str) -> tuple[Limit, ...]:
    """Every limit that a request to a route counts against."""
    view = app.view_functions[endpoint]
    handler = getattr(getattr(view, "view_class", None), method.lower(), None)
    declared: tuple[Limit, ...] | None = getattr(handler or view, _DECLARED, None)
    if method in SAFE_METHODS:
        return declared or ()
    usual = declared if declared is not None else WRITES
    per_minute = settings_of(app).writes_per_minute
    return (*usual, Limit("all-writes", per_minute, _MINUTE, By.INSTALLATION))


def enforce() -> None:
    """Lets the request through, or refuses it; runs before every view, once its caller is known.

    Raises:
        RateLimitedError: one of its limits is used up; carries that limit's own wait.
    """
    if request.endpoint is None or request.routing_exception is not None:
        return
    limits = limits_of(current_app, request.endpoint, request.method)
    g.failures = [limit for limit in limits if limit.failures_only]
    counted = [limit for limit in limits if not limit.failures_only]
    if counted:
        g.taken = _take(counted)
        _refuse_if_used_up(g.taken)


def settle(response: Response) -> Response:
    """Counts a refusal where refusals are limited, and tells what is left of the limits."""
    failures: Sequence[Limit] = g.get("failures", ())
    if failures and 400 <= response.status_code < 500:
        try:
            _refuse_if_used_up(_take(failures))
        except RateLimitedError as refused:
            response = respond(of_domain(refused))
    _describe(response)
    return response


def _take(limits: Sequence[Limit]) -> list[SlotTaken]:
    subjects = {
        By.CALLER: _caller(),
        By.ADDRESS: f"{request.remote_addr}",
        By.INSTALLATION: "all",
    }
    return _counter().take([(limit, subjects[limit.by]) for limit in limits])


def _caller() -> str:
    actor: Actor | None = g.get("actor")
    return f"{request.remote_addr}" if actor is None else f"member:{actor.member_id}"


def _refuse_if_used_up(taken: Sequence[SlotTaken]) -> None:
    worst = max(taken, key=lambda each: each.wait, default=None)
    if worst is not None and worst.wait:
        raise RateLimitedError(f"操作过于频繁，请 {worst.wait} 秒后再试。", retry_after=worst.wait)


def _describe(response: Response) -> None:
    """Tells the caller's own limits, as draft-ietf-httpapi-ratelimit-headers has it."""
    own = [each for each in g.get("taken", ()) if each.limit.by is not By.INSTALLATION]
    if own:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{each.limit.name}";q={each.limit.quota};w={each.limit.seconds}' for each in own
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{each.limit.name}";r={each.remaining};t={each.reset}' for each in own
        )


def install(app: Flask) -> None:
    """Gives an application its counter; it connects at its first use."""
    app.extensions[_KEY] = UseCounter(settings_of(app).redis_url)


def _counter() -> UseCounter:
    counter: UseCounter = current_app.extensions[_KEY]
    return counter
