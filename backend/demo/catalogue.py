"""Names and types the demo city is made of. Every institution and person is invented.

Districts and their codes are Hangzhou's (行政区划代码); words of institution names are landscape
words, so that no real institution is spoken of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from backend.organisations.models import InstitutionKind

CITY: Final = ("330100", "杭州市")


@dataclass(frozen=True, slots=True)
class DistrictSite:
    """A district: code, name and the centre of its seat in degrees (GCJ-02)."""

    code: str
    name: str
    latitude: Decimal
    longitude: Decimal


def _site(code: str, name: str, latitude: str, longitude: str) -> DistrictSite:
    return DistrictSite(code, name, Decimal(latitude), Decimal(longitude))


DISTRICTS: Final = (
    _site("330102", "上城区", "30.242700", "120.169400"),
    _site("330106", "西湖区", "30.259400", "120.130100"),
    _site("330108", "滨江区", "30.208400", "120.212000"),
    _site("330105", "拱墅区", "30.319100", "120.141900"),
    _site("330109", "萧山区", "30.185300", "120.264500"),
    _site("330110", "余杭区", "30.273600", "119.978500"),
    _site("330113", "临平区", "30.419000", "120.299800"),
    _site("330114", "钱塘区", "30.322900", "120.493900"),
    _site("330111", "富阳区", "30.048800", "119.960100"),
    _site("330112", "临安区", "30.233900", "119.724700"),
    _site("330122", "桐庐县", "29.793100", "119.691300"),
    _site("330127", "淳安县", "29.608900", "119.042100"),
    _site("330182", "建德市", "29.474800", "119.281200"),
)

SYSTEMS: Final = (
    ("government", "机关"),
    ("education", "教育"),
    ("health", "卫生"),
    ("culture", "文化"),
    ("science", "科技"),
    ("sports", "体育"),
    ("association", "群团"),
)


class Waste(Enum):
    """What an institution throws away: parts in a hundred by material of the methodology."""

    OFFICE = "office"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    HOUSEHOLD = "household"


MIXES: Final[Mapping[Waste, Mapping[str, int]]] = {
    Waste.OFFICE: {
        "paper": 34, "cardboard": 20, "pet": 18, "aluminium": 6, "mixed_paper": 8,
        "battery": 5, "ewaste": 4, "mixed": 5,
    },
    Waste.SCHOOL: {
        "paper": 38, "pet": 22, "mixed_paper": 12, "textile": 7, "cardboard": 9,
        "plastic": 6, "battery": 6,
    },
    Waste.HOSPITAL: {
        "cardboard": 36, "plastic": 16, "glass": 12, "pet": 14, "paper": 14, "battery": 4,
        "steel": 4,
    },
    Waste.HOUSEHOLD: {
        "cardboard": 24, "pet": 20, "textile": 16, "glass": 12, "aluminium": 10, "steel": 6,
        "battery": 6, "hazardous": 3, "plastic": 3,
    },
}  # fmt: skip

# The median mass of one bag, in hundredths of a kilogram.
BAG_CENTIKG: Final[Mapping[str, int]] = {
    "paper": 110, "cardboard": 160, "mixed_paper": 120, "pet": 22, "plastic": 30,
    "aluminium": 10, "steel": 40, "glass": 85, "textile": 140, "mixed": 80,
    "ewaste": 95, "battery": 7, "hazardous": 25,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class InstitutionType:
    """A type of institution.

    Attributes:
        system: code of its system (条).
        kind: 单位性质.
        suffix: the end of its name.
        short: the end of its short name.
        staff: typical number of staff; sizes are shared out by it.
        headcount_percent: 用能人数 in per cent of the staff (pupils, patients, visitors).
        floor_m2: 建筑面积 per head of 用能人数, m².
        waste: what it throws away.
        guarded: its gate is attended day and night.
        departments: names, the most usual first.
    """

    system: str
    kind: InstitutionKind
    suffix: str
    short: str
    staff: int
    headcount_percent: int
    floor_m2: int
    waste: Waste
    guarded: bool
    departments: tuple[str, ...]


def _type(
    system: str,
    kind: InstitutionKind,
    names: str,
    figures: tuple[int, int, int],
    waste: Waste,
    departments: str,
) -> InstitutionType:
    suffix, short = names.split()
    guarded = waste is not Waste.SCHOOL
    return InstitutionType(
        system, kind, suffix, short, *figures, waste, guarded, tuple(departments.split())
    )


_ORGAN = InstitutionKind.STATE_ORGAN
_PUBLIC = InstitutionKind.PUBLIC_INSTITUTION

TYPES: Final = (
    _type(
        "government", _ORGAN, "综合事务局 综合事务局", (150, 108, 30), Waste.OFFICE,
        "办公室 综合业务处 节能管理处 资产管理处 财务审计处 信息技术处 会议接待处 车辆服务中心",
    ),
    _type(
        "health", _PUBLIC, "医院 医院", (320, 260, 24), Waste.HOSPITAL,
        "院办公室 护理部 内科 外科 急诊医学科 检验科 药剂科 后勤保障部",
    ),
    _type(
        "education", _PUBLIC, "小学 小学", (90, 1350, 9), Waste.SCHOOL,
        "校务办公室 语文教研组 数学教研组 综合教研组 英语教研组 教务处 总务处 德育处",
    ),
    _type(
        "culture", _PUBLIC, "图书馆 图书馆", (64, 420, 22), Waste.OFFICE,
        "馆办公室 借阅服务部 读者活动部 采编部 数字资源部 古籍整理部 物业安保部 志愿服务部",
    ),
    _type(
        "government", _ORGAN, "街道办事处 街道", (84, 112, 26), Waste.OFFICE,
        "党政办公室 公共服务办公室 城市管理办公室 社会治理办公室 经济发展办公室 综合执法队"
        " 应急管理站 文化站",
    ),
    _type(
        "science", _PUBLIC, "科技信息研究所 科信所", (56, 115, 34), Waste.OFFICE,
        "所办公室 情报研究室 数据服务室 实验测试室 成果转化室 学术交流室 网络运维室 后勤科",
    ),
    _type(
        "education", _PUBLIC, "中学 中学", (140, 1120, 14), Waste.SCHOOL,
        "校长办公室 高一年级组 高二年级组 高三年级组 理科实验中心 教务处 总务处 学生发展处",
    ),
    _type(
        "sports", _PUBLIC, "体育中心 体育中心", (52, 650, 28), Waste.OFFICE,
        "中心办公室 场馆运营部 游泳馆 群众体育部 设备工程部 安全保卫部 培训部 赛事部",
    ),
    _type(
        "health", _PUBLIC, "社区卫生服务中心 社卫中心", (72, 300, 20), Waste.HOSPITAL,
        "综合办公室 全科诊疗科 预防保健科 护理站 药房 医技科 健康管理科 后勤组",
    ),
    _type(
        "association", InstitutionKind.ASSOCIATION, "青少年活动协会 青少年协会",
        (34, 380, 18), Waste.OFFICE,
        "秘书处 活动策划部 志愿者部 培训部 宣传部 财务部 外联部 场地部",
    ),
    _type(
        "education", _PUBLIC, "职业学校 职校", (180, 980, 16), Waste.SCHOOL,
        "学校办公室 信息技术系 机电工程系 旅游服务系 实训中心 教务处 后勤服务处 学生处",
    ),
    _type(
        "government", _ORGAN, "市民服务局 市民服务局", (118, 190, 24), Waste.OFFICE,
        "办公室 综合窗口 审批一处 审批二处 热线受理中心 数据管理处 法规处 财务处",
    ),
)  # fmt: skip

# Sections of an institution's office (its first department) where that has any.
SECTIONS: Final = ("文秘科", "保障科")

WORDS: Final = (
    "望潮", "云溪", "桂语", "荷塘", "竹径", "松涛", "梅影", "枫晚", "兰汀", "柳岸",
    "茶坞", "听泉", "晴川", "月桥", "星桥", "春晓", "秋石", "金沙滩", "白鹭", "青屿",
    "杏林", "橘洲", "芦汀", "菱歌", "石榴园", "樟亭", "银杏", "玉泉井", "飞云", "流霞",
    "翠屏", "碧水", "丹枫", "紫藤", "红叶", "绿萝", "东篱", "南屿", "鹤汀", "北山坞",
    "长堤", "莲塘", "溪月", "榕荫", "百合园", "梧影", "雁回", "北斗",
)  # fmt: skip

ROADS: Final = ("望潮路", "云溪街", "桂语路", "荷塘路", "竹径路", "听泉巷", "晴川路", "月桥街")

SURNAMES: Final = tuple(
    "王李张陈刘杨黄赵周吴徐孙朱马胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘"
)
GIVEN_FIRST: Final = tuple("建晓文志海国明雅思佳丽春秋雪梦子立永新小玉宏振美静天华一嘉欣宇浩书")
GIVEN_SECOND: Final = tuple("敏军芳伟强洁燕杰波红勇涛玲斌霞辉颖峰宁琳鹏莉涵轩怡然瑶晨阳彤琪楠")
