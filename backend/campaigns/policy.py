"""What a campaign may say, how far it is at an instant, and who may move it on. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from backend.campaigns.models import CampaignKind, CampaignState
from backend.errors import DomainError, ErrorKind, FieldError, InvalidInputError
from credit_rules import Methodology

LONGEST: Final = timedelta(days=366)
SMALLEST_BUDGET_MPT: Final = 100_000
"""100 points: less would be used up by a handful of people before the others hear of it."""
_MARKUP: Final = re.compile(r"<\s*[/!?a-zA-Z]|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,}\d*);")


class CampaignStateError(DomainError):
    """The campaign is not in a state in which this can be done."""

    code = "campaign_state"
    kind = ErrorKind.CONFLICT


class SecondPersonError(DomainError):
    """Whoever wrote or submitted a campaign does not approve it."""

    code = "second_person_needed"
    kind = ErrorKind.CONFLICT


class CampaignClosedError(DomainError):
    """The campaign takes nobody in (any more)."""

    code = "campaign_closed"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDraft:
    """What somebody writes of a campaign.

    Attributes:
        citywide: everybody may join; else only the members of the institution that runs it.
        kind: what it is about.
        title: its name.
        content: plain text.
        starts_at: the first instant that counts, aware.
        ends_at: the first instant that no longer counts, aware.
        kinds: the kinds of action that earn the bonus.
        multiplier: more than 1, two decimals at most.
        budget_mpt: what it may add to awards altogether, in milli-points.
    """

    citywide: bool
    kind: CampaignKind
    title: str
    content: str
    starts_at: datetime
    ends_at: datetime
    kinds: tuple[str, ...]
    multiplier: Decimal
    budget_mpt: int


def check_draft(draft: CampaignDraft, methodologies: Mapping[str, Methodology]) -> None:
    """Refuses what no campaign may say.

    Args:
        draft: what was written.
        methodologies: those in force on its first day, by kind of action.

    Raises:
        InvalidInputError: every field at fault, with what to do about it.
    """
    faults = [*_texts(draft), *_period(draft), *_kinds(draft.kinds, methodologies)]
    if not faults:
        faults = _numbers(draft, [methodologies[kind] for kind in draft.kinds])
    if faults:
        raise InvalidInputError(faults[0].message, fields=faults)


def _texts(draft: CampaignDraft) -> list[FieldError]:
    sentence = "这里只能写文字，请删除尖括号标签和 HTML 代码。"
    texts = {"title": draft.title, "content": draft.content}
    return [
        FieldError(name, "markup", sentence) for name, text in texts.items() if _MARKUP.search(text)
    ]


def _period(draft: CampaignDraft) -> list[FieldError]:
    if draft.ends_at <= draft.starts_at:
        return [FieldError("ends_at", "range", "结束时间应晚于开始时间，请修改。")]
    if draft.ends_at - draft.starts_at > LONGEST:
        return [FieldError("ends_at", "range", "一场活动最长一年，请提前结束时间或分成几场。")]
    return []


def _kinds(kinds: Sequence[str], methodologies: Mapping[str, Methodology]) -> list[FieldError]:
    if not kinds:
        return [FieldError("kinds", "missing", "请至少选择一类行为。")]
    for kind in kinds:
        methodology = methodologies.get(kind)
        if methodology is None:
            sentence = "有一类行为在活动开始那天没有生效的方法学，请去掉它。"
            return [FieldError("kinds", "unknown", sentence)]
        if methodology.bonus is None:
            sentence = f"“{methodology.title}”不参加活动加成，请去掉它。"
            return [FieldError("kinds", "no_bonus", sentence)]
    return []


def _numbers(draft: CampaignDraft, methodologies: Sequence[Methodology]) -> list[FieldError]:
    faults = []
    bonuses = [each.bonus for each in methodologies if each.bonus is not None]
    most = min(bonus.maximum for bonus in bonuses)
    if not 1 < draft.multiplier <= most:
        sentence = f"加成倍数应大于 1、不超过 {most}（所选行为的方法学上限），请修改。"
        faults.append(FieldError("multiplier", "range", sentence))
    largest = min(bonus.budget_nano for bonus in bonuses) // 10**6
    if draft.budget_mpt < SMALLEST_BUDGET_MPT:
        sentence = f"积分预算至少 {SMALLEST_BUDGET_MPT // 1000} 分，请增加。"
        faults.append(FieldError("budget", "range", sentence))
    elif draft.budget_mpt > largest:
        sentence = f"积分预算不能超过 {largest // 1000} 分（所选行为的方法学上限），请减少。"
        faults.append(FieldError("budget", "range", sentence))
    return faults


def state_at(
    stored: CampaignState, starts_at: datetime, ends_at: datetime, now: datetime
) -> CampaignState:
    """How far a campaign is: what is approved runs by the time alone.

    Args:
        stored: the state in the database.
        starts_at: the first instant that counts.
        ends_at: the first instant that no longer counts.
        now: the present instant.
    """
    if stored is not CampaignState.APPROVED:
        return stored
    if now < starts_at:
        return CampaignState.SCHEDULED
    return CampaignState.RUNNING if now < ends_at else CampaignState.CLOSED


def require_state(state: CampaignState, *allowed: CampaignState) -> None:
    """Lets a change through in one of these states.

    Raises:
        CampaignStateError: it is in another one.
    """
    if state not in allowed:
        raise CampaignStateError("活动的状态已经变化，不能再这样操作，请刷新页面查看当前状态。")


def require_second_person(approver_id: int, *others: int | None) -> None:
    """Lets an approval through by somebody who neither wrote nor submitted the campaign.

    Raises:
        SecondPersonError: the approver did.
    """
    if approver_id in others:
        raise SecondPersonError("撰写或提交活动的人不能自己审批，请由另一位管理员审批。")
