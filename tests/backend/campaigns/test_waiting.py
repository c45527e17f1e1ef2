"""Who finds a slot of a budget too low waits for the others without holding a row they need."""

import threading
import time

from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.db.engine import make_engine
from tests.backend.campaigns.test_races import BUDGET_MPT, a_joined_campaign
from tests.conftest import PATIENCE_SECONDS

SLOTS = 16


def take(db: Connection, campaign: int, member_id: int, bonus_mpt: int) -> int | None:
    found: int | None = db.execute(
        text("SELECT ledger_take_bonus(:campaign, :member, :bonus, '2026-11-18')"),
        {"campaign": campaign, "member": member_id, "bonus": bonus_mpt},
    ).scalar_one()
    return found


def pid_of(db: Connection) -> int:
    found: int = db.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return found


def await_wait(db: Connection, waiting: int, holder: int) -> None:
    """Returns as soon as one connection waits for the other."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        blocking = db.execute(text("SELECT pg_blocking_pids(:pid)"), {"pid": waiting}).scalar_one()
        if holder in blocking:
            return
        time.sleep(0.01)
    raise AssertionError(f"{waiting} does not wait for {holder}")


def test_a_slot_emptied_while_one_waits_for_it_is_not_held_on_to(
    backend: Backend, database: str
) -> None:
    scene, campaign = a_joined_campaign(backend)
    by_slot = {member % SLOTS: member for member in scene.members}
    first, last = by_slot[0], by_slot[SLOTS - 1]
    even_share = BUDGET_MPT // SLOTS
    # As the owner, because the program itself takes a bonus only with its award.
    owner = make_engine(database, owner=True)
    with owner.connect() as emptying, owner.connect() as holding, owner.connect() as waiting:
        waiting_pid, holding_pid = pid_of(waiting), pid_of(holding)
        assert take(emptying, campaign, last, even_share) is not None
        assert take(holding, campaign, first, 1) is not None
        given: list[int | None] = []
        thread = threading.Thread(
            target=lambda: given.append(take(waiting, campaign, last, even_share))
        )
        thread.start()
        await_wait(holding, waiting_pid, pid_of(emptying))
        emptying.commit()
        await_wait(holding, waiting_pid, holding_pid)
        # It waits for the first slot; the last one, which it found empty, is free for others.
        assert take(holding, campaign, last, even_share) is not None
        holding.commit()
        thread.join(PATIENCE_SECONDS)
        assert given != [None]
        assert len(given) == 1
        waiting.rollback()
    owner.dispose()
