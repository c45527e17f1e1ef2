"""The bytes that are hashed: layout 1 of an entry with its transfers, and of an action's facts.

The builder makes the same bytes in SQL (`proofs_append_leaves`); tests hold the two against each
other, so that what verifies the tree is not what built it. docs/proofs.md shows both layouts.

Everything is big-endian and of fixed length but for counted lists. Times are microseconds and days
since 2000-01-01 UTC, as PostgreSQL sends them. Ids that are not there are 0.
"""

import hashlib
import json
import struct
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from backend.actions.queries import Recorded
from backend.ledger.entries import PostedEntry, PostedTransfer

LAYOUT: Final = 1
_ACTION_LAYOUT: Final = 1
_NO_DIGEST: Final = bytes(32)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(2000, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)

# layout, salt, id, kind, created_at, effective_on, member, action, reverses, settles, actor,
# campaign, trace digest, digest of the action, number of transfers
_ENTRY: Final = struct.Struct(">B16sq16sqiqqqqqq32s32si")
# seq, debit, credit, unit, amount
_TRANSFER: Final = struct.Struct(">iqq4sq")
# layout, id, member, occurred_at, occurred_on, received_at, department, institution, district,
# place, ranked, version of the methodology, reduction_mg, points_mpt, its digest, the rulebook's
_ACTION: Final = struct.Struct(">BqqqiqqqqqBiqq32s32s")
_LENGTH: Final = struct.Struct(">i")
# reference, kind, tier, channel, id of the methodology
_ACTION_TEXTS: Final = 5


def entry_bytes(entry: PostedEntry, action: Recorded | None, salt: bytes) -> bytes:
    """The content of a leaf.

    Args:
        entry: as it stands in the book.
        action: the action it is about.
        salt: 16 random bytes drawn when it was appended: without them, nobody can find out what a
            hash stands for by trying amounts and members.
    """
    head = _ENTRY.pack(
        LAYOUT,
        salt,
        entry.id,
        _padded(entry.kind, 16),
        _instant(entry.created_at),
        _day(entry.effective_on),
        entry.member_id,
        entry.action_id or 0,
        entry.reverses_entry_id or 0,
        entry.settles_entry_id or 0,
        entry.actor_id or 0,
        entry.campaign_id or 0,
        entry.trace_digest or _NO_DIGEST,
        _NO_DIGEST if action is None else hashlib.sha256(action_bytes(action)).digest(),
        len(entry.transfers),
    )
    moved = [
        _TRANSFER.pack(each.seq, each.debit, each.credit, _padded(each.unit, 4), each.amount)
        for each in entry.transfers
    ]
    return head + b"".join(moved)


def action_bytes(action: Recorded) -> bytes:
    """The content behind an entry's digest of its action: what was done and what it earned.

    The counters an assessment read are not in it: they are held by the entry's trace digest, which
    a replay must meet.
    """
    head = _ACTION.pack(
        _ACTION_LAYOUT,
        action.id,
        action.member_id,
        _instant(action.occurred_at),
        _day(action.occurred_on),
        _instant(action.received_at),
        action.department_id or 0,
        action.institution_id or 0,
        action.district_id or 0,
        action.place_id or 0,
        action.ranked,
        action.methodology_version,
        action.reduction_mg,
        action.points_mpt,
        action.methodology_digest,
        action.rulebook_digest,
    )
    texts = (action.reference, action.kind, action.tier, action.channel, action.methodology_id)
    facts = sorted((key.encode(), _fact(value)) for key, value in action.facts.items())
    parts = [head, *(_counted(text.encode()) for text in texts), _LENGTH.pack(len(facts))]
    parts += [_counted(key) + _counted(value) for key, value in facts]
    return b"".join(parts)


def read_entry(content: bytes) -> PostedEntry:
    """What the content of a leaf says.

    Raises:
        ValueError: it is no leaf of layout 1.
    """
    if len(content) < _ENTRY.size:
        raise ValueError("the content is shorter than a leaf")
    (
        layout,
        _salt,
        entry_id,
        kind,
        created_at,
        effective_on,
        member_id,
        *ids,
        trace,
        _action,
        count,
    ) = _ENTRY.unpack_from(content)
    if layout != LAYOUT or len(content) != _ENTRY.size + count * _TRANSFER.size:
        raise ValueError("the content is no leaf of layout 1")
    try:
        posted_at = _EPOCH + created_at * _MICROSECOND
        counts_for = _FIRST_DAY + timedelta(days=effective_on)
    except OverflowError:
        raise ValueError("the leaf names a time that is none") from None
    action_id, reverses_id, settles_id, actor_id, campaign_id = (each or None for each in ids)
    return PostedEntry(
        id=entry_id,
        kind=kind.decode().rstrip(),
        created_at=posted_at,
        effective_on=counts_for,
        member_id=member_id,
        action_id=action_id,
        reverses_entry_id=reverses_id,
        settles_entry_id=settles_id,
        actor_id=actor_id,
        campaign_id=campaign_id,
        trace_digest=None if trace == _NO_DIGEST else trace,
        transfers=tuple(
            PostedTransfer(seq, debit, credit, unit.decode().rstrip(), amount)
            for seq, debit, credit, unit, amount in _TRANSFER.iter_unpack(content[_ENTRY.size :])
        ),
    )


def action_digest_of(content: bytes) -> bytes | None:
    """The digest of the action that the content of a leaf names; None where it names none."""
    digest: bytes = _ENTRY.unpack_from(content)[-2]
    return None if digest == _NO_DIGEST else digest


class SealedAction(NamedTuple):
    """What an action was, as its sealed content tells."""

    methodology_id: str
    methodology_version: int
    facts: dict[str, str]


def read_action(content: bytes) -> SealedAction:
    """What was done, from the content behind a leaf's digest of its action.

    Raises:
        ValueError: it is no action of layout 1.
    """
    if content[:1] != bytes([_ACTION_LAYOUT]):
        raise ValueError("the content is no action of layout 1")
    texts, at = [], _ACTION.size
    try:
        version: int = _ACTION.unpack_from(content)[11]
        for _ in range(_ACTION_TEXTS):
            text, at = _counted_text(content, at)
            texts.append(text)
        (count,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size
        facts = {}
        for _ in range(count):
            key, at = _counted_text(content, at)
            facts[key], at = _counted_text(content, at)
    except struct.error as error:
        raise ValueError("the content is no action of layout 1") from error
    return SealedAction(texts[4], version, facts)


def _counted_text(content: bytes, at: int) -> tuple[str, int]:
    (length,) = _LENGTH.unpack_from(content, at)
    end = at + _LENGTH.size + length
    if not at < end <= len(content):
        raise ValueError("a text ends outside the content")
    return content[at + _LENGTH.size : end].decode(), end


def _padded(text: str, length: int) -> bytes:
    encoded = text.encode().ljust(length)
    if len(encoded) != length:
        raise ValueError(f"{text} has more than {length} bytes")
    return encoded


def _fact(value: object) -> bytes:
    """A fact is text; anything else was put there by another way than an assessment's."""
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()


def _counted(content: bytes) -> bytes:
    return _LENGTH.pack(len(content)) + content


def _instant(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _day(day: date) -> int:
    return (day - _FIRST_DAY).days
