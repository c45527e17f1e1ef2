"""我的碳足迹: from the questions to the range, without JavaScript."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from tests.builders.scene import Scene

PATH = "/me/footprint"


def test_the_range_is_shown_before_and_after_the_questions_are_answered(
    member: FlaskClient,
) -> None:
    before = member.get(PATH).text
    for told in ("只有您自己能看到", "18 个问题答了 0 个", "出行", "居家用能", "回答问题"):
        assert told in before
    form = member.get(f"{PATH}/answers").text
    assert "乘坐私家车的里程" in form
    answers = {"answer-car_km": "100", "answer-car_type": "hybrid", "answer-taxi_km": ""}
    answer = member.post(f"{PATH}/answers", data={**answers, "counted": "1"})
    assert (answer.status_code, answer.location) == (303, PATH)
    after = member.get(PATH).text
    for told in ("18 个问题答了 2 个", "修改答案", "不满 5 人", "撤回我的答案"):
        assert told in after
    again = member.get(f"{PATH}/answers").text
    assert 'name="answer-car_km"' in again
    assert 'value="100"' in again
    assert re.search(r'value="hybrid" checked', again)
    assert re.search(r'name="counted" value="1" checked', again)


def test_what_is_wrong_is_told_beside_its_question(member: FlaskClient, stored: Connection) -> None:
    wrong = {"answer-car_km": "很多", "answer-metro_km": "50"}
    answer = member.post(f"{PATH}/answers", data=wrong)
    assert answer.status_code == 422
    fault = re.search(r'id="answer-car_km-fault-1">([^<]+)<', answer.text)
    assert fault is not None
    assert "半角数字" in fault[1]
    assert 'value="50"' in answer.text
    assert stored.scalar(text("SELECT count(*) FROM footprint_answers")) == 0


def test_the_median_shows_from_five_on_and_leaves_with_its_answers(
    scene: Scene, log_in: Callable[[int], FlaskClient], stored: Connection
) -> None:
    browsers = [log_in(member_id) for member_id in scene.members[:5]]
    for browser in browsers:
        browser.post(f"{PATH}/answers", data={"answer-car_km": "100", "counted": "1"})
    assert "接近本单位 5 人的中位数" in browsers[0].get(PATH).text
    assert browsers[4].post(f"{PATH}/answers/withdrawal").status_code == 303
    assert "本单位同意计入的不满 5 人" in browsers[0].get(PATH).text
    assert stored.scalar(text("SELECT count(*) FROM footprint_answers")) == 4


def test_the_pages_want_a_login(client: FlaskClient) -> None:
    for path in (PATH, f"{PATH}/answers"):
        assert client.get(path).status_code == 401
