"""What is decided about an award."""

from enum import StrEnum

from admin.forms.places import Chosen
from backend.web.fields import StrictString
from backend.web.schemas import StrictSchema


class ReviewVerdict(StrEnum):
    """Credit a held award, refuse it, or take back one that is in the book."""

    POSTED = "posted"
    VOIDED = "voided"
    REVERSED = "reversed"


class Review(StrictSchema):
    """A verdict and why; the member reads the reason."""

    verdict = Chosen(ReviewVerdict, required=True)
    reason = StrictString(max_length=200, required=True)


class ReviewNotice(StrictSchema):
    """What was just decided, told once after the redirect."""

    done = StrictString(max_length=20, load_default="")
