"""What WeChat's error codes mean: who can do something about it, and what.

Three kinds that must not be mixed: the code on the phone is spent (log in anew), WeChat is busy
(wait), or our configuration is wrong (waiting never helps, an administrator does).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import structlog

from backend.errors import (
    DomainError,
    ErrorKind,
    ForbiddenError,
    InvalidInputError,
    UnauthenticatedError,
    UnavailableError,
)

_RETRY_BUSY_S: Final = 5
_RETRY_LIMIT_S: Final = 60
_RETRY_QUOTA_S: Final = 3_600

_log = structlog.get_logger(__name__)


class WeChatCodeInvalidError(UnauthenticatedError):
    """40029, 40163, 41008: the code was used, is older than five minutes, or of another app."""

    code = "wechat_code_invalid"


class WeChatRateLimitedError(DomainError):
    """45011: more calls in a minute than WeChat allows this user."""

    code = "wechat_rate_limited"
    kind = ErrorKind.TOO_MANY


class WeChatQuotaError(UnavailableError):
    """45009: our app has used up what WeChat allows it in a day."""

    code = "wechat_quota_exhausted"


class WeChatHighRiskError(ForbiddenError):
    """40226: WeChat itself blocks this user's login."""

    code = "wechat_high_risk"


class WeChatUnavailableError(UnavailableError):
    """WeChat is busy (-1), slow, unreachable, or answers what nobody can read."""

    code = "wechat_unavailable"


class WeChatMisconfiguredError(InvalidInputError):
    """Our app id, secret, server address or rights are not what WeChat has on file.

    No outage: trying again never helps. The log names WeChat's code.
    """

    code = "wechat_misconfigured"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What an error code comes to."""

    error: type[DomainError]
    sentence: str
    retry_after: int | None = None


def _spent(sentence: str) -> _Meaning:
    return _Meaning(WeChatCodeInvalidError, sentence)


def _misconfigured(what: str) -> _Meaning:
    return _Meaning(WeChatMisconfiguredError, f"微信配置有误：{what}。请联系管理员，重试无用。")


# Source: the pages of jscode2session, stable_token and getuserphonenumber, and WeChat's list of
# global return codes (全局返回码).
_MEANINGS: Final[Mapping[int, _Meaning]] = {
    40029: _spent("登录码已失效，请重新进入小程序。"),
    40163: _spent("登录码已经用过，请重新进入小程序。"),
    41008: _spent("没有收到登录码，请重新进入小程序。"),
    40226: _Meaning(
        WeChatHighRiskError, "微信判定该账号存在风险，暂不能登录，请联系微信客服核实账号。"
    ),
    45011: _Meaning(WeChatRateLimitedError, "操作太频繁，请一分钟后再试。", _RETRY_LIMIT_S),
    45009: _Meaning(
        WeChatQuotaError,
        "今日微信接口的调用次数已用完，请明天再试，或使用管理员提供的登录链接。",
        _RETRY_QUOTA_S,
    ),
    40001: _misconfigured("AppSecret 不正确或已被重置（40001）"),
    40002: _misconfigured("凭证类型不被接受（40002）"),
    40013: _misconfigured("AppID 不正确（40013）"),
    40125: _misconfigured("AppSecret 不正确（40125）"),
    40164: _misconfigured("本服务器的 IP 不在小程序后台的白名单中（40164）"),
    40243: _misconfigured("AppSecret 已被冻结，须在小程序后台解冻（40243）"),
    41002: _misconfigured("没有填写 AppID（41002）"),
    41004: _misconfigured("没有填写 AppSecret（41004）"),
    48001: _misconfigured("小程序没有这个接口的权限（48001）"),
    50002: _misconfigured("小程序被限制或冻结（50002）"),
    89503: _misconfigured("本服务器的 IP 须由小程序管理员确认（89503）"),
    89506: _misconfigured("小程序管理员拒绝了本服务器的 IP，24 小时后才能再确认（89506）"),
    89507: _misconfigured("小程序管理员拒绝了本服务器的 IP，1 小时后才能再确认（89507）"),
    1400001: _misconfigured("获取手机号的额度已用完，须在小程序后台购买（1400001）"),
}


def raise_for(answer: Mapping[str, Any], call: str, *, used_up: str | None = None) -> None:
    """Raises the error of an answer; a success has no `errcode`, or 0.

    Args:
        answer: what WeChat said.
        call: the interface, for the log.
        used_up: the sentence for a spent code where it is not that of a login.
    """
    errcode = answer.get("errcode", answer.get("errno"))
    if errcode in (None, 0):
        return
    meaning = _MEANINGS.get(errcode) if isinstance(errcode, int) else None
    if meaning is None:
        unavailable(call, f"errcode {errcode}")
    if meaning.error is WeChatMisconfiguredError:
        _log.error("wechat_misconfigured", call=call, errcode=errcode)
    spent = meaning.error is WeChatCodeInvalidError
    sentence = used_up if spent and used_up is not None else meaning.sentence
    raise meaning.error(sentence, retry_after=meaning.retry_after)


def unavailable(call: str, reason: str) -> NoReturn:
    """Raises that WeChat cannot be used for the moment; the log says why.

    Raises:
        WeChatUnavailableError: always.
    """
    _log.warning("wechat_unavailable", call=call, reason=reason[:100])
    raise WeChatUnavailableError(
        "微信服务暂时没有响应，请稍后再试；一直如此，请联系管理员。", retry_after=_RETRY_BUSY_S
    ) from None
