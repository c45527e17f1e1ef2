"""Names, the tree of departments and invitations, changed in the console by several people."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.people.bindings import InvitationInvalidError, bind_by_invitation, create_invitation
from backend.people.models import Role
from backend.people.queries import invitations_of
from tests.builders.forms import hidden
from tests.builders.town import Town

As = Callable[[Role], FlaskClient]


def test_an_institution_is_renamed_and_audited(as_role: As, town: Town) -> None:
    admin, bureau = as_role(Role.INSTITUTION_ADMIN), town.organisation.bureau
    path = f"/institutions/{bureau}/edit"
    seen = hidden(admin.get(path).text, "seen")
    answer = admin.post(path, data={"name": "市综合事务局", "short_name": "综合局", "seen": seen})
    page = admin.get(answer.location).text
    for told in ("单位名称已修改", "市综合事务局", "综合局"):
        assert told in page
    audit = as_role(Role.CITY_ADMIN).get(f"/audit?object_type=institution&object_id={bureau}").text
    assert "<del>市事务局</del>" in audit
    assert "officer institution_admin" in audit


def test_of_two_people_renaming_the_second_sees_what_the_first_wrote(
    as_role: As, town: Town
) -> None:
    path = f"/institutions/{town.organisation.bureau}/edit"
    first, second = as_role(Role.CITY_ADMIN), as_role(Role.INSTITUTION_ADMIN)
    seen = hidden(second.get(path).text, "seen")
    assert first.post(path, data={"name": "市综合事务局", "seen": seen}).status_code == 303
    answer = second.post(path, data={"name": "后到局", "short_name": "后到", "seen": seen})
    assert answer.status_code == 409
    for told in ("已被其他人修改", 'value="市综合事务局"', "名称：后到局", "简称：后到"):
        assert told in answer.text
    again = {"name": "后到局", "seen": hidden(answer.text, "seen")}
    assert second.post(path, data=again).status_code == 303


@pytest.mark.parametrize(
    "kind, id_, old, new",
    [("districts", "west", "西湖区", "西湖新区"), ("systems", "system", "机关", "党政机关")],
)
def test_districts_and_systems_are_renamed_by_the_city(
    as_role: As, town: Town, kind: str, id_: str, old: str, new: str
) -> None:
    admin = as_role(Role.CITY_ADMIN)
    path = f"/{kind}/{getattr(town.organisation, id_)}/edit"
    assert path in admin.get("/city").text
    page = admin.get(path).text
    assert f'value="{old}"' in page
    seen = hidden(page, "seen")
    wrong = admin.post(path, data={"name": "东/西", "seen": seen})
    assert (wrong.status_code, 'value="东/西"' in wrong.text) == (422, True)
    answer = admin.post(path, data={"name": new, "seen": hidden(wrong.text, "seen")})
    assert answer.location == "/city?done=renamed"
    assert new in admin.get(answer.location).text
    late = admin.post(path, data={"name": "更晚的名称", "seen": seen})
    assert (late.status_code, f'value="{new}"' in late.text) == (409, True)
    assert f"<del>{old}</del>" in admin.get("/audit?subject=organisations:").text


def test_a_systems_name_is_not_given_twice(as_role: As, town: Town, backend: Backend) -> None:
    with backend.engine.begin() as db:
        db.execute(text("INSERT INTO system (code, name) VALUES ('health', '卫生')"))
    admin, path = as_role(Role.CITY_ADMIN), f"/systems/{town.organisation.system}/edit"
    seen = hidden(admin.get(path).text, "seen")
    answer = admin.post(path, data={"name": "卫生", "seen": seen})
    assert (answer.status_code, "已有名为“卫生”的系统" in answer.text) == (422, True)


def test_a_department_moves_with_all_below_it(as_role: As, town: Town) -> None:
    there, admin = town.organisation, as_role(Role.INSTITUTION_ADMIN)
    path = f"/departments/{there.office}/move"
    page = admin.get(path).text
    # Neither itself nor what lies below it can stand above it.
    assert f'<option value="{there.finance}">财务处</option>' in page
    assert f'value="{there.printing}"' not in page
    seen = hidden(page, "seen")
    below = admin.post(path, data={"parent_id": str(there.printing), "seen": seen})
    assert (below.status_code, "请另选上级部门" in below.text) == (422, True)
    answer = admin.post(path, data={"parent_id": str(there.finance), "seen": seen})
    assert "部门已调整" in admin.get(answer.location).text
    assert "财务处/办公室/文印科" in admin.get(f"/departments/{there.printing}/move").text
    late = admin.post(path, data={"seen": seen})
    assert (late.status_code, "已被其他人修改" in late.text) == (409, True)
    top = admin.post(path, data={"seen": hidden(late.text, "seen")})
    assert top.status_code == 303
    assert "部门调整" in as_role(Role.CITY_ADMIN).get("/audit?subject=organisations:").text


def test_an_invitation_that_was_ended_binds_nobody(
    as_role: As, town: Town, backend: Backend
) -> None:
    bureau, now = town.organisation.bureau, backend.clock.now()
    with backend.engine.begin() as db:
        code = create_invitation(
            db,
            institution_id=bureau,
            department_id=town.organisation.office,
            ttl=timedelta(days=1),
            max_uses=5,
            now=now,
            actor_id=None,
        )
        (invitation,) = invitations_of(db, institution_id=bureau, limit=5)
    admin = as_role(Role.INSTITUTION_ADMIN)
    path = f"/institutions/{bureau}/invitations/{invitation.id}/revoke"
    assert path in admin.get(f"/institutions/{bureau}").text
    assert "共可用 5 次" in admin.get(path).text
    answer = admin.post(path)
    page = admin.get(answer.location).text
    assert "邀请码已作废" in page
    assert path not in page
    assert "无需重复操作" in admin.get(path).text
    with backend.engine.begin() as db, pytest.raises(InvitationInvalidError):
        bind_by_invitation(db, member_id=town.citizen, code=code, now=now)
    elsewhere = f"/institutions/{town.organisation.school}/invitations/{invitation.id}/revoke"
    assert as_role(Role.CITY_ADMIN).post(elsewhere).status_code == 404
