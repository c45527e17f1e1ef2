"""What kinds of institutions are called."""

from collections.abc import Mapping
from typing import Final

from backend.organisations.models import InstitutionKind

INSTITUTION_KINDS: Final[Mapping[InstitutionKind, str]] = {
    InstitutionKind.STATE_ORGAN: "国家机关",
    InstitutionKind.PUBLIC_INSTITUTION: "事业单位",
    InstitutionKind.ASSOCIATION: "团体组织",
}
