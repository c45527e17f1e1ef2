"""The periodic builder of the tree."""

import structlog

from backend.clock import Clock
from backend.ports.signed_notes import Signer
from backend.proofs import service
from backend.proofs.service import Begin

BATCH = 10_000
# What one run appends at most, so that it ends within the time a job has.
_BATCHES = 50

log = structlog.get_logger(__name__)


def build(begin: Begin, signer: Signer, clock: Clock, *, batches: int = _BATCHES) -> int:
    """Appends every entry that is due, in a transaction and under a checkpoint for each batch.

    Args:
        begin: opens transactions under the application's role.
        signer: signs the checkpoints.
        clock: dates them.
        batches: at most so many.

    Returns:
        How many entries were appended.

    Raises:
        TamperedTreeError: what is stored does not lead to the last signed root.
    """
    total = 0
    for _ in range(batches):
        with begin() as db:
            appended = service.append(db, signer, now=clock.now(), limit=BATCH)
        total += appended or 0
        if appended is None or appended < BATCH:
            break
    if total:
        log.info("tree_grew", leaves=total)
    return total
