from collections.abc import Callable
from decimal import Decimal

from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.organisations.service import record_year
from backend.people.models import Role
from tests.builders.town import Town


def test_institutions_show_their_years_and_departments(
    admin: FlaskClient, town: Town, backend: Backend
) -> None:
    with backend.engine.begin() as db:
        for year, people in ((2024, 80), (2025, 1086)):
            record_year(
                db,
                institution_id=town.organisation.bureau,
                year=year,
                headcount=people,
                floor_area_m2=Decimal("2666.50"),
                now=backend.clock.now(),
            )
    listed = admin.get("/institutions").text
    assert "1,086（2025）" in listed
    assert "未填报" in listed
    page = admin.get(f"/institutions/{town.organisation.bureau}").text
    for words in ("西湖区", "机关", "1,086", "2,666.50", "办公室", "文印科"):
        assert words in page
    assert page.index("2025</td>") < page.index("2024</td>")
    assert 'class="depth-1">文印科' in page


def test_institutions_are_found_by_name_district_and_system(admin: FlaskClient, town: Town) -> None:
    def names(query: str) -> set[str]:
        page = admin.get(f"/institutions?{query}").text
        return {name for name in ("市事务局", "第一中学", "第二医院") if f">{name}<" in page}

    assert names("q=医院") == {"第二医院"}
    assert names(f"district={town.organisation.west}") == {"市事务局", "第一中学"}
    assert names(f"system={town.organisation.system}") == {"市事务局", "第一中学", "第二医院"}
    assert names("system=999") == set()


def test_the_list_ends_at_the_scope(as_role: Callable[[Role], FlaskClient]) -> None:
    page = as_role(Role.DISTRICT_MANAGER).get("/institutions").text
    assert "第一中学" in page
    assert "第二医院" not in page
    assert "第一中学" not in as_role(Role.INSTITUTION_ADMIN).get("/institutions").text
