"""The words of every feature, as templates name them: `labels.places.PLACE_KINDS`."""

from types import SimpleNamespace

from backend.actions import labels as actions
from backend.audit import labels as audit
from backend.campaigns import labels as campaigns
from backend.corrections import labels as corrections
from backend.draws import labels as draws
from backend.ledger import labels as ledger
from backend.offers import labels as offers
from backend.organisations import labels as organisations
from backend.people import labels as people
from backend.places import labels as places
from backend.rankings import labels as rankings
from backend.register.reviews import labels as register_reviews
from backend.register.statistics import labels as register
from backend.rewards import labels as rewards
from backend.rulebook import labels as rulebook

LABELS = SimpleNamespace(
    actions=actions,
    audit=audit,
    campaigns=campaigns,
    corrections=corrections,
    draws=draws,
    ledger=ledger,
    offers=offers,
    organisations=organisations,
    people=people,
    places=places,
    rankings=rankings,
    register=register,
    register_reviews=register_reviews,
    rewards=rewards,
    rulebook=rulebook,
)
