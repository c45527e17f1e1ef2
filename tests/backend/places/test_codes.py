"""Printed and rotating codes: what is accepted, and that nothing else ever is."""

import random
import string
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.places.codes import (
    CodeError,
    CodeExpiredError,
    CodeForgedError,
    CodeUnreadableError,
    PrintedCode,
    RotatingCode,
    new_key,
    parse,
    place_code,
    place_key,
    printed_url,
    rotating_code,
    rotating_url,
    step_at,
    verify_rotating,
)
from backend.places.models import PlaceKind
from backend.ports.keys import KeyRing

KEYS = KeyRing("a secret of the tests, 32 characters")
PLACE = 1234
KEY = place_key(KEYS, PLACE)
STEP_START = datetime(2026, 11, 18, 2, 0, 0, tzinfo=UTC)
ALPHABET = string.ascii_letters + string.digits + "-_"


def accept(text: str, at: datetime) -> int:
    """Reads and verifies as the service does; returns the place."""
    code = parse(text)
    assert isinstance(code, RotatingCode)
    verify_rotating(place_key(KEYS, code.place_id), code, at)
    return code.place_id


def test_rotating_code_is_22_characters_that_name_place_and_step() -> None:
    text = rotating_code(KEY, PLACE, STEP_START)
    assert len(text) == 22
    code = parse(text)
    assert isinstance(code, RotatingCode)
    assert (code.place_id, code.step, len(code.tag)) == (PLACE, 59_832_240, 8)


@pytest.mark.parametrize("position", range(22))
def test_every_changed_character_is_refused(position: int) -> None:
    text = rotating_code(KEY, PLACE, STEP_START)
    for character in ALPHABET.replace(text[position], ""):
        changed = text[:position] + character + text[position + 1 :]
        with pytest.raises(CodeForgedError):
            accept(changed, STEP_START)


@pytest.mark.parametrize(
    "seconds, accepted",
    [
        (-31, False),
        (-30, True),
        (-1, True),
        (0, True),
        (29, True),
        (60, True),
        (89, True),
        (90, False),
        (86_400, False),
    ],
)
def test_code_lives_from_a_step_early_to_ninety_seconds(seconds: int, *, accepted: bool) -> None:
    text = rotating_code(KEY, PLACE, STEP_START)
    at = STEP_START + timedelta(seconds=seconds)
    if accepted:
        assert accept(text, at) == PLACE
    else:
        with pytest.raises(CodeExpiredError):
            accept(text, at)


def test_old_and_early_codes_say_different_things() -> None:
    text = rotating_code(KEY, PLACE, STEP_START)
    with pytest.raises(CodeExpiredError, match="屏幕上最新的二维码"):
        accept(text, STEP_START + timedelta(days=1))
    with pytest.raises(CodeExpiredError, match="管理员校准"):
        accept(text, STEP_START - timedelta(days=1))


def test_another_places_key_and_another_installation_are_refused() -> None:
    for key in (place_key(KEYS, PLACE + 1), place_key(KeyRing("b" * 32), PLACE)):
        with pytest.raises(CodeForgedError):
            accept(rotating_code(key, PLACE, STEP_START), STEP_START)


def test_ten_thousand_forged_codes_none_accepted() -> None:
    chance = random.Random(20261118)  # noqa: S311 - a forger's guesses, repeatable
    genuine = rotating_code(KEY, PLACE, STEP_START)
    refused = 0
    for _ in range(10_000):
        guess = genuine[:11] + "".join(chance.choices(ALPHABET, k=11))
        try:
            accept(guess, STEP_START)
        except CodeForgedError:
            refused += 1
    assert refused == 10_000


def test_verifying_takes_under_a_millisecond() -> None:
    code = parse(rotating_code(KEY, PLACE, STEP_START))
    assert isinstance(code, RotatingCode)
    best = min(_seconds_of_100(code) for _ in range(5)) / 100
    assert best < 0.001


def _seconds_of_100(code: RotatingCode) -> float:
    start = time.process_time()
    for _ in range(100):
        verify_rotating(place_key(KEYS, code.place_id), code, STEP_START)
    return time.process_time() - start


def test_naive_instants_are_refused() -> None:
    with pytest.raises(TypeError):
        step_at(datetime(2026, 11, 18))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    "kind, code",
    [
        (PlaceKind.RECYCLING_POINT, "R0001234"),
        (PlaceKind.CANTEEN, "C0001234"),
        (PlaceKind.STAIRWELL, "S0001234"),
        (PlaceKind.VENUE, "V0001234"),
    ],
)
def test_public_code_begins_with_the_kinds_letter(kind: PlaceKind, code: str) -> None:
    assert place_code(kind, 1234) == code
    assert parse(f"{code}?k=ABCDEFG234") == PrintedCode(code, "ABCDEFG234")


