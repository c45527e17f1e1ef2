import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from backend.ports.keys import ROTATING_CODE, SESSION_KEY, KeyRing, SealBrokenError

RING = KeyRing("s" * 32)


def test_key_is_hkdf_sha256_of_purpose_and_context() -> None:
    expected = HKDF(
        algorithm=SHA256(), length=32, salt=b"tanpuhui/keys/1", info=b"rotating-code\0\x07"
    ).derive(b"s" * 32)
    assert RING.key(ROTATING_CODE, b"\x07") == expected


def test_keys_differ_by_purpose_context_and_secret() -> None:
    keys = {
        RING.key(ROTATING_CODE),
        RING.key(SESSION_KEY),
        RING.key(ROTATING_CODE, b"1"),
        RING.key(ROTATING_CODE, b"2"),
        KeyRing("t" * 32).key(ROTATING_CODE),
    }
    assert len(keys) == 5


def test_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        KeyRing("s" * 31)


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_sealed_bytes_open_with_the_same_context_only(plaintext: bytes, context: bytes) -> None:
    sealed = RING.seal(SESSION_KEY, plaintext, context)
    assert RING.unseal(SESSION_KEY, sealed, context) == plaintext
    with pytest.raises(SealBrokenError):
        RING.unseal(SESSION_KEY, sealed, context + b"x")
    with pytest.raises(SealBrokenError):
        RING.unseal(ROTATING_CODE, sealed, context)


def test_every_changed_byte_breaks_the_seal() -> None:
    sealed = RING.seal(SESSION_KEY, b"session key")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBrokenError):
            RING.unseal(SESSION_KEY, bytes(changed))


@pytest.mark.parametrize("length", range(33))
def test_truncated_bytes_break_the_seal(length: int) -> None:
    sealed = RING.seal(SESSION_KEY, b"session key")
    with pytest.raises(SealBrokenError):
        RING.unseal(SESSION_KEY, sealed[: min(length, len(sealed) - 1)])


def test_another_secret_is_named_as_the_reason() -> None:
    sealed = KeyRing("t" * 32).seal(SESSION_KEY, b"session key")
    with pytest.raises(SealBrokenError, match="another installation secret"):
        RING.unseal(SESSION_KEY, sealed)
