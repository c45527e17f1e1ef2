"""The eighteen promises of the ledger, and what a check of them is.

Each feature declares the checks of its own tables in its `checks.py`; `backend.verification` runs
them all over one snapshot of the database.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from redis import Redis
from sqlalchemy import Connection, Executable, MetaData, Row, text

from credit_rules import Rulebook

_ROWS_AT_ONCE = 2_000


class Invariant(IntEnum):
    """What always holds. The numbers are stable: reports and the console name them."""

    CONSERVATION = 1
    IMMUTABILITY = 2
    IDEMPOTENCY = 3
    ONE_AWARD = 4
    REVERSAL = 5
    NOT_NEGATIVE = 6
    NO_DRIFT = 7
    STABLE_AS_OF = 8
    CAPS = 9
    PENDING_ONCE = 10
    LOTS = 11
    PROVENANCE = 12
    TREE = 13
    SEALED_MONTHS = 14
    RANKING = 15
    EVIDENCE_ONCE = 16
    WHOLE_ENTRIES = 17
    REPLAY = 18

    @property
    def title(self) -> str:
        """What it is called in reports and on the console."""
        return _TITLES[self]


_TITLES: Final[Mapping[Invariant, str]] = {
    Invariant.CONSERVATION: "收支守恒",
    Invariant.IMMUTABILITY: "只增不改",
    Invariant.IDEMPOTENCY: "重复提交只入账一次",
    Invariant.ONE_AWARD: "一次行为一份奖励",
    Invariant.REVERSAL: "冲正至多一次且与原分录相反",
    Invariant.NOT_NEGATIVE: "余额不为负",
    Invariant.NO_DRIFT: "余额等于划转合计",
    Invariant.STABLE_AS_OF: "历史余额不再变动",
    Invariant.CAPS: "上限不被突破",
    Invariant.PENDING_ONCE: "待定分录只了结一次",
    Invariant.LOTS: "积分批次与余额一致",
    Invariant.PROVENANCE: "分录可追溯",
    Invariant.TREE: "分录全部进入存证树",
    Invariant.SEALED_MONTHS: "已封存的月份不变",
    Invariant.RANKING: "榜单由账本推出",
    Invariant.EVIDENCE_ONCE: "凭证只用一次",
    Invariant.WHOLE_ENTRIES: "没有半截分录",
    Invariant.REPLAY: "重算结果一致",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where an invariant does not hold.

    Attributes:
        invariant: which one.
        subject: what it concerns: a word and an id, such as `account 65537` or `entry 12`.
        detail: what is wrong, as a Chinese sentence with the figures.
    """

    invariant: Invariant
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Books:
    """What checks look at.

    Attributes:
        db: a read-only transaction that sees one state of the database throughout.
        redis: where the boards are.
        rulebook: the methodologies that awards are computed again with.
        metadata: the tables the program expects.
        now: the present instant.
        advance: told how many more rows a long check has gone through.
    """

    db: Connection
    redis: Redis
    rulebook: Rulebook
    metadata: MetaData
    now: datetime
    advance: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the books whose answer must be empty.

    Attributes:
        name: stable, `feature.question`.
        title: what it asks, in Chinese.
        invariants: what its findings may speak of.
        find: yields what is wrong, in bounded memory however large the books are.
    """

    name: str
    title: str
    invariants: tuple[Invariant, ...]
    find: Callable[[Books], Iterable[Finding]]


def check_of_rows(
    name: str, title: str, invariant: Invariant, *, statement: str, subject: str, detail: str
) -> Check:
    """A check that is one statement: every row it returns is a finding.

    Args:
        name: see `Check`.
        title: see `Check`.
        invariant: what a row speaks of.
        statement: SQL without parameters; set-wise, so that PostgreSQL bounds the memory.
        subject: the finding's subject, with the row's columns in braces.
        detail: its sentence, likewise.
    """
    question = text(statement)

    def find(books: Books) -> Iterator[Finding]:
        for row in stream(books.db, question):
            columns = row._asdict()
            yield Finding(invariant, subject.format(**columns), detail.format(**columns))

    return Check(name, title, (invariant,), find)


def stream(
    db: Connection, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> Iterator[Row[Any]]:
    """The rows of a statement over a server-side cursor, some thousand in memory at a time."""
    with db.execute(
        statement,
        dict(parameters or {}),
        execution_options={"stream_results": True, "yield_per": _ROWS_AT_ONCE},
    ) as rows:
        yield from rows
