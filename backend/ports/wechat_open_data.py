"""What WeChat hands to the phone and the phone to us: signed raw data and encrypted open data."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from backend.errors import UnauthenticatedError


class WeChatSessionStaleError(UnauthenticatedError):
    """The data does not fit the session key we hold: WeChat has replaced the key since."""

    code = "wechat_session_stale"

    def __init__(self) -> None:
        super().__init__("微信登录状态已更新，请重新进入小程序后再试")


def decrypt_open_data(session_key: str, iv: str, data: str, app_id: str) -> dict[str, Any]:
    """Decrypts open data such as WeRun steps: AES-128-CBC, PKCS#7, key = decoded session_key.

    Source: WeChat's 服务端获取开放数据, 加密数据解密算法.

    Args:
        session_key: base64 text as jscode2session returned it.
        iv: base64 text from the phone.
        data: base64 ciphertext from the phone.
        app_id: our own app id, which the watermark must name.

    Returns:
        the decrypted object with its watermark (`appid`, `timestamp` in Unix seconds).

    Raises:
        WeChatSessionStaleError: wrong key, damaged data, or another app's watermark.
    """
    try:
        key, vector, ciphertext = (
            base64.b64decode(part, validate=True) for part in (session_key, iv, data)
        )
        decryptor = Cipher(algorithms.AES128(key), modes.CBC(vector)).decryptor()
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        plain = json.loads(unpadder.update(padded) + unpadder.finalize())
    except (ValueError, binascii.Error, RecursionError):
        raise WeChatSessionStaleError from None
    if not isinstance(plain, dict) or not isinstance(plain.get("watermark"), dict):
        raise WeChatSessionStaleError
    if plain["watermark"].get("appid") != app_id:
        raise WeChatSessionStaleError
    return plain


def raw_data_matches(raw_data: str, signature: str, session_key: str) -> bool:
    """Whether `signature` is SHA-1 of raw data and session key, as the phone claims.

    Args:
        raw_data: the text exactly as the phone received it.
        signature: 40 hex digits.
        session_key: the base64 text itself, not decoded.
    """
    expected = hashlib.sha1((raw_data + session_key).encode()).hexdigest()  # noqa: S324 - WeChat's scheme
    return hmac.compare_digest(expected.encode(), signature.encode())
