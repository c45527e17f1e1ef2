import re
from collections.abc import Callable
from decimal import Decimal

from flask.testing import FlaskClient
from redis import Redis

from backend.people.models import Role
from tests.builders.town import Town

HTMX = {"HX-Request": "true"}


def _lines(page: str) -> list[tuple[str, str, str]]:
    """Rank, name and score of each line."""
    found = re.findall(
        r'class="rank">(\d+)(?:<[^>]*>并列</span>)?</td>\s*<th scope="row">(?:<a[^>]*>)?([^<]*)<.*?'
        r"<strong>([^<]*)</strong>",
        page,
        re.DOTALL,
    )
    return [(rank, name.strip(), score) for rank, name, score in found]


def _poll(page: str) -> str:
    (address,) = re.findall(r'hx-get="([^"]*)"', page)
    return str(address).replace("&amp;", "&")


def test_a_drop_off_moves_the_board_that_is_open(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0], material="paper", mass="1")
    page = admin.get("/rankings").text
    assert [name for _, name, _ in _lines(page)] == ["市事务局 · 办公室", "市事务局 · 财务处"]
    assert admin.get(_poll(page), headers=HTMX).status_code == 204
    for member in town.staff[6:9]:
        drop_off(town.bureau_point, member, material="paper", mass="1")
    moved = admin.get(_poll(page), headers=HTMX)
    assert moved.status_code == 200
    assert "<html" not in moved.text
    assert [name for _, name, _ in _lines(moved.text)] == ["市事务局 · 财务处", "市事务局 · 办公室"]
    assert admin.get(_poll(moved.text), headers=HTMX).status_code == 204


def test_equal_scores_share_a_rank_and_say_so(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int]
) -> None:
    for member in (town.staff[0], town.staff[6]):
        drop_off(town.bureau_point, member, material="paper", mass="1")
    page = admin.get("/rankings?measure=total").text
    (first, second) = _lines(page)
    assert first[0] == second[0] == "1"
    assert first[2] == second[2]
    assert page.count(">并列<") == 2


def test_small_departments_join_the_one_above_and_are_not_named(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[12])
    page = admin.get("/rankings").text
    assert "文印科" not in page
    assert "含并入的 1 人" in page
    assert "1/7" in page


def test_the_measure_and_its_formula(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0], material="paper", mass="1")
    per_head, total = (
        admin.get(f"/rankings?measure={measure}").text for measure in ("per_head", "total")
    )
    assert "公式：活力指数" in admin.get("/rankings").text
    assert "公式：人均积分 ＝" in per_head
    assert "公式：总积分 ＝" in total
    earned, shared = (float(_lines(page)[0][2]) for page in (total, per_head))
    assert shared == int(earned * 1000 / 7) / 1000
    assert "数据时间" in per_head


def test_a_search_keeps_the_ranks_of_the_whole_board(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    found = _lines(admin.get("/rankings?q=财务&measure=total").text)
    assert found == [("2", "市事务局 · 财务处", "0")]
    assert "没有名称含“保卫”的部门" in admin.get("/rankings?q=保卫").text


def test_boards_and_seasons(admin: FlaskClient, town: Town, drop_off: Callable[..., int]) -> None:
    drop_off(town.bureau_point, town.staff[0])
    assert _lines(admin.get("/rankings?board=institutions").text)[0][1] == "市事务局"
    assert _lines(admin.get("/rankings?board=districts").text)[0][1] == "西湖区"
    october = admin.get("/rankings?season=2026-10").text
    assert (_lines(october), "刚开始" in october) == ([], True)
    for query in (
        "season=2026-13",
        "season=2026-12",
        "board=planets",
        "measure=loudness",
        "page=0",
    ):
        assert admin.get(f"/rankings?{query}").status_code == 422


def test_a_line_opens_every_number_of_its_index(
    as_role: Callable[[Role], FlaskClient], town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0], material="paper", mass="1")
    manager = as_role(Role.DEPARTMENT_MANAGER)
    (address,) = re.findall(
        r'href="(/rankings/why[^"]*)">市事务局 · 办公室', manager.get("/rankings").text
    )
    page = manager.get(address.replace("&amp;", "&")).text
    assert "7 人（含 6 位没有记录的，按 0 计）" in page
    told = {name: Decimal(value) for name, value in re.findall(r'data-(\w+)="([0-9.]+)"', page)}
    swing = (told["tau2"] + told["sigma2"] / told["people"]).sqrt()
    again = 100 + 15 * (told["mean"] - told["mu"]) / swing
    assert abs(min(max(again, Decimal(40)), Decimal(160)) - told["index"]) < Decimal("1e-6")
    assert manager.get("/rankings/why?board=institutions&subject=1").status_code == 404
    assert manager.get("/rankings/why?subject=999").status_code == 404


def test_managers_see_their_own_units_boards(
    as_role: Callable[[Role], FlaskClient], town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    manager = as_role(Role.DEPARTMENT_MANAGER)
    page = manager.get("/rankings").text
    assert {name for _, name, _ in _lines(page)} == {"市事务局 · 办公室", "市事务局 · 财务处"}
    assert "名次只在您的管理范围内比较" in page
    assert manager.get("/rankings?board=institutions").status_code == 403
    assert as_role(Role.DISTRICT_MANAGER).get("/rankings?board=institutions").status_code == 200
    assert as_role(Role.DISTRICT_MANAGER).get("/rankings?board=districts").status_code == 403


def test_a_board_survives_the_loss_of_redis(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int], redis: Redis
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    before = _lines(admin.get("/rankings").text)
    redis.flushall()
    assert _lines(admin.get("/rankings").text) == before


def test_bars_are_drawn_without_inline_styles(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    page = admin.get("/rankings?measure=total").text
    assert re.findall(r'<rect width="(\d+)"', page)[:2] == ["100", "100"]
    assert "style=" not in page
