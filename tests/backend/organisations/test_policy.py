"""统一社会信用代码 and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import InvalidInputError
from backend.organisations.policy import (
    CreditCodeError,
    checked_credit_code,
    checked_name,
    credit_code_check_character,
)

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Codes as public registers print them: three companies and Zhejiang University.
REAL = (
    "9144030071526726XG",
    "91330100799655058B",
    "914403001922038216",
    "12100000470095016Q",
)


@pytest.mark.parametrize("code", REAL)
def test_codes_of_real_registers_hold(code: str) -> None:
    assert checked_credit_code(code) == code
    assert credit_code_check_character(code[:17]) == code[17]


@pytest.mark.parametrize(
    "raw", [" 9144 0300 7152 6726 xg ", "９１４４０３００７１５２６７２６ＸＧ"]
)
def test_blanks_case_and_full_width_are_forgiven(raw: str) -> None:
    assert checked_credit_code(raw) == "9144030071526726XG"


@given(
    st.tuples(
        st.sampled_from(("11", "12", "13", "34", "51", "52", "81", "91", "93", "A1", "N3", "Y1")),
        st.text("0123456789", min_size=6, max_size=6),
        st.text(ALPHABET, min_size=9, max_size=9),
    ),
    st.integers(0, 17),
    st.sampled_from(ALPHABET),
)
def test_every_single_wrong_character_is_caught(
    parts: tuple[str, str, str], place: int, other: str
) -> None:
    body = "".join(parts)
    code = body + credit_code_check_character(body)
    assert checked_credit_code(code) == code
    wrong = code[:place] + other + code[place + 1 :]
    if wrong != code:
        with pytest.raises(CreditCodeError):
            checked_credit_code(wrong)


@given(st.text("0123456789", min_size=6, max_size=6), st.text(ALPHABET, min_size=9, max_size=9))
def test_swapped_neighbours_are_caught(region: str, rest: str) -> None:
    body = "12" + region + rest
    code = body + credit_code_check_character(body)
    for place in range(17):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        if swapped != code:
            with pytest.raises(CreditCodeError):
                checked_credit_code(swapped)


@pytest.mark.parametrize(
    "raw, said",
    [
        ("", "18位"),
        ("9144030071526726X", "17位"),
        ("9I44030071526726XG", "I、O、S、V、Z"),
        ("9144O30071526726XG", "第3至8位"),
        ("9144030071526726XH", "校验位"),
        ("1812345678901234XX", "不会以 18 开头"),
        ("B112345678901234XX", "不会以 B1 开头"),
        ("330106198001011235", "身份证"),
    ],
)
def test_the_sentence_says_what_is_wrong(raw: str, said: str) -> None:
    with pytest.raises(CreditCodeError) as refusal:
        checked_credit_code(raw, field="code")
    assert said in refusal.value.message
    assert [field.field for field in refusal.value.fields] == ["code"]


@pytest.mark.parametrize("raw", ["", "  ", "办公室/文印科", "x" * 101, "a\x00b", "a\nb"])
def test_names_that_no_path_can_hold_are_refused(raw: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_name(raw)


def test_names_lose_outer_blanks() -> None:
    assert checked_name("  办公室 ") == "办公室"
