"""The statement of a member's account, entry by entry, with what each is about and its receipt."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from flask import render_template, request, url_for

from backend.actions.queries import actions_by_id
from backend.donations.queries import donation_by_entry
from backend.errors import NotFoundError
from backend.ledger.entries import PostedEntry, entry_of
from backend.ledger.labels import ENTRY_KINDS
from backend.ledger.queries import StatementLine, statement_of
from backend.proofs.queries import proofs_of_entries
from backend.rewards import queries
from backend.web.access import actor, member_page
from backend.web.context import backend
from backend.web.paging import decode_cursor, page
from backend.web.transaction import connection
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("entries", __name__)

_PAGE: Final = 20


class Subject(NamedTuple):
    """What an entry is about, in words, and the page that shows it."""

    words: str
    address: str


@blueprint.get("/me/entries")
@member_page
def statement() -> str:
    """The statement: every entry with the balance after it, newest first."""
    cursor = request.args.get("cursor")
    lines = statement_of(
        connection(),
        member_id=actor().member_id,
        before_id=decode_cursor(cursor, int)[0] if cursor else None,
        limit=_PAGE + 1,
    )
    shown = page(lines, _PAGE, lambda line: (line.entry_id,))
    return render_template(
        "entries.html",
        lines=shown["items"],
        titles=titles_of(shown["items"]),
        kinds=ENTRY_KINDS,
        next_cursor=shown["next_cursor"],
        later=cursor is not None,
    )


def titles_of(lines: Sequence[StatementLine]) -> dict[int, str]:
    """What was done, by the numbers of the actions that these lines are about."""
    about = [line.action_id for line in lines if line.action_id is not None]
    rulebook = backend().rulebook
    return {
        number: rulebook.version(done.methodology_id, done.methodology_version).title
        for number, done in actions_by_id(connection(), about).items()
    }


@blueprint.get("/me/entries/<int:entry_id>")
@member_page
def show(entry_id: int) -> str:
    """One of the member's own entries: what it moved, what it is about, and its receipt."""
    entry = entry_of(connection(), member_id=actor().member_id, entry_id=entry_id)
    if entry is None:
        raise NotFoundError("没有找到这条分录，请在收支明细里重新打开。")
    (line,) = statement_of(
        connection(), member_id=actor().member_id, before_id=entry_id + 1, limit=1
    )
    return render_template(
        "entry.html",
        line=line,
        titles=titles_of([line]),
        kinds=ENTRY_KINDS,
        subject=_subject(entry),
        proofs=proofs_of_entries(connection(), {entry_id: entry.kind}),
    )


def _subject(entry: PostedEntry) -> Subject | None:
    """What an entry is about; None for one that is about nothing but points that ended."""
    db, member_id = connection(), actor().member_id
    if entry.action_id is not None:
        return Subject("看这次行为的回执", url_for("receipts.show", action_id=entry.action_id))
    given = donation_by_entry(db, member_id=member_id, entry_id=entry.id)
    if given is not None:
        address = url_for("giving.donation", donation_id=given.id)
        return Subject(f"看捐赠：{given.cause_name}", address)
    set_aside = entry.settles_entry_id or entry.id
    asked = queries.redemption_by_entry(db, member_id=member_id, entry_id=set_aside)
    if asked is not None:
        address = url_for("redeeming.redemption", redemption_id=asked.id)
        return Subject(f"看兑换：{asked.reward_name}", address)
    return None
