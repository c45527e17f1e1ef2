"""What campaigns are about and how far they are, in words."""

from collections.abc import Mapping
from typing import Final

from backend.campaigns.models import CampaignKind, CampaignState

CAMPAIGN_KINDS: Final[Mapping[CampaignKind, str]] = {
    CampaignKind.GENERAL: "综合行动",
    CampaignKind.ENERGY_WEEK: "节能宣传周",
    CampaignKind.LOW_CARBON_DAY: "全国低碳日",
    CampaignKind.WATER_WEEK: "中国水周",
    CampaignKind.GREEN_TRAVEL: "绿色出行宣传月",
    CampaignKind.CLEAN_PLATE: "光盘行动",
    CampaignKind.EMPTY_BOTTLE: "光瓶行动",
    CampaignKind.WASTE_SORTING: "垃圾分类",
}
CAMPAIGN_STATES: Final[Mapping[CampaignState, str]] = {
    CampaignState.DRAFT: "草稿",
    CampaignState.SUBMITTED: "待审批",
    CampaignState.APPROVED: "已批准",
    CampaignState.SCHEDULED: "未开始",
    CampaignState.RUNNING: "进行中",
    CampaignState.CLOSED: "已结束",
    CampaignState.WITHDRAWN: "已撤回",
    CampaignState.CUT_SHORT: "提前结束",
}
