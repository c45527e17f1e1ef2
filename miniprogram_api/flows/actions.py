"""An action from its JSON to its receipt, for pages and JSON alike."""

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma

from backend.actions import claims
from backend.actions.evidence import EvidenceKind
from backend.actions.service import Receipt, Request, record
from backend.errors import InvalidInputError
from backend.recycling import policy as recycling_policy
from backend.recycling.service import DropOff, drop_off_request
from backend.web.access import actor
from backend.web.context import backend, now
from backend.web.messages import field_errors
from backend.web.transaction import connection
from miniprogram_api.flows.scans import position_of
from miniprogram_api.schemas.actions import (
    ActionRequest,
)

ITEM: Final = ActionRequest()


_BY_CODE: Final = (None, EvidenceKind.PRINTED_CODE, EvidenceKind.ROTATING_CODE)


def record_action(values: Mapping[str, Any]) -> Receipt:
    """Records an action of the caller by its kind.

    Args:
        values: what `ActionRequest` loaded.

    Raises:
        DomainError: it is refused; the sentence says what to do.
    """
    return record(connection(), backend().rulebook, request_of(values), now=now())


def request_of(values: Mapping[str, Any]) -> Request:
    """What `ActionRequest` loaded, as the path of its kind takes it."""
    evidence = values["evidence"]
    kind, code = values["kind"], evidence["code"]
    if kind == recycling_policy.KIND and code is not None and evidence["kind"] in _BY_CODE:
        return drop_off_request(
            rulebook=backend().rulebook,
            keys=backend().keys,
            member_id=actor().member_id,
            drop_off=DropOff(
                reference=values["reference"],
                occurred_at=values["occurred_at"],
                code=code,
                facts=values["facts"],
                position=position_of(evidence["position"]),
            ),
            now=now(),
        )
    return claims.request_of(
        keys=backend().keys,
        member_id=actor().member_id,
        telling=claims.Telling(
            reference=values["reference"],
            kind=kind,
            occurred_at=values["occurred_at"],
            facts=values["facts"],
            evidence=evidence["kind"],
            code=code,
        ),
        now=now(),
    )


def loaded_action(item: Any) -> Mapping[str, Any]:
    """An action checked field by field, as `record_action` wants it.

    Args:
        item: as `ActionRequest` describes it, from anybody.

    Raises:
        InvalidInputError: names every field at fault.
    """
    try:
        loaded: Mapping[str, Any] = ITEM.load(item)
    except ma.ValidationError as error:
        raise InvalidInputError(
            "提交的内容有误，请按提示修改后重试。", fields=tuple(field_errors(error.messages))
        ) from error
    return loaded