@pytest.mark.parametrize(
    "text",
    [
        "R0001234?k=ABCDEFG234",
        " R0001234?k=ABCDEFG234\n",
        "r0001234?k=abcdefg234",
        "https://tan.example.gov.cn/p/R0001234?k=ABCDEFG234",
        "HTTP://127.0.0.1:8000/p/R0001234?k=ABCDEFG234",
        "https%3A%2F%2Ftan.example.gov.cn%2Fp%2FR0001234%3Fk%3DABCDEFG234",
        "https%253A%252F%252Ftan.example.gov.cn%252Fp%252FR0001234%253Fk%253DABCDEFG234",
        "https://tan.example.gov.cn/p/R0001234?k=ABCDEFG234&from=singlemessage#wechat_redirect",
        "https://tan.example.gov.cn/p/R0001234?from=timeline&isappinstalled=0&k=ABCDEFG234",
        "https%3A%2F%2Fh%2Fp%2FR0001234%3Fk%3DABCDEFG234%26from%3Dtimeline%23wechat_redirect",
        "https://h/p/R0001234/?k=ABCDEFG234",
        "\u202ahttps://h/p/R0001234\u200b?k=ABCDEFG234\u202c",
        "Ｒ０００１２３４？ｋ＝ＡＢＣＤＥＦＧ２３４",
    ],
)
def test_printed_forms(text: str) -> None:
    assert parse(text) == PrintedCode("R0001234", "ABCDEFG234")


def test_urls_are_read_back() -> None:
    printed = PrintedCode("R0001234", new_key())
    assert parse(printed_url("https://tan.example.gov.cn", printed)) == printed
    text = rotating_code(KEY, PLACE, STEP_START)
    url = rotating_url("https://tan.example.gov.cn", text)
    for shared in (url, quote(url, safe=""), f"{url}?from=groupmessage#wechat_redirect"):
        assert parse(shared) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "R0001234",
        "R0001234?k=",
        "R0001234?k=ABCDEFG23",
        "R0001234?k=ABCDEFG2345",
        "R0001234?k=ABCDEFG23!",
        "R0001234?k=ABCDEFG231",
        "R000123?k=ABCDEFG234",
        "X0001234?k=ABCDEFG234",
        "R٠001234?k=ABCDEFG234",
        "R0001234?k=ABCDEFG234&k=x",
        "ftp://h/p/R0001234?k=ABCDEFG234",
        "https://h/q/R0001234?k=ABCDEFG234",
        "https://h/p/p/R0001234?k=ABCDEFG234",
        "https:///p/R0001234?k=ABCDEFG234",
        "A" * 21,
        "A" * 23,
        "A" * 21 + "=",
        "https://weixin.qq.com/r/abcdef",
        "垃圾分类",
        "x" * 100_000,
        "\ud800" * 22,
    ],
)
def test_everything_else_is_unreadable(text: str) -> None:
    with pytest.raises(CodeUnreadableError, match="请扫描"):
        parse(text)


@given(
    st.one_of(
        st.text(),
        st.text(ALPHABET, min_size=22, max_size=22),
        st.from_regex(r"(https?://[a-z.:0-9]*/p/)?[RCSV]?[0-9]{0,8}(\?k=[A-Z2-7]{0,11})?"),
        st.text(st.characters(codec=None, categories=None)),
    )
)
def test_parsing_raises_nothing_but_its_own_errors(text: str) -> None:
    refused: CodeError | None = None
    code: PrintedCode | RotatingCode | None = None
    try:
        code = parse(text)
    except CodeError as error:
        refused = error
    assert (code is None) != (refused is None)
    assert refused is None or refused.fields[0].field == "code"


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_every_place_and_step_reads_back(place_id: int, step: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=30 * step)
    code = parse(rotating_code(place_key(KEYS, place_id), place_id, at))
    assert isinstance(code, RotatingCode)
    assert (code.place_id, code.step) == (place_id, step)
    verify_rotating(place_key(KEYS, place_id), code, at)


def test_keys_are_random_base32() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert set("".join(keys)) == set(string.ascii_uppercase + "234567")


def test_keys_and_tags_stay_out_of_repr() -> None:
    assert "ABCDEFG234" not in repr(PrintedCode("R0001234", "ABCDEFG234"))
    assert "secret" not in repr(RotatingCode(1, 2, b"secret!!"))
