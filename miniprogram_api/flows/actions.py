"""An action from its JSON to its receipt, for pages and JSON alike."""

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma

from backend.actions.claims import ClaimInput
from backend.actions.receipts import Receipt
from backend.actions.service import record
from backend.errors import DomainError, InvalidInputError
from backend.web.access import actor
from backend.web.context import backend, now
from backend.web.messages import field_errors
from backend.web.transaction import connection
from miniprogram_api.flows.scans import position_of
from miniprogram_api.schemas.actions import (
    ActionRequest,
)

ITEM: Final = ActionRequest()


def record_action(values: Mapping[str, Any]) -> Receipt:
    """Records an action of the caller by its kind.

    Args:
        values: what `ActionRequest` loaded.

    Raises:
        DomainError: it is refused; the sentence says what to do.
    """
    return record(connection(), backend().rulebook, backend().keys, claim_of(values), now=now())


def claim_of(values: Mapping[str, Any]) -> ClaimInput:
    """What `ActionRequest` loaded, as a claim of the caller."""
    evidence = values["evidence"]
    return ClaimInput(
        member_id=actor().member_id,
        reference=values["reference"],
        kind=values["kind"],
        occurred_at=values["occurred_at"],
        facts=values["facts"],
        evidence=evidence["kind"],
        code=evidence["code"],
        position=position_of(evidence["position"]),
    )


def loaded_action(item: Any) -> Mapping[str, Any]:
    """An action checked field by field, as `record_action` wants it.

    Args:
        item: as `ActionRequest` describes it, from anybody; a refusal where it could not be read.

    Raises:
        DomainError: the item could not be read.
        InvalidInputError: names every field at fault.
    """
    if isinstance(item, DomainError):
        raise item
    try:
        loaded: Mapping[str, Any] = ITEM.load(item)
    except ma.ValidationError as error:
        raise InvalidInputError(
            "提交的内容有误，请按提示修改后重试。", fields=tuple(field_errors(error.messages))
        ) from error
    return loaded
