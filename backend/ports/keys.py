"""Keys by purpose, all derived from the installation's one secret, and encryption at rest."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROTATING_CODE: Final = "rotating-code"
SCAN_TICKET: Final = "scan-ticket"
SESSION_KEY: Final = "session-key"
REDEMPTION_CODE: Final = "redemption-code"
DRAW_SEED: Final = "draw-seed"
_KEY_ID: Final = "key-id"
_FINGERPRINT: Final = "fingerprint"

_SALT: Final = b"tanpuhui/keys/1"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12


class SealBrokenError(Exception):
    """The sealed bytes were changed, belong to another purpose, or to another secret."""


class KeyRing:
    """Derives an independent 32-byte key for every purpose by HKDF-SHA256 (RFC 5869).

    Args:
        secret: the installation's secret, at least 32 characters.

    Raises:
        ValueError: the secret is shorter.
    """

    def __init__(self, secret: str) -> None:
        if len(secret) < 32:
            raise ValueError("the installation's secret needs at least 32 characters")
        self._secret = secret.encode()
        self._key_id = self.key(_KEY_ID)[:_KEY_ID_BYTES]

    @property
    def fingerprint(self) -> str:
        """What tells one secret from another, and nothing else of it."""
        return self.key(_FINGERPRINT).hex()

    def key(self, purpose: str, context: bytes = b"") -> bytes:
        """The key of a purpose.

        Args:
            purpose: one of this module's constants; different purposes share nothing.
            context: what within the purpose the key is for, such as a place's id.

        Returns:
            32 bytes, the same at every call.
        """
        info = purpose.encode() + b"\0" + context
        return HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=info).derive(self._secret)

    def seal(self, purpose: str, plaintext: bytes, context: bytes = b"") -> bytes:
        """Encrypts for storage by AES-256-GCM.

        Args:
            purpose: one of this module's constants.
            plaintext: what to hide.
            context: bound to the result: it opens only with the same context, so that a row's
                value cannot be moved to another row.

        Returns:
            key id (4 bytes), nonce (12 bytes), ciphertext with its 16-byte tag.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = AESGCM(self.key(purpose)).encrypt(nonce, plaintext, context)
        return self._key_id + nonce + ciphertext

    def unseal(self, purpose: str, sealed: bytes, context: bytes = b"") -> bytes:
        """Decrypts what `seal` returned.

        Raises:
            SealBrokenError: the bytes were sealed under another secret, or do not verify.
        """
        if sealed[:_KEY_ID_BYTES] != self._key_id:
            raise SealBrokenError("sealed under another installation secret")
        nonce = sealed[_KEY_ID_BYTES : _KEY_ID_BYTES + _NONCE_BYTES]
        ciphertext = sealed[_KEY_ID_BYTES + _NONCE_BYTES :]
        try:
            return AESGCM(self.key(purpose)).decrypt(nonce, ciphertext, context)
        except (InvalidTag, ValueError):
            raise SealBrokenError("the sealed bytes do not verify") from None
