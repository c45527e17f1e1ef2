"""The member's own footprint, for pages and JSON alike."""

from backend.footprint import service
from backend.footprint.service import Footprint, Reply
from backend.web.access import actor
from backend.web.context import backend, now
from backend.web.transaction import connection


def keep_answers(reply: Reply) -> None:
    """Keeps answers of the caller.

    Raises:
        InvalidInputError: an answer cannot be used; every such field is named.
    """
    service.answer(
        connection(),
        backend().questionnaires,
        member_id=actor().member_id,
        reply=reply,
        now=now(),
    )


def own_footprint() -> Footprint:
    """The caller's footprint today."""
    return service.footprint_of(
        connection(),
        backend().rulebook,
        backend().questionnaires,
        member_id=actor().member_id,
        institution_id=actor().institution_id,
        now=now(),
    )
