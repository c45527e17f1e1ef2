"""A local server that behaves like WeChat's: for tests, demos and work without the internet.

It keeps WeChat's rules (single-use codes of five minutes, one session key a user, stable tokens,
limits) and its errors. Codes that on a phone come from `wx.login` and from the phone-number button
are issued at `POST /stand-in/codes` and `POST /stand-in/phone-codes`.
"""

import base64
import json
import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from backend.clock import Clock, business_day

CODE_LIFE: Final = timedelta(minutes=5)
TOKEN_LIFE: Final = timedelta(hours=2)
TOKEN_RENEWAL: Final = timedelta(minutes=5)
LOGINS_A_MINUTE: Final = 100
FORCED_A_DAY: Final = 20
FORCED_APART: Final = timedelta(seconds=30)
_MAX_BODY_BYTES: Final = 65_536

Answer = dict[str, Any]


def _error(errcode: int, errmsg: str) -> Answer:
    """An error in WeChat's form; WeChat answers 200 to everything."""
    return {"errcode": errcode, "errmsg": f"{errmsg} rid: {secrets.token_hex(4)}"}


@dataclass(frozen=True, slots=True)
class _Code:
    """An issued code: for whom or for which phone number, until when."""

    subject: str
    expires_at: datetime


@dataclass(slots=True)
class _Token:
    """An issued access token."""

    text: str
    expires_at: datetime


class WeChatAccount:
    """What WeChat knows of one mini-program and its users; no HTTP. Not thread-safe.

    Args:
        app_id: the app id that calls must name.
        secret: the secret that calls must name.
        clock: tells the time at which codes and tokens expire.
    """

    def __init__(self, app_id: str, secret: str, clock: Clock) -> None:
        self.app_id = app_id
        self.secret = secret
        self._clock = clock
        self._login_codes: dict[str, _Code] = {}
        self._used_codes: set[str] = set()
        self._phone_codes: dict[str, _Code] = {}
        self._unionids: dict[str, str] = {}
        self._session_keys: dict[str, str] = {}
        self._logins: dict[str, deque[datetime]] = {}
        self._high_risk: set[str] = set()
        self._tokens: list[_Token] = []
        self._forced: list[datetime] = []

    def issue_code(self, openid: str, unionid: str | None = None) -> str:
        """What `wx.login` gives the phone of a user; replaces the user's session key."""
        if unionid is not None:
            self._unionids[openid] = unionid
        self._session_keys[openid] = base64.b64encode(secrets.token_bytes(16)).decode()
        return self._issue(self._login_codes, openid)

    def issue_phone_code(self, phone: str) -> str:
        """What the phone-number button gives the phone."""
        return self._issue(self._phone_codes, phone)

    def mark_high_risk(self, openid: str) -> None:
        """From now on WeChat blocks this user's logins (40226)."""
        self._high_risk.add(openid)

    def revoke_tokens(self) -> None:
        """Makes every access token invalid at once, as a reset of the secret would."""
        self._tokens.clear()

    def exchange(self, query: Mapping[str, str]) -> Answer:
        """`GET /sns/jscode2session`."""
        if (wrong := self._check_app(query)) is not None:
            return wrong
        if query.get("grant_type") != "authorization_code":
            return _error(40002, "invalid grant_type")
        if "js_code" not in query:
            return _error(41008, "missing code")
        return self._log_in(query["js_code"])

    def stable_token(self, body: Mapping[str, Any]) -> Answer:
        """`POST /cgi-bin/stable_token`: the same token until its last five minutes."""
        if (wrong := self._check_app(body)) is not None:
            return wrong
        if body.get("grant_type") != "client_credential":
            return _error(40002, "invalid grant_type")
        now = self._clock.now()
        self._tokens = [token for token in self._tokens if token.expires_at > now]
        if body.get("force_refresh") is True:
            if (refused := self._refuse_forcing(now)) is not None:
                return refused
            self._forced.append(now)
            self._tokens.clear()
        if not self._tokens or self._tokens[-1].expires_at - now <= TOKEN_RENEWAL:
            self._tokens.append(_Token(secrets.token_urlsafe(117), now + TOKEN_LIFE))
        newest = self._tokens[-1]
        left = int((newest.expires_at - now).total_seconds())
        return {"access_token": newest.text, "expires_in": left}

    def phone_number(self, query: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        """`POST /wxa/business/getuserphonenumber`."""
        if (refused := self._check_token(query.get("access_token", ""))) is not None:
            return refused
        now = self._clock.now()
        code = self._phone_codes.pop(str(body.get("code", "")), None)
        if code is None or code.expires_at <= now:
            return _error(40029, "invalid code")
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": code.subject,
                "purePhoneNumber": code.subject,
                "countryCode": "86",
                "watermark": {"timestamp": int(now.timestamp()), "appid": self.app_id},
            },
        }

    def _issue(self, codes: dict[str, _Code], subject: str) -> str:
        text = secrets.token_urlsafe(24)
        codes[text] = _Code(subject, self._clock.now() + CODE_LIFE)
        return text

    def _log_in(self, text: str) -> Answer:
        """Uses up a login code, or says why not."""
        code = self._login_codes.get(text)
        if text in self._used_codes:
            return _error(40163, "code been used")
        if code is None or code.expires_at <= self._clock.now():
            return _error(40029, "invalid code")
        if self._over_login_limit(code.subject):
            return _error(45011, "api minute-quota reach limit")
        if code.subject in self._high_risk:
            return _error(40226, "code blocked")
        del self._login_codes[text]
        self._used_codes.add(text)
        answer = {"session_key": self._session_keys[code.subject], "openid": code.subject}
        if unionid := self._unionids.get(code.subject):
            answer["unionid"] = unionid
        return answer

    def _check_app(self, given: Mapping[str, Any]) -> Answer | None:
        for name, missing in (("appid", 41002), ("secret", 41004)):
            if not given.get(name):
                return _error(missing, f"{name} missing")
        if given["appid"] != self.app_id:
            return _error(40013, "invalid appid")
        if given["secret"] != self.secret:
            return _error(40125, "invalid appsecret")
        return None

    def _check_token(self, text: str) -> Answer | None:
        if not text:
            return _error(41001, "access_token missing")
        now = self._clock.now()
        for token in self._tokens:
            if secrets.compare_digest(token.text.encode(), text.encode()):
                return None if token.expires_at > now else _error(42001, "access_token expired")
        return _error(40001, "invalid credential, access_token is invalid or not latest")

    def _over_login_limit(self, openid: str) -> bool:
        now = self._clock.now()
        recent = self._logins.setdefault(openid, deque())
        while recent and recent[0] <= now - timedelta(minutes=1):
            recent.popleft()
        if len(recent) >= LOGINS_A_MINUTE:
            return True
        recent.append(now)
        return False

    def _refuse_forcing(self, now: datetime) -> Answer | None:
        today = business_day(now)
        self._forced = [at for at in self._forced if business_day(at) == today]
        if len(self._forced) >= FORCED_A_DAY:
            return _error(45009, "reach max api daily quota limit")
        if self._forced and now - self._forced[-1] < FORCED_APART:
            return _error(45011, "api minute-quota reach limit")
        return None


