"""Institutions: enough to find one's way from a district to a department."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template

from admin.auth import CITY, MEMBER_MANAGERS, PLACE_READERS, PLACE_WRITERS, UNIT_MAKERS, may, scope
from admin.forms.lists import InstitutionsFilter
from admin.forms.people import PeopleNotice
from admin.forms.reading import filters
from backend.clock import business_day
from backend.organisations.queries import (
    InstitutionView,
    departments_under,
    districts,
    institution_years,
    institutions,
    systems,
)
from backend.people.access import institution_in_scope
from backend.people.queries import invitations_of
from backend.people.roster_requests import open_requests
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("institutions", __name__)

PAGE = 50
_LATEST = 20


@pages.get("/institutions")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """The institutions in the caller's scope, filtered by what the address says."""
    db = connection()
    chosen = filters(InstitutionsFilter)
    found = [
        each
        for each in institutions(
            db,
            scope=scope(PLACE_READERS),
            on=business_day(now()),
            system_id=chosen["system"],
        )
        if _matches(each, chosen)
    ]
    pages_ = max(1, -(-len(found) // PAGE))
    number = min(chosen["page"], pages_)
    shown = found[(number - 1) * PAGE : number * PAGE]
    return render_template(
        "institutions/list.html",
        institutions=shown,
        found=len(found),
        number=number,
        pages=pages_,
        chosen=chosen,
        districts={each.id: each.name for each in districts(db)},
        systems={each.id: each.name for each in systems(db)},
        years=institution_years(db, institution_ids=[each.id for each in shown]),
        edits_city=may(*CITY),
        makes=may(*UNIT_MAKERS),
        writes=may(*PLACE_WRITERS),
    )


def _matches(each: InstitutionView, chosen: Mapping[str, Any]) -> bool:
    wanted = chosen["q"].casefold()
    return chosen["district"] in (None, each.district_id) and (
        wanted in each.name.casefold() or wanted in each.short_name.casefold()
    )


@pages.get("/institutions/<int:institution_id>")
@console_roles(*PLACE_READERS)
def detail(institution_id: int) -> str:
    """One institution: its place in the city, its years, its departments."""
    db = connection()
    found = institution_in_scope(db, actor(), institution_id, roles=PLACE_READERS)
    years = institution_years(db, institution_ids=[institution_id])
    return render_template(
        "institutions/detail.html",
        institution=found,
        districts={each.id: each.name for each in districts(db)},
        systems={each.id: each.name for each in systems(db)},
        years=years.get(institution_id, ()),
        departments=departments_under(db, institution_id=institution_id, on=business_day(now())),
        invitations=invitations_of(db, institution_id=institution_id, limit=_LATEST)
        if may(*PLACE_WRITERS)
        else (),
        requests=open_requests(db, institution_id=institution_id) if may(*MEMBER_MANAGERS) else (),
        today=now(),
        writes=may(*PLACE_WRITERS),
        makes=may(*UNIT_MAKERS),
        done=filters(PeopleNotice)["done"],
    )
