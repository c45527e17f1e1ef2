"""What clients saw, and whether the ledger agrees: the checker of a recorded history.

In the manner of Jepsen's set and bank tests: every operation is invoked once or more under one
reference and ends ok, failed or unknown; an unknown one is invoked again until it is known.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

INVOKE, OK, FAIL, UNKNOWN = "invoke", "ok", "fail", "unknown"


class Award(NamedTuple):
    """An award as a client was told of it, or as the ledger has it."""

    action_id: int
    reduction_mg: int
    points_mpt: int


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a history.

    Attributes:
        at: seconds on the machine's clock.
        type: `invoke`, `ok`, `fail` (a refusal), `unknown` (no answer, or a server's error).
        reference: which operation.
        member_id: whose it is.
        status: of the answer; 0 without one.
        award: what the answer says was credited.
    """

    at: float
    type: str
    reference: str
    member_id: int
    status: int = 0
    award: Award | None = None


def record(event: Event, file: TextIO) -> None:
    """Writes an event as one line that survives the process."""
    file.write(json.dumps(asdict(event)) + "\n")
    file.flush()


def read(files: Iterable[Path]) -> Iterator[Event]:
    """The events of several clients."""
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            award = row.pop("award")
            yield Event(**row, award=Award(*award) if award else None)


@dataclass(frozen=True, slots=True)
class Operation:
    """One reference with everything clients saw of it."""

    member_id: int
    invoked: bool
    answers: tuple[Award, ...]
    failed: bool


def operations(history: Iterable[Event]) -> dict[str, Operation]:
    """The operations of a history, by reference."""
    events: defaultdict[str, list[Event]] = defaultdict(list)
    for event in history:
        events[event.reference].append(event)
    return {
        reference: Operation(
            member_id=seen[0].member_id,
            invoked=any(event.type == INVOKE for event in seen),
            answers=tuple(event.award for event in seen if event.type == OK and event.award),
            failed=any(event.type == FAIL for event in seen),
        )
        for reference, seen in events.items()
    }


def problems(
    seen: Mapping[str, Operation],
    ledger: Mapping[str, Sequence[Award]],
    held: Mapping[int, tuple[int, int]],
) -> list[str]:
    """What of the history and the ledger do not agree.

    Args:
        seen: the operations clients performed.
        ledger: by reference, the awards the book has.
        held: by member, the reductions (mg) and points (mpt) of the balances.
    """
    found = [f"{each}: in the ledger, never invoked" for each in ledger.keys() - seen.keys()]
    totals: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for reference, operation in seen.items():
        found += _problems_of(reference, operation, ledger.get(reference, ()))
        for award in set(operation.answers):
            totals[operation.member_id].update(mg=award.reduction_mg, mpt=award.points_mpt)
    for member in totals.keys() | held.keys():
        acknowledged = (totals[member]["mg"], totals[member]["mpt"])
        if acknowledged != held.get(member, (0, 0)):
            found.append(f"member {member}: told {acknowledged}, holds {held.get(member)}")
    return sorted(found)


def _problems_of(reference: str, operation: Operation, awards: Sequence[Award]) -> Iterator[str]:
    if len(awards) > 1:
        yield f"{reference}: credited {len(awards)} times"
    if operation.answers and not awards:
        yield f"{reference}: acknowledged, not in the ledger"
    if len({*operation.answers, *awards}) > 1:
        yield f"{reference}: told {operation.answers}, the ledger has {tuple(awards)}"
    if operation.failed and awards:
        yield f"{reference}: refused, and in the ledger"
    if not operation.answers and not operation.failed:
        yield f"{reference}: still unknown"
    if not operation.invoked:
        yield f"{reference}: answered, never invoked"
