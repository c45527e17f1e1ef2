"""WeChat's server API: the protocol the product relies on and the real HTTP client."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import redis
import requests
import structlog

from backend.ports.wechat_errors import raise_for, unavailable

_BUSY: Final = -1
_TOKEN_REFUSED: Final = frozenset({40001, 40014, 42001})
_EXPIRY_MARGIN_S: Final = 300
_FLIGHT_MS: Final = 6_000
_POLL_S: Final = 0.05

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WeChatSession:
    """What a login code stands for.

    Attributes:
        openid: the user within our app.
        unionid: the user across the apps of one Open Platform account, if we have one.
        session_key: base64 text; stays on the server, encrypted at rest.
    """

    openid: str
    unionid: str | None
    session_key: str = field(repr=False)


class WeChat(Protocol):
    """The calls to WeChat that the product makes."""

    def exchange_code(self, code: str) -> WeChatSession:
        """Exchanges the single-use code of `wx.login` for the user's session."""
        ...

    def access_token(self) -> str:
        """The app's token for WeChat's other interfaces."""
        ...

    def phone_number(self, code: str) -> str:
        """The verified phone number behind the code of the phone button."""
        ...


class HttpWeChat:
    """WeChat over HTTP. Thread-safe; keeps no state but connections and the token in Redis.

    Neither codes, tokens, session keys nor the secret reach a log: errors of the HTTP library
    are replaced, never chained, because their text quotes the whole URL.

    Args:
        base_url: `https://api.weixin.qq.com` or a stand-in.
        app_id: app id of the mini-program.
        secret: its secret.
        redis: holds the access token. Without it every call fetches the same stable token.
        timeout: seconds to connect, seconds between bytes of the answer.
    """

    def __init__(
        self,
        base_url: str,
        app_id: str,
        secret: str,
        redis: "redis.Redis",
        timeout: tuple[float, float] = (2, 3),
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._app_id = app_id
        self._secret = secret
        self._redis = redis
        self._timeout = timeout
        self._http = requests.Session()
        self._token_key = f"wechat:{app_id}:token"
        # At DEBUG urllib3 writes each path with its query: secret and code included.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    def exchange_code(self, code: str) -> WeChatSession:
        """Exchanges a login code (jscode2session).

        Args:
            code: what `wx.login` gave the phone; single use, five minutes.

        Raises:
            WeChatCodeInvalidError: used, stale or foreign code.
            WeChatRateLimitedError: over 100 logins a minute by this user.
            WeChatHighRiskError: WeChat blocks the user.
            WeChatUnavailableError: busy twice, slow or unreachable.
            WeChatMisconfiguredError: our app id or secret is wrong.
        """
        parameters = {
            "appid": self._app_id,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = self._retry_busy(lambda: self._get("/sns/jscode2session", parameters))
        raise_for(answer, "jscode2session")
        openid, session_key = answer.get("openid"), answer.get("session_key")
        unionid = answer.get("unionid") or None
        # An empty openid would be one account for everybody.
        if not (isinstance(openid, str) and openid.strip()) or not isinstance(session_key, str):
            unavailable("jscode2session", "incomplete answer")
        return WeChatSession(openid, unionid, session_key)

    def access_token(self) -> str:
        """The stable access token, from Redis or, one caller at a time, from WeChat.

        Raises:
            WeChatUnavailableError: busy twice, slow or unreachable.
            WeChatMisconfiguredError: our app id, secret or server address is refused.
        """
        try:
            return self._cached_token() or self._fetch_in_single_flight()
        except redis.RedisError:
            # A stable token stays the same however often it is asked for, so no cache is needed.
            _log.warning("wechat_token_cache_down")
            return self._fetch_token()[0]

    def phone_number(self, code: str) -> str:
        """Exchanges the code of the phone-number button (getuserphonenumber).

        Args:
            code: what the button gave the phone; single use, five minutes from the tap.

        Returns:
            the number without country code, such as `13800138000`.

        Raises:
            WeChatCodeInvalidError: used or stale code.
            DomainError: else as for `exchange_code`.
        """
        answer = self._authorised("/wxa/business/getuserphonenumber", {"code": code})
        raise_for(answer, "getuserphonenumber", used_up="手机号授权已过期，请重新点击获取手机号")
        phone_info = answer.get("phone_info")
        number = phone_info.get("purePhoneNumber") if isinstance(phone_info, dict) else None
        if not isinstance(number, str) or not number.strip():
            unavailable("getuserphonenumber", "incomplete answer")
        return number

    def _authorised(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A call with the access token; a refused token is dropped and renewed once."""
        token = self.access_token()
        answer = self._post_with(token, path, body)
        if answer.get("errcode") in _TOKEN_REFUSED:
            self._drop_token(token)
            answer = self._post_with(self.access_token(), path, body)
        return answer

    def _post_with(self, token: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._retry_busy(lambda: self._post(path, body, {"access_token": token}))

    def _cached_token(self) -> str | None:
        cached = self._redis.get(self._token_key)
        return cached.decode() if isinstance(cached, bytes) else cached

    def _drop_token(self, refused: str) -> None:
        """Forgets the refused token, unless somebody has renewed it meanwhile."""
        try:
            if self._cached_token() == refused:
                self._redis.delete(self._token_key)
        except redis.RedisError:
            _log.warning("wechat_token_cache_down")

    def _fetch_in_single_flight(self) -> str:
        """Fetches and caches; callers that come meanwhile wait for the first one's token."""
        flight_key = f"{self._token_key}:flight"
        if not self._redis.set(flight_key, "1", nx=True, px=_FLIGHT_MS):
            deadline = time.monotonic() + sum(self._timeout)
            while time.monotonic() < deadline:
                if token := self._cached_token():
                    return token
                time.sleep(_POLL_S)
        try:
            token, seconds = self._fetch_token()
            if seconds > 0:
                self._redis.set(self._token_key, token, ex=seconds)
            return token
        finally:
            self._redis.delete(flight_key)

    def _fetch_token(self) -> tuple[str, int]:
        """A token from WeChat and the seconds it may be kept."""
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
        }
        answer = self._retry_busy(lambda: self._post("/cgi-bin/stable_token", body))
        raise_for(answer, "stable_token")
        token, expires_in = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(expires_in, int):
            unavailable("stable_token", "incomplete answer")
        return token, expires_in - _EXPIRY_MARGIN_S

    def _retry_busy(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Repeats a call once when WeChat says that it is busy; a busy answer uses up no code."""
        answer = call()
        return call() if answer.get("errcode") == _BUSY else answer

    def _get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        return self._request("GET", path, params=parameters)

    def _post(
        self, path: str, body: Mapping[str, Any], parameters: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return self._request("POST", path, params=parameters, json=body)

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """One exchange; what goes wrong on the wire becomes `WeChatUnavailableError`."""
        try:
            response = self._http.request(
                method,
                f"{self._base_url}{path}",
                timeout=self._timeout,
                allow_redirects=False,
                **arguments,
            )
            answer = json.loads(response.content)
        except requests.RequestException as error:
            unavailable(path, type(error).__name__)
        except (ValueError, RecursionError):
            unavailable(path, "unreadable answer")
        if not isinstance(answer, dict):
            unavailable(path, "answer is not an object")
        return answer
