"""The statement, entry by entry: what each is about, and the receipt that proves it."""

import json
import re
from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.donations import service as donations
from backend.donations.service import GiftOrder
from backend.ledger import spending
from backend.offers.policy import Person
from backend.organisations.queries import Scope
from backend.ports.signed_notes import VerifierKey
from backend.proofs import jobs
from backend.proofs.receipts import LedgerReceipt, verify
from backend.rewards import queries, service
from backend.rewards.codes import redemption_code
from backend.rewards.service import Order
from tests.builders.drop_offs import drop
from tests.builders.points import earn
from tests.builders.rewards import a_cause, a_reward
from tests.builders.scene import Scene

EVERYWHERE = Scope(everything=True)


@pytest.fixture
def book(backend: Backend, scene: Scene) -> dict[str, int]:
    """Entries of every kind of the first member, by kind; all in the tree."""
    now, member = backend.clock.now(), scene.members[0]
    person = Person(member, scene.institution_id)
    with backend.engine.begin() as db:
        earn(db, member, points_mpt=4_000, on=date(2025, 10, 20))
        earn(db, member, points_mpt=60_000, reduction_mg=5_000)
        reward = a_reward(db, scene.institution_id, now)
        cause = a_cause(db, scene.institution_id, now)
        spending.expire(db, month=date(2026, 10, 1), after=0, limit=9, on=date(2026, 11, 1))
        kept, _ = service.redeem(db, person, Order("redeem-0001", reward, 2), now=now)
        back, _ = service.redeem(db, person, Order("redeem-0002", reward, 1), now=now)
        service.cancel_own(db, member_id=member, redemption_id=back.id, now=now)
        code = redemption_code(backend.keys, kept.id, now)
        service.fulfil(db, backend.keys, code, scope=EVERYWHERE, actor_id=scene.members[1], now=now)
        order = GiftOrder("giving-0001", cause, "mg", 1_000)
        donations.donate(db, member_id=member, order=order, now=now)
        drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=member,
            code=scene.attended.url,
            now=now,
            mass="2",
        )
        found = queries.redemptions_of(db, member_id=member, before_id=None, limit=9)
    assert backend.signer is not None
    jobs.build(backend.engine.begin, backend.signer, backend.clock)
    return {
        "award": found[0].entry_id + 4,
        "expiry": 3,
        "redemption": found[1].entry_id,
        "cancellation": found[0].entry_id + 1,
        "fulfilment": found[0].entry_id + 2,
        "donation": found[0].entry_id + 3,
    }


def test_the_statement_is_found_and_leads_to_every_entry(
    member: FlaskClient, book: dict[str, int]
) -> None:
    assert 'href="/me/entries"' in member.get("/me").text
    assert 'href="/me/entries"' in member.get("/me/points").text
    page = member.get("/me/entries").text
    for entry in book.values():
        assert f'href="/me/entries/{entry}"' in page
    assert [int(n) for n in re.findall(r'href="/me/entries/(\d+)"', page)] == list(range(9, 0, -1))
    for told in ("余 40 分", "余 4 克", "－20 分", "－1 克", "到期清零", "余 59 分", "分类投放"):
        assert told in page


def test_the_statement_comes_page_by_page(
    member: FlaskClient, book: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert book
    monkeypatch.setattr("miniprogram_api.pages.entries._PAGE", 5)
    first = member.get("/me/entries").text
    cursor = first.partition("/me/entries?cursor=")[2].partition('"')[0]
    second = member.get(f"/me/entries?cursor={cursor}").text
    assert re.findall(r'href="/me/entries/(\d+)"', second) == ["4", "3", "2", "1"]
    assert "更早的收支" not in second
    assert "最近的收支" in second
    assert member.get("/me/entries?cursor=abc").status_code == 422


@pytest.mark.parametrize(
    "kind, amount, words, address",
    [
        ("award", "＋19 分", "看这次行为的回执", "/me/receipts/3"),
        ("expiry", "－4 分", "", ""),
        ("redemption", "－20 分", "看兑换：环保布袋", "/me/redemptions/1"),
        ("fulfilment", "0 分", "看兑换：环保布袋", "/me/redemptions/1"),
        ("cancellation", "＋10 分", "看兑换：环保布袋", "/me/redemptions/2"),
        ("donation", "－1 克", "看捐赠：西溪湿地护鸟", "/me/donations/1"),
    ],
)
def test_an_entry_says_what_it_is_about_and_gives_its_receipt(
    member: FlaskClient,
    client: FlaskClient,
    book: dict[str, int],
    kind: str,
    amount: str,
    words: str,
    address: str,
) -> None:
    entry = book[kind]
    page = member.get(f"/me/entries/{entry}").text
    assert f"<strong>{amount}</strong>" in page
    assert (f'href="{address}">{words}</a>' in page) == bool(words)
    assert ('">看' in page) == bool(words)
    assert f"第 {entry} 号" in page
    assert f'href="/me/entries/{entry}/receipt.json" download' in page
    file = member.get(f"/me/entries/{entry}/receipt.json").text
    (key,) = client.get("/api/v1/verifier-keys").get_json()["items"]
    proven = verify(LedgerReceipt.from_json(json.loads(file)), [VerifierKey.parse(key["key"])])
    assert (proven.entry.id, proven.entry.kind) == (entry, kind)


def test_redemptions_and_donations_link_the_receipts_of_their_entries(
    member: FlaskClient, book: dict[str, int]
) -> None:
    for page, kinds in (
        ("/me/redemptions/1", ("redemption", "fulfilment")),
        ("/me/redemptions/2", ("cancellation",)),
        ("/me/donations/1", ("donation",)),
    ):
        shown = member.get(page).text
        for kind in kinds:
            assert f"/me/entries/{book[kind]}/receipt.json" in shown, page


def test_an_entry_that_is_not_in_the_tree_yet_says_so(
    member: FlaskClient, backend: Backend, scene: Scene
) -> None:
    with backend.engine.begin() as db:
        earn(db, scene.members[0], points_mpt=1_000)
    page = member.get("/me/entries/1").text
    assert "等待封存" in page
    assert "receipt.json" not in page


def test_each_entry_leads_to_its_own_redemption_or_donation(
    member: FlaskClient, book: dict[str, int]
) -> None:
    for kind, address in (
        ("redemption", "/me/redemptions/1"),
        ("cancellation", "/me/redemptions/2"),
        ("donation", "/me/donations/1"),
    ):
        assert address in member.get(f"/me/entries/{book[kind]}").text


def test_others_entries_do_not_exist(
    client: FlaskClient,
    log_in: Callable[[int], FlaskClient],
    scene: Scene,
    book: dict[str, int],
) -> None:
    stranger = log_in(scene.members[1])
    for entry in (*book.values(), 0, 999_999, 2**63 - 1, 2**63, 10**30):
        for path in (f"/me/entries/{entry}", f"/me/entries/{entry}/receipt.json"):
            assert stranger.get(path).status_code == 404
            assert client.get(path).status_code in {401, 404}
    assert "还没有收支" in stranger.get("/me/entries").text
