"""An action in the words of the methodology it was assessed under."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.actions.queries import Recorded
from backend.offers.labels import AUDIENCES
from backend.offers.models import OfferState
from backend.organisations.labels import INSTITUTION_KINDS
from backend.people.labels import ROLES
from backend.places.labels import DATUMS, PLACE_KINDS, PLACE_STATES, WASTE_CLASSES
from backend.rewards.labels import PERIODS, REDEMPTION_STATES
from backend.web.context import backend
from credit_rules import InputSpec, UnknownMethodology


@dataclass(frozen=True, slots=True)
class Worded:
    """What an action is called, and what its facts and evidence are.

    Attributes:
        title: the methodology's title.
        facts: label and value of each input, as the methodology words them.
        tier: the tier of evidence in words.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    tier: str


def worded(action: Recorded) -> Worded:
    """An action in words; in the keys it is stored by where its version is no longer there."""
    try:
        methodology = backend().rulebook.version(action.methodology_id, action.methodology_version)
    except UnknownMethodology:
        facts = tuple((name, str(value)) for name, value in action.facts.items())
        return Worded(action.kind, facts, action.tier)
    tiers = {tier.name: tier.label for tier in methodology.evidence.table.tiers}
    return Worded(
        methodology.title,
        tuple(_fact(spec, action.facts) for spec in methodology.inputs.values()),
        f"{action.tier} {tiers.get(action.tier, '')}",
    )


def _fact(spec: InputSpec, facts: Mapping[str, Any]) -> tuple[str, str]:
    value = str(facts.get(spec.name, "—"))
    if spec.unit is not None:
        return spec.label, f"{value} {spec.unit.label}"
    return spec.label, {choice.value: choice.label for choice in spec.choices}.get(value, value)


WORDS: Mapping[str, str] = {
    value.value: name
    for table in (
        ROLES,
        PLACE_KINDS,
        PLACE_STATES,
        WASTE_CLASSES,
        DATUMS,
        INSTITUTION_KINDS,
        AUDIENCES,
        PERIODS,
        REDEMPTION_STATES,
        {OfferState.DRAFT: "草稿"},
    )
    for value, name in table.items()
} | {"located": "凭定位", "attended": "有人值守", "console": "管理后台", "api": "手机端"}
"""What stands in audited values, in words."""
