"""The personal footprint 个人碳足迹: a short questionnaire and logged actions in, a range out.

Pure and exact like all of ``credit_rules``: only ``loading`` reads files. ``docs/footprint.md`` is
the guide.
"""

from credit_rules.footprint.answers import ActionTotals
from credit_rules.footprint.comparison import PeerComparison, compare_with_median
from credit_rules.footprint.describing import describe_questionnaire
from credit_rules.footprint.estimating import Estimate, estimate
from credit_rules.footprint.explaining import sentences, to_json
from credit_rules.footprint.loading import Questionnaires, load_questionnaires
from credit_rules.footprint.model import Questionnaire, Triple
from credit_rules.footprint.wording import kilograms, rounded_range, two_figures

__all__ = [
    "ActionTotals",
    "Estimate",
    "PeerComparison",
    "Questionnaire",
    "Questionnaires",
    "Triple",
    "compare_with_median",
    "describe_questionnaire",
    "estimate",
    "kilograms",
    "load_questionnaires",
    "rounded_range",
    "sentences",
    "to_json",
    "two_figures",
]
