"""Redeeming, giving and entering draws on the phone pages."""

import io
import re
from collections.abc import Callable
from datetime import date, timedelta

import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.draws import service as draws
from backend.ledger import jobs, spending
from backend.offers.models import OfferState
from backend.organisations.queries import Scope
from backend.outbox import service as outbox
from backend.rewards import queries, service
from backend.rewards.codes import redemption_code
from tests.builders.points import earn
from tests.builders.rewards import a_cause, a_draw, a_reward
from tests.builders.scene import Scene


@pytest.fixture
def reward(backend: Backend, scene: Scene) -> int:
    """A reward for 10 points; the first member has 25 points and 5 g."""
    with backend.engine.begin() as db:
        earn(db, scene.members[0], points_mpt=25_000, reduction_mg=5_000)
        return a_reward(db, scene.institution_id, backend.clock.now(), member_limit=5)


def reference_on(page: str) -> str:
    found = re.search(r'name="reference" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def redeemed(member: FlaskClient, reward: int, quantity: str = "2") -> str:
    page = member.get(f"/rewards/{reward}").text
    form = {"reference": reference_on(page), "quantity": quantity}
    answer = member.post(f"/rewards/{reward}", data=form)
    assert answer.status_code == 303
    again = member.post(f"/rewards/{reward}", data=form)
    assert again.location == answer.location
    return str(answer.location)


def test_a_reward_is_chosen_redeemed_and_shown(member: FlaskClient, reward: int) -> None:
    assert "环保布袋" in member.get("/rewards").text
    page = member.get(f"/rewards/{reward}").text
    assert "每人每月最多 5 件" in page
    assert [int(n) for n in re.findall(r'<option value="(\d+)"', page)] == [1, 2]
    where = redeemed(member, reward)
    shown = member.get(where).text
    assert "待领取" in shown
    assert "<svg" in shown
    assert "<svg" in member.get(f"{where}/code").text
    assert "环保布袋" in member.get("/me/redemptions").text
    statement = member.get("/me/points").text
    assert "兑换，积分冻结" in statement
    assert "余 5 分" in statement
    short = member.get(f"/rewards/{reward}").text
    assert "还差 5 分" in short


def test_a_redemption_is_given_back_by_its_page(member: FlaskClient, reward: int) -> None:
    where = redeemed(member, reward)
    assert member.post(where).location == where
    assert "您已取消" in member.get(where).text
    assert "<svg" not in member.get(f"{where}/code").text
    assert "25 分" in member.get("/rewards").text


def test_what_was_collected_meanwhile_is_told(
    member: FlaskClient, reward: int, backend: Backend, scene: Scene
) -> None:
    where = redeemed(member, reward)
    with backend.engine.begin() as db:
        found = queries.redemptions_in(db, scope=Scope(everything=True), limit=1)[0]
        code = redemption_code(backend.keys, found.id, backend.clock.now())
        service.fulfil(
            db,
            backend.keys,
            code,
            scope=Scope(everything=True),
            actor_id=scene.members[1],
            now=backend.clock.now(),
        )
    late = member.post(where)
    assert late.status_code == 409
    assert "已经领取" in late.text


def test_others_redemptions_do_not_exist(
    member: FlaskClient, log_in: Callable[[int], FlaskClient], scene: Scene, reward: int
) -> None:
    where = redeemed(member, reward)
    stranger = log_in(scene.members[1])
    for answer in (stranger.get(where), stranger.get(f"{where}/code"), stranger.post(where)):
        assert answer.status_code == 404


def test_a_refused_redemption_says_why_and_takes_nothing(
    member: FlaskClient, reward: int, stored: Connection
) -> None:
    answer = member.post(f"/rewards/{reward}", data={"reference": "page-0001", "quantity": "9"})
    assert answer.status_code == 409
    assert "没有兑换" in answer.text
    assert "每月" in answer.text
    assert stored.scalar(text("SELECT count(*) FROM redemption")) == 0
    assert member.get("/rewards/999999").status_code == 404


def test_a_reward_in_preparation_does_not_exist_and_a_closed_one_says_so(
    member: FlaskClient, reward: int, backend: Backend, scene: Scene, stored: Connection
) -> None:
    now = backend.clock.now()
    with backend.engine.begin() as db:
        draft = a_reward(db, scene.institution_id, now, state=OfferState.DRAFT)
        closed = a_reward(db, scene.institution_id, now, state=OfferState.CLOSED)
        coming = a_reward(db, scene.institution_id, now, available_from=date(2027, 1, 1))
    form = {"reference": "page-0001", "quantity": "1"}
    assert member.get(f"/rewards/{draft}").status_code == 404
    assert member.post(f"/rewards/{draft}", data=form).status_code == 404
    for each in (closed, coming):
        page = member.get(f"/rewards/{each}")
        assert page.status_code == 200
        assert "目前没有开放" in page.text
        assert "确认兑换" not in page.text
        assert member.post(f"/rewards/{each}", data=form).status_code == 409
    assert "确认兑换" in member.get(f"/rewards/{reward}").text
    assert stored.scalar(text("SELECT count(*) FROM redemption")) == 0


REFERENCES = ("", "x", "短短短短短短短短", "a" * 65, "with a blank", "page-0001\0", "page-0001\n")


@pytest.mark.parametrize("reference", REFERENCES)
def test_nothing_is_ordered_under_what_is_no_reference(
    member: FlaskClient,
    reward: int,
    backend: Backend,
    scene: Scene,
    stored: Connection,
    reference: str,
) -> None:
    with backend.engine.begin() as db:
        cause = a_cause(db, scene.institution_id, backend.clock.now())
    for path, form in (
        (f"/rewards/{reward}", {"quantity": "1"}),
        (f"/causes/{cause}", {"unit": "mpt", "amount": "1"}),
    ):
        answer = member.post(path, data={"reference": reference, **form})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    for table in ("redemption", "donation"):
        assert stored.scalar(text(f"SELECT count(*) FROM {table}")) == 0


@pytest.mark.parametrize("quantity", ["", "0", "-1", "11", "99", "100", "1.5", "x", "１", "²"])
def test_a_quantity_that_was_not_offered_is_refused(
    member: FlaskClient, reward: int, stored: Connection, quantity: str
) -> None:
    form = {"reference": "page-0001", "quantity": quantity}
    answer = member.post(f"/rewards/{reward}", data=form)
    assert answer.status_code == 422
    assert "1 到 10 件" in answer.text
    assert stored.scalar(text("SELECT count(*) FROM redemption")) == 0


def test_points_that_end_soon_are_told(
    member: FlaskClient, backend: Backend, scene: Scene, clock: FixedClock
) -> None:
    with backend.engine.begin() as db:
        earn(db, scene.members[0], points_mpt=3_000, on=date(2025, 11, 20))
        jobs.give_notice(db, {}, today=date(2026, 11, 18))
        for message in outbox.take_waiting(db, kind=jobs.GIVE_NOTICE, limit=500):
            jobs.give_notice(db, message.payload, today=date(2026, 11, 18))
    for path in ("/me", "/me/points"):
        assert "3 分</strong>将于 2026年11月30日到期" in member.get(path).text
    clock.instant += timedelta(days=13)
    with backend.engine.begin() as db:
        spending.expire(db, month=date(2026, 11, 1), after=0, limit=9, on=date(2026, 12, 1))
    assert "到期清零" in member.get("/me/points").text


def test_a_gift_leads_to_a_certificate_anybody_can_confirm(
    member: FlaskClient, client: FlaskClient, reward: int, backend: Backend, scene: Scene
) -> None:
    assert reward
    with backend.engine.begin() as db:
        cause = a_cause(db, scene.institution_id, backend.clock.now())
    page = member.get(f"/causes/{cause}").text
    form = {"reference": reference_on(page), "unit": "mpt", "amount": "5"}
    answer = member.post(f"/causes/{cause}", data=form)
    assert answer.status_code == 303
    shown = member.get(str(answer.location)).text
    number = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", shown)
    assert number is not None
    public = client.get(f"/certificates/{number[0]}").text
    assert "证书真实有效" in public
    assert "成**" in public
    assert "成员1" not in public
    looked_up = client.get("/certificates", query_string={"number": number[0].lower()})
    assert looked_up.location == f"/certificates/{number[0]}"
    assert client.get("/certificates/AAAA-AAAA-AAAA").status_code == 404
    assert "三组各四位" in client.get("/certificates?number=1").text
    pdf = member.get(f"{answer.location}/certificate.pdf")
    assert pdf.mimetype == "application/pdf"
    _confirm(pdf.data, number[0])
    assert "西溪湿地护鸟" in member.get("/me/donations").text
    assert "1 笔" in member.get("/causes").text


def _confirm(pdf: bytes, number: str) -> None:
    """The certificate names who gave what, and its code leads to its confirmation."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    page = document[0]
    words = page.get_textpage().get_text_range()
    for wanted in ("捐赠证书", "成员1", "5 积分", "西溪湿地护鸟", "杭州市示范局", number):
        assert wanted in words
    (code,) = zxingcpp.read_barcodes(page.render(scale=3).to_pil())
    assert code.text == f"http://127.0.0.1:8000/certificates/{number}"
    document.close()


def test_a_wrong_gift_is_told_beside_the_form(
    member: FlaskClient, reward: int, backend: Backend, scene: Scene
) -> None:
    assert reward
    with backend.engine.begin() as db:
        cause = a_cause(db, scene.institution_id, backend.clock.now())
    for amount in ("", "0", "-1", "1.5", "９", "99999999999", "26"):
        form = {"reference": "page-00001", "unit": "mpt", "amount": amount}
        answer = member.post(f"/causes/{cause}", data=form)
        assert answer.status_code in {409, 422}, amount
        assert "没有捐出" in answer.text


def test_a_draw_is_entered_and_can_be_rechecked_by_anybody(
    member: FlaskClient, client: FlaskClient, reward: int, backend: Backend, scene: Scene
) -> None:
    assert reward
    now = backend.clock.now()
    with backend.engine.begin() as db:
        draw = a_draw(db, backend.keys, scene.institution_id, now)
        dear = a_draw(db, backend.keys, scene.institution_id, now, threshold=30_000)
    assert "十一月绿色达人抽奖" in member.get("/draws").text
    assert "还差 5 分" in member.get(f"/draws/{dear}").text
    refused = member.post(f"/draws/{dear}")
    assert (refused.status_code, "没有报上名" in refused.text) == (409, True)
    assert member.post(f"/draws/{draw}").status_code == 303
    ticket = re.search(r"抽奖号：<strong>([2-9A-Z-]{19})", member.get(f"/draws/{draw}").text)
    assert ticket is not None
    before = client.get(f"/draws/{draw}").text
    assert ticket[1] not in before
    assert "截止后公布" in before
    with backend.engine.begin() as db:
        for _ in range(2):
            draws.advance(db, backend.keys, now=now + timedelta(days=2))
    assert "恭喜您中奖了" in member.get(f"/draws/{draw}").text
    public = client.get(f"/draws/{draw}").text
    assert ticket[1] in public
    published = client.get(f"/draws/{draw}/draw.json").get_json()
    module: dict[str, object] = {"__name__": "recheck"}
    exec(client.get("/draws/recheck.py").text, module)  # noqa: S102 - the script as it is handed out
    faults = module["faults"]
    assert callable(faults)
    assert faults(published) == []
    assert "没有人报名" in client.get(f"/draws/{dear}").text
