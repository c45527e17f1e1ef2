"""Whether something is still what somebody saw before they changed it.

A form carries the fingerprint of what it was filled in from; the change is refused when another
change came in between. The comparison is made under the row's lock.
"""

import hashlib

from backend.errors import DomainError, ErrorKind


class EditedMeanwhileError(DomainError):
    """Somebody else changed it since the form was opened."""

    code = "edited_meanwhile"
    kind = ErrorKind.CONFLICT


def fingerprint(view: object) -> str:
    """What tells one state of a view from another.

    Args:
        view: a dataclass of plain values as it was read from the database; fields kept out of its
            `repr` do not count.
    """
    return hashlib.sha256(repr(view).encode()).hexdigest()[:32]


def require_unchanged(view: object, seen: str | None) -> None:
    """Lets a change through whose author saw the present state.

    Args:
        view: the present state, its row locked.
        seen: the fingerprint of what the author saw; None where nobody looked before.

    Raises:
        EditedMeanwhileError: it has changed since.
    """
    if seen is not None and seen != fingerprint(view):
        raise EditedMeanwhileError(
            "在您填写期间，这条信息已被其他人修改，您的修改没有保存。"
            "下面是现在的内容，请核对后再改一次。"
        )
