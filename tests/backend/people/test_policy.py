"""Phones, codes and staff numbers."""

import pytest

from backend.people.policy import (
    PhoneError,
    checked_phone,
    code_digest,
    invitation_digest,
    new_invitation_code,
    new_token,
    normalised_staff_number,
    phone_hash,
    phone_mask,
)
from backend.ports.keys import KeyRing

KEYS = KeyRing("a secret of the tests, 32 characters")


@pytest.mark.parametrize(
    "raw",
    [
        "13812345678",
        " 138 1234 5678 ",
        "138-1234-5678",
        "+86 13812345678",
        "8613812345678",
        "0086-13812345678",
        "１３８１２３４５６７８",
        "+8613812345678",
    ],
)
def test_a_phone_has_one_spelling(raw: str) -> None:
    assert checked_phone(raw) == "13812345678"


@pytest.mark.parametrize(
    "raw",
    ["", "1381234567", "138123456789", "12812345678", "0571-88888888", "1381234567x", "١" * 11],
)
def test_what_is_no_mainland_mobile_is_refused(raw: str) -> None:
    with pytest.raises(PhoneError) as refusal:
        checked_phone(raw, field="mobile")
    assert [field.field for field in refusal.value.fields] == ["mobile"]


def test_a_hash_needs_the_secret() -> None:
    other = KeyRing("another secret of the tests, 32 chars")
    assert phone_hash(KEYS, "13812345678") == phone_hash(KEYS, "13812345678")
    assert phone_hash(KEYS, "13812345678") != phone_hash(KEYS, "13812345679")
    assert phone_hash(KEYS, "13812345678") != phone_hash(other, "13812345678")
    assert len(phone_hash(KEYS, "13812345678")) == 32


def test_a_mask_hides_the_middle() -> None:
    assert phone_mask("13812345678") == "138****5678"


def test_invitations_are_typed_freely() -> None:
    code = new_invitation_code()
    assert len(code.replace("-", "")) == 12
    assert not set(code) & set("01ILO")
    for spelt in (code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        assert invitation_digest(spelt) == invitation_digest(code)


def test_tokens_are_long_and_differ() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)
    assert len({code_digest(token) for token in tokens}) == 100


def test_a_digest_takes_whatever_a_client_sends() -> None:
    assert len(code_digest("\ud800\x00")) == 32


@pytest.mark.parametrize(
    "raw, number", [(" a0012 ", "A0012"), ("ＡＢ１２", "AB12"), ("00 17", "0017")]
)
def test_staff_numbers_keep_their_zeros(raw: str, number: str) -> None:
    assert normalised_staff_number(raw) == number
