"""What the domain's values are called on the console's pages, in Chinese."""

from collections.abc import Mapping

from backend.actions.models import ActionStatus
from backend.audit.tags import Tag
from backend.corrections.models import RunState
from backend.draws.models import DrawState
from backend.offers.models import Audience, OfferState
from backend.organisations.models import InstitutionKind
from backend.people.models import Role
from backend.places.models import Datum, PlaceKind, PlaceState, PresenceRule, WasteClass
from backend.rankings.policy import Board, Measure
from backend.rewards.models import CancelledBy, LimitPeriod, RedemptionState

ROLES: Mapping[Role, str] = {
    Role.CITY_ADMIN: "市级管理员",
    Role.DISTRICT_MANAGER: "区县管理员",
    Role.INSTITUTION_ADMIN: "单位管理员",
    Role.DEPARTMENT_MANAGER: "部门负责人",
    Role.AUDITOR: "审计员",
    Role.ATTENDANT: "点位值守员",
}
SCREEN_PURPOSES: Mapping[PlaceKind, str] = {
    PlaceKind.RECYCLING_POINT: "记录分类投放",
    PlaceKind.CANTEEN: "记录光盘行动",
    PlaceKind.STAIRWELL: "记录走楼梯",
    PlaceKind.VENUE: "记录到访",
}
PLACE_KINDS: Mapping[PlaceKind, str] = {
    PlaceKind.RECYCLING_POINT: "回收投放点",
    PlaceKind.CANTEEN: "食堂",
    PlaceKind.STAIRWELL: "楼梯间",
    PlaceKind.VENUE: "活动场所",
}
PLACE_STATES: Mapping[PlaceState, str] = {
    PlaceState.OPEN: "启用",
    PlaceState.PAUSED: "暂停",
    PlaceState.CLOSED: "停用",
}
STATE_COLOURS: Mapping[PlaceState, str] = {
    PlaceState.OPEN: "green",
    PlaceState.PAUSED: "yellow",
    PlaceState.CLOSED: "secondary",
}
WASTE_CLASSES: Mapping[WasteClass, str] = {
    WasteClass.RECYCLABLE: "可回收物",
    WasteClass.HAZARDOUS: "有害垃圾",
    WasteClass.FOOD_WASTE: "易腐垃圾",
    WasteClass.RESIDUAL: "其他垃圾",
}
PRESENCE_RULES: Mapping[PresenceRule, str] = {
    PresenceRule.LOCATED: "凭定位：手机在核验半径内，海报才足额计分",
    PresenceRule.ATTENDED: "有人值守：开放时间内扫海报即可足额计分",
}
DATUMS: Mapping[Datum, str] = {
    Datum.GCJ02: "高德、腾讯地图坐标（GCJ-02）",
    Datum.WGS84: "GPS 坐标（WGS-84）",
}
INSTITUTION_KINDS: Mapping[InstitutionKind, str] = {
    InstitutionKind.STATE_ORGAN: "国家机关",
    InstitutionKind.PUBLIC_INSTITUTION: "事业单位",
    InstitutionKind.ASSOCIATION: "团体组织",
}
BOARDS: Mapping[Board, str] = {
    Board.DEPARTMENTS: "部门",
    Board.INSTITUTIONS: "单位",
    Board.DISTRICTS: "区县",
}
MEASURES: Mapping[Measure, str] = {
    Measure.PER_HEAD: "人均积分",
    Measure.TOTAL: "总积分",
}
ACTION_STATUSES: Mapping[ActionStatus, str] = {
    ActionStatus.CREDITED: "已入账",
    ActionStatus.HELD: "待审核",
    ActionStatus.VOIDED: "审核未通过",
    ActionStatus.TIMED_OUT: "审核超时",
    ActionStatus.REVERSED: "已撤销",
}
RUN_STATES: Mapping[RunState, str] = {
    RunState.SIMULATING: "试算中",
    RunState.SIMULATED: "待批准",
    RunState.RUNNING: "执行中",
    RunState.DONE: "已完成",
    RunState.CANCELLED: "已取消",
}
CHANNELS: Mapping[str, str] = {
    "rotating_code": "现场屏幕动态码",
    "printed_code": "张贴海报二维码",
}
AUDIENCES: Mapping[Audience, str] = {
    Audience.CITY: "全市成员和市民",
    Audience.INSTITUTION: "仅本单位成员",
}
OFFER_STATES: Mapping[OfferState, str] = {
    OfferState.DRAFT: "草稿",
    OfferState.OPEN: "开放",
    OfferState.CLOSED: "停用",
}
OFFER_COLOURS: Mapping[OfferState, str] = {
    OfferState.DRAFT: "yellow",
    OfferState.OPEN: "green",
    OfferState.CLOSED: "secondary",
}
PERIODS: Mapping[LimitPeriod, str] = {
    LimitPeriod.MONTH: "每月",
    LimitPeriod.QUARTER: "每季度",
    LimitPeriod.YEAR: "每年",
    LimitPeriod.EVER: "累计",
}
REDEMPTION_STATES: Mapping[RedemptionState, str] = {
    RedemptionState.PENDING: "待领取",
    RedemptionState.FULFILLED: "已领取",
    RedemptionState.CANCELLED: "已取消",
}
REDEMPTION_COLOURS: Mapping[RedemptionState, str] = {
    RedemptionState.PENDING: "yellow",
    RedemptionState.FULFILLED: "green",
    RedemptionState.CANCELLED: "secondary",
}
CANCELLED_BY: Mapping[CancelledBy, str] = {
    CancelledBy.MEMBER: "成员取消",
    CancelledBy.PROGRAMME: "主办方取消",
    CancelledBy.TIMEOUT: "逾期未领",
}
DRAW_STATES: Mapping[DrawState, str] = {
    DrawState.OPEN: "报名中",
    DrawState.CLOSED: "待开奖",
    DrawState.DRAWN: "已开奖",
}
SOURCES: Mapping[str, str] = {
    "issuance": "方法学",
    "avoided_source": "方法学",
    "campaign_budget": "活动",
    "write_off": "更正",
}
TAGS: Mapping[str, str] = {
    Tag.DISTRICT_CREATE: "新增区县",
    Tag.DISTRICT_RENAME: "区县更名",
    Tag.SYSTEM_CREATE: "新增系统",
    Tag.SYSTEM_RENAME: "系统更名",
    Tag.INSTITUTION_CREATE: "新增单位",
    Tag.INSTITUTION_RENAME: "单位更名",
    Tag.INSTITUTION_CLOSE: "撤销单位",
    Tag.INSTITUTION_YEAR: "填报人数和面积",
    Tag.DEPARTMENT_CREATE: "新增部门",
    Tag.DEPARTMENT_RENAME: "部门更名",
    Tag.DEPARTMENT_MOVE: "部门调整",
    Tag.DEPARTMENT_CLOSE: "撤销部门",
    Tag.MEMBER_CREATE: "开通账号",
    Tag.MEMBER_DEACTIVATE: "停用账号",
    Tag.SESSION_CREATE: "登录",
    Tag.SESSION_REVOKE: "退出登录",
    Tag.LOGIN_LINK_CREATE: "生成登录链接",
    Tag.MEMBERSHIP_BIND: "绑定单位",
    Tag.MEMBERSHIP_MOVE: "调整部门",
    Tag.MEMBERSHIP_END: "离开单位",
    Tag.INVITATION_CREATE: "生成邀请码",
    Tag.INVITATION_REVOKE: "作废邀请码",
    Tag.ROLE_GRANT: "授予角色",
    Tag.ROLE_REVOKE: "收回角色",
    Tag.ROSTER_IMPORT: "导入花名册",
    Tag.PLACE_CREATE: "新增点位",
    Tag.PLACE_CHANGE: "修改点位",
    Tag.PRINT_BATCH_CREATE: "生成海报批次",
    Tag.PRINT_BATCH_REVOKE: "作废海报批次",
    Tag.REWARD_CREATE: "新增奖品",
    Tag.REWARD_CHANGE: "修改奖品",
    Tag.REWARD_STOCK: "调整库存",
    Tag.CASH_VALUE_SWITCH: "现金价值开关",
    Tag.REDEMPTION_FULFIL: "核销兑换",
    Tag.REDEMPTION_CANCEL: "取消兑换",
    Tag.CAUSE_CREATE: "新增捐赠项目",
    Tag.CAUSE_CHANGE: "修改捐赠项目",
    Tag.DRAW_CREATE: "发布抽奖",
    Tag.DRAW_CLOSE: "抽奖截止",
    Tag.DRAW_DRAW: "抽奖开奖",
    Tag.AWARD_POST: "审核通过",
    Tag.AWARD_VOID: "审核不通过",
    Tag.AWARD_TIME_OUT: "审核超时",
    Tag.AWARD_REVERSE: "撤销入账",
    Tag.CORRECTION_OPEN: "发起更正",
    Tag.CORRECTION_APPROVE: "批准更正",
    Tag.CORRECTION_START: "执行更正",
    Tag.CORRECTION_CANCEL: "取消更正",
}
SUBJECTS: Mapping[str, str] = {
    "organisations:": "单位与部门",
    "people:": "人员与登录",
    "places:": "点位与海报",
    "rewards:": "兑换、捐赠与抽奖",
    "actions:": "行为与入账",
}
OBJECTS: Mapping[str, str] = {
    "action": "行为",
    "correction_run": "更正",
    "department": "部门",
    "district": "区县",
    "institution": "单位",
    "invitation": "邀请码",
    "login_link": "登录链接",
    "member": "成员",
    "place": "点位",
    "print_batch": "海报批次",
    "cause": "捐赠项目",
    "prize_draw": "抽奖",
    "redemption": "兑换",
    "reward": "奖品",
    "role_grant": "角色授权",
    "roster_import": "花名册导入",
    "system": "系统",
}
RESULTS: Mapping[str, str] = {"done": "完成", "refused": "被拒绝"}
FIELDS: Mapping[str, str] = {
    "audience": "面向",
    "available_from": "开始日期",
    "available_until": "截止日期",
    "cash_value": "有现金价值",
    "closes_at": "报名截止",
    "commitment": "种子承诺",
    "counts_from": "统计开始日",
    "counts_until": "统计截止日",
    "description": "说明",
    "draws_at": "开奖时间",
    "entries_digest": "名单摘要",
    "hold_days": "保留天数",
    "institution_limit": "单位限额",
    "member_limit": "个人限额",
    "period": "限额周期",
    "pickup": "领取地点",
    "points_mpt": "积分（毫分）",
    "prize": "奖品",
    "seed": "种子",
    "stock_left": "剩余库存",
    "stock_total": "累计入库",
    "takes_points": "接受积分",
    "takes_reductions": "接受减排量",
    "threshold": "门槛",
    "unit": "单位",
    "winners": "中奖名额",
    "written_off_mg": "由系统承担的减排量（mg）",
    "written_off_mpt": "由系统承担的积分（千分之一分）",
    "accepted": "可投放类别",
    "address": "地址",
    "closed_on": "撤销日期",
    "code": "编号",
    "credit_code": "统一社会信用代码",
    "datum": "坐标系",
    "department_id": "部门编号",
    "district_id": "区县编号",
    "face": "登录端",
    "floor_area_m2": "建筑面积（m²）",
    "headcount": "用能人数",
    "hours": "开放时间",
    "id": "编号",
    "institution_id": "单位编号",
    "kind": "类型",
    "latitude": "纬度",
    "longitude": "经度",
    "member_id": "成员编号",
    "methodology_id": "方法学",
    "name": "名称",
    "opened_on": "成立日期",
    "parent_id": "上级编号",
    "place_id": "点位编号",
    "presence": "在场核验",
    "purpose": "用途",
    "radius_m": "核验半径（米）",
    "reason": "原因",
    "reduction_mg": "减排量（mg）",
    "revoked_at": "作废时间",
    "revoked_reason": "作废原因",
    "role": "角色",
    "short_name": "简称",
    "state": "状态",
    "system_id": "系统编号",
    "tokens": "登录数",
    "valid_from": "起始日期",
    "valid_until": "截止日期",
    "year": "年份",
}
WORDS: Mapping[str, str] = {
    value.value: name
    for table in (
        ROLES,
        PLACE_KINDS,
        PLACE_STATES,
        WASTE_CLASSES,
        DATUMS,
        INSTITUTION_KINDS,
        AUDIENCES,
        PERIODS,
        REDEMPTION_STATES,
        {OfferState.DRAFT: "草稿"},
    )
    for value, name in table.items()
} | {"located": "凭定位", "attended": "有人值守", "console": "管理后台", "api": "手机端"}
