"""Every table of the system, in one metadata: what migrations are compared with."""

from sqlalchemy import MetaData

import backend.actions.models
import backend.audit.models
import backend.campaigns.models
import backend.corrections.models
import backend.donations.models
import backend.draws.models
import backend.footprint.models
import backend.installation.models
import backend.ledger.models
import backend.offers.models
import backend.organisations.models
import backend.outbox.models
import backend.people.console_models
import backend.people.models
import backend.places.models
import backend.proofs.models
import backend.rankings.models
import backend.register.statistics.models
import backend.rewards.models
import backend.rulebook.models
import backend.timekeeping.models
import backend.verification.models  # noqa: F401 - imported for its tables
from backend.db.base import Base

METADATA: MetaData = Base.metadata
