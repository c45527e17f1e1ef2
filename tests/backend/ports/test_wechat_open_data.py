"""Holds the two algorithms to the vectors that WeChat publishes with its sample code."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st

from backend.ports.wechat_open_data import (
    WeChatSessionStaleError,
    decrypt_open_data,
    raw_data_matches,
)

APP_ID = "wx4f4bc4dec97d474b"
SESSION_KEY = "tiihtNczf5v6AKRyjwEUhQ=="
IV = "r7BXXKkLb8qrSNn05n0qiA=="
DATA = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC"
    "+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poO"
    "FtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8"
    "xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB"
    "6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJd"
    "NiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOy"
    "uxINew=="
)
RAW_DATA = (
    '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong",'
    '"country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w'
    '7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}'
)
RAW_DATA_KEY = "HyVFkGl5F5OQWJZZaNzBBg=="
RAW_DATA_SIGNATURE = "75e81ceda165f4ffa64f4068af58c64b8f54b88c"


def encrypted(plain: bytes) -> str:
    """What a phone would send for `plain` under the vector's key."""
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    cipher = Cipher(
        algorithms.AES128(base64.b64decode(SESSION_KEY)), modes.CBC(base64.b64decode(IV))
    )
    encryptor = cipher.encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def test_official_ciphertext_decrypts() -> None:
    plain = decrypt_open_data(SESSION_KEY, IV, DATA, APP_ID)
    assert plain["openId"] == "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
    assert plain["watermark"] == {"timestamp": 1477314187, "appid": APP_ID}


def test_another_apps_watermark_is_refused() -> None:
    with pytest.raises(WeChatSessionStaleError, match="重新进入小程序"):
        decrypt_open_data(SESSION_KEY, IV, DATA, "wx0000000000000000")


def test_replaced_session_key_is_stale() -> None:
    with pytest.raises(WeChatSessionStaleError):
        decrypt_open_data(RAW_DATA_KEY, IV, DATA, APP_ID)


@pytest.mark.parametrize(
    "plain",
    [b"[]", b"1", b"{}", b'{"watermark": 1}', b'{"watermark": {}}', b"\xff\xfe", b"[" * 50_000],
)
def test_decrypted_nonsense_is_refused(plain: bytes) -> None:
    with pytest.raises(WeChatSessionStaleError):
        decrypt_open_data(SESSION_KEY, IV, encrypted(plain), APP_ID)


def test_encrypted_object_without_damage_opens() -> None:
    steps = {"stepInfoList": [{"timestamp": 1, "step": 2}], "watermark": {"appid": APP_ID}}
    data = encrypted(json.dumps(steps).encode())
    assert decrypt_open_data(SESSION_KEY, IV, data, APP_ID) == steps


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_text_gives_its_own_error_only(session_key: str, iv: str, data: str) -> None:
    with pytest.raises(WeChatSessionStaleError):
        decrypt_open_data(session_key, iv, data, APP_ID)


def test_official_raw_data_signature() -> None:
    assert raw_data_matches(RAW_DATA, RAW_DATA_SIGNATURE, RAW_DATA_KEY)


@pytest.mark.parametrize("signature", ["", "75e8", RAW_DATA_SIGNATURE.upper(), "签名"])
def test_other_signatures_do_not_match(signature: str) -> None:
    assert not raw_data_matches(RAW_DATA, signature, RAW_DATA_KEY)


def test_changed_raw_data_does_not_match() -> None:
    assert not raw_data_matches(RAW_DATA + " ", RAW_DATA_SIGNATURE, RAW_DATA_KEY)
