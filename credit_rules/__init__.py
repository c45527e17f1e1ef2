"""The science of tanpuhui, pure and exact: no clock, network, database, randomness or float.

Methodologies are TOML files of typed blocks; :func:`load_rulebook` checks and compiles them,
:func:`assess` turns the facts of one action into milligrams of CO2e avoided and milli-points, with
a trace that explains both. ``docs/rules.md`` is the guide.
"""

from credit_rules.assessing import Assessment
from credit_rules.counters import CapSpec, Used, period_start
from credit_rules.describing import describe
from credit_rules.drafts import AppliedVersion, Draft
from credit_rules.errors import (
    FactsRefused,
    FieldProblem,
    NotInForce,
    Problem,
    RulebookError,
    UnknownMethodology,
)
from credit_rules.examples import read_used
from credit_rules.facts import Boost, Facts
from credit_rules.loading import load_draft, load_rulebook, write_lock
from credit_rules.methodology import Methodology
from credit_rules.model import Choice, Exclusion, InputSpec, Source, Tier
from credit_rules.rulebook import Rulebook, assess
from credit_rules.trace import Trace

__all__ = [
    "AppliedVersion",
    "Assessment",
    "Boost",
    "CapSpec",
    "Choice",
    "Draft",
    "Exclusion",
    "Facts",
    "FactsRefused",
    "FieldProblem",
    "InputSpec",
    "Methodology",
    "NotInForce",
    "Problem",
    "Rulebook",
    "RulebookError",
    "Source",
    "Tier",
    "Trace",
    "UnknownMethodology",
    "Used",
    "assess",
    "describe",
    "load_draft",
    "load_rulebook",
    "period_start",
    "read_used",
    "write_lock",
]
