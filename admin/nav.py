"""The sections of the console that the caller may open, in the order of the menu."""

from dataclasses import dataclass

from flask import g, request

from admin.auth import (
    AUDIT_READERS,
    EVERYONE,
    MEMBER_MANAGERS,
    ON_DUTY,
    PLACE_READERS,
    POINT_STAFF,
    RANKING_READERS,
)
from backend.people.models import Role


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the menu.

    Attributes:
        endpoint: what it opens.
        name: what it is called.
        purpose: what it is for.
        roles: who sees it.
        also: further blueprints whose pages belong to it.
    """

    endpoint: str
    name: str
    purpose: str
    roles: tuple[Role, ...]
    also: tuple[str, ...] = ()

    @property
    def current(self) -> bool:
        """Whether the page being shown belongs to this section."""
        return request.blueprint in {self.endpoint.partition(".")[0], *self.also}


SECTIONS = (
    Section("home.today", "首页", "今天的情况", EVERYONE),
    Section("places.listing", "点位", "回收投放点和其他点位、海报、动态码大屏", PLACE_READERS),
    Section("drop_offs.listing", "行为", "点位上的每一笔行为和它的算法", POINT_STAFF),
    Section("reviews.listing", "待审核", "凭证存疑、等待核实的入账", PLACE_READERS),
    Section(
        "rewards.listing",
        "兑换",
        "奖品、核销、捐赠项目和抽奖",
        PLACE_READERS,
        also=("redemptions", "causes", "draws", "cash_value"),
    ),
    Section("campaigns.listing", "活动", "策划、审批、进度与结果", PLACE_READERS),
    Section("redemptions.verify", "核销", "扫描成员的兑换码，发放奖品", ON_DUTY),
    Section("rankings.board", "排行", "部门、单位、区县的名次", RANKING_READERS),
    Section(
        "institutions.listing",
        "单位",
        "区县、系统、单位和部门",
        PLACE_READERS,
        also=("organisations", "city", "units", "departments", "invitations", "imports"),
    ),
    Section("register.listing", "台账", "单位能源资源消费的填报、审核与汇总", PLACE_READERS),
    Section("members.listing", "成员", "账号和登录", MEMBER_MANAGERS),
    Section("roles.listing", "角色", "谁有什么角色、邀请同事进入后台", MEMBER_MANAGERS),
    Section(
        "ledger.state", "账本", "核验结果：账目是否相符", AUDIT_READERS, also=("conservation",)
    ),
    Section("corrections.listing", "更正", "方法学有误后重新核算", AUDIT_READERS),
    Section("audit.listing", "审计", "谁在什么时候改了什么", AUDIT_READERS),
)


def sections() -> list[Section]:
    """The sections open to the caller; none before the login."""
    actor = g.get("actor")
    return [] if actor is None else [s for s in SECTIONS if actor.has_role(*s.roles)]
