"""Reads what decides for whom an offer is."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from backend.offers.models import Audience, InstitutionRewardPolicy
from backend.offers.policy import Person, Terms


def cash_allowed(db: Connection, institution_ids: Collection[int]) -> frozenset[int]:
    """Those of these institutions whose members may be given what has cash value."""
    rows = db.scalars(
        select(InstitutionRewardPolicy.institution_id).where(
            InstitutionRewardPolicy.institution_id.in_(institution_ids),
            InstitutionRewardPolicy.cash_value,
        )
    )
    return frozenset(rows)


def terms_of(
    db: Connection, person: Person, *, institution_id: int, audience: Audience, cash_value: bool
) -> Terms:
    """The terms of an offer for one person, with the switch that decides for them."""
    decides = institution_id if person.institution_id is None else person.institution_id
    allowed = cash_value and decides in cash_allowed(db, [decides])
    return Terms(institution_id, audience, cash_value, allowed)