class WeChatStandIn:
    """Serves a `WeChatAccount` over HTTP on 127.0.0.1; a context manager for tests.

    Args:
        app_id: the app id that calls must name.
        secret: the secret that calls must name.
        clock: tells the time at which codes and tokens expire.
        port: 0 takes any free port.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, app_id: str, secret: str, clock: Clock, port: int = 0) -> None:
        self.account = WeChatAccount(app_id, secret, clock)
        self.calls: Counter[str] = Counter()
        self._busy = 0
        self._slow: deque[float] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer_busy(self, times: int) -> None:
        """The next `times` calls to WeChat's interfaces answer -1."""
        with self._lock:
            self._busy += times

    def answer_slowly(self, seconds: float) -> None:
        """The next call to one of WeChat's interfaces is answered after `seconds`."""
        with self._lock:
            self._slow.append(seconds)

    def serve(self) -> None:
        """Serves until `stop` is called from another thread or a signal raises here."""
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Ends `serve`, and answers that are still delayed."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve, name="wechat-stand-in", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def answer(self, method: str, target: str, body: Mapping[str, Any]) -> tuple[int, Answer]:
        """The status and body for one request."""
        url = urlsplit(target)
        query = dict(parse_qsl(url.query))
        if method == "POST" and url.path.startswith("/stand-in/"):
            with self._lock:
                return self._control(url.path, body)
        interface = self._interface(url.path, query, body)
        if interface is None:
            return 404, {"errcode": 404, "errmsg": "not found"}
        expected, call = interface
        with self._lock:
            self.calls[url.path] += 1
            delay = self._slow.popleft() if self._slow else 0
            busy = self._busy > 0
            self._busy -= int(busy)
        if delay:
            self._stopping.wait(delay)
        if busy:
            return 200, _error(-1, "system error")
        if method != expected:
            return 200, _error(43002, f"require {expected} method")
        with self._lock:
            return 200, call()

    def _interface(
        self, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> tuple[str, Callable[[], Answer]] | None:
        """The method and the call of one of WeChat's interfaces."""
        return {
            "/sns/jscode2session": ("GET", lambda: self.account.exchange(query)),
            "/cgi-bin/stable_token": ("POST", lambda: self.account.stable_token(body)),
            "/wxa/business/getuserphonenumber": (
                "POST",
                lambda: self.account.phone_number(query, body),
            ),
        }.get(path)

    def _control(self, path: str, body: Mapping[str, Any]) -> tuple[int, Answer]:
        """What the phone would do in the real world."""
        openid, phone = body.get("openid"), body.get("phone")
        if path == "/stand-in/codes" and isinstance(openid, str) and openid:
            unionid = body.get("unionid")
            known = unionid if isinstance(unionid, str) else None
            return 201, {"code": self.account.issue_code(openid, known)}
        if path == "/stand-in/phone-codes" and isinstance(phone, str) and phone:
            return 201, {"code": self.account.issue_phone_code(phone)}
        return 400, {"errmsg": 'POST {"openid"} to codes, or {"phone"} to phone-codes'}


class _Server(ThreadingHTTPServer):
    """The HTTP server; one thread a connection, none outlives it."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], stand_in: WeChatStandIn) -> None:
        self.stand_in = stand_in
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    """Reads JSON, writes JSON, logs nothing: queries carry secrets."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True  # header and body are two writes: 40 ms apart otherwise

    def do_GET(self) -> None:
        """Answers a GET."""
        self._answer({})

    def do_POST(self) -> None:
        """Answers a POST."""
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdigit() else _MAX_BODY_BYTES + 1
        if size > _MAX_BODY_BYTES:
            self.close_connection = True
            self._send(413, {"errmsg": "body too large"})
            return
        try:
            body = json.loads(self.rfile.read(size))
        except ValueError:
            body = None
        if isinstance(body, dict):
            self._answer(body)
        else:
            self._send(200, _error(47001, "data format error"))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Keeps quiet."""

    def _answer(self, body: Mapping[str, Any]) -> None:
        self._send(*self.server.stand_in.answer(self.command, self.path, body))

    def _send(self, status: int, answer: Answer) -> None:
        content = json.dumps(answer, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            # WeChat declares JSON as text/plain.
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
