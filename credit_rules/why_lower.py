"""The page "why our numbers are lower than others'": each figure computed beside the published one.

Ours comes from assessing the action, the others' from the factor table; nothing is typed in twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from credit_rules.factors import FactorRow
from credit_rules.facts import Facts
from credit_rules.pages import GENERATED, table
from credit_rules.rulebook import Rulebook, assess
from credit_rules.units import decimal_text, parse_unit


@dataclass(frozen=True, slots=True)
class Comparison:
    """One action as we count it and as a published figure counts it.

    Args:
        action: what was done, in Chinese.
        methodology: id of the methodology it is assessed under.
        tier: tier of evidence.
        inputs: the inputs.
        other: key of the published figure in the factor table.
        times: how many of the figure's base unit (km, kg, min, one counted) the action is.
        why: why ours is lower, in Chinese.
    """

    action: str
    methodology: str
    tier: str
    inputs: Mapping[str, str]
    other: str
    times: str
    why: str


_MIXED = "我们用公布的、与一般出行相比的减排值，每公里不高于步行，不假定每个人本来都独自开车"
_COMPARISONS = (
    Comparison(
        "地铁 10 km",
        "commute.metro",
        "T4",
        {"distance": "10"},
        "metro.solo_car_baseline.bj",
        "10",
        _MIXED,
    ),
    Comparison(
        "公交 10 km",
        "commute.bus",
        "T4",
        {"distance": "10"},
        "bus.solo_car_baseline.cpcd",
        "10",
        _MIXED,
    ),
    Comparison(
        "骑车 3 km",
        "commute.bicycle",
        "T4",
        {"distance": "3"},
        "bike.public.hz_per_trip",
        "1",
        "公布的每次 1.33 kg 把每次骑行都当成开车；我们用骑行者实际替代的出行方式",
    ),
    Comparison(
        "步行 1 km",
        "commute.walk",
        "T4",
        {"distance": "1"},
        "walk.solo_car_baseline.bj",
        "1",
        "没有停车证明，就不能说步行替代了开车",
    ),
    Comparison(
        "走楼梯 10 层",
        "stairs.climb",
        "T2",
        {"floors": "10"},
        "stairs.popular_myth",
        "10",
        "流传的每层 218 g 相当于电梯每层耗电 0.28 kWh；没有可引用的测量值，只给积分",
    ),
    Comparison(
        "光盘一餐",
        "dining.clean_plate",
        "T2",
        {"meal": "lunch"},
        "plate.per_meal",
        "1",
        "我们用水稻的值 0.94 kg/kg，不用全球食物平均值 2.06",
    ),
    Comparison(
        "投放 PET 瓶 1 kg",
        "recycling.drop_off",
        "T3",
        {"material": "pet", "mass": "1"},
        "recycle.pet.defra",
        "1",
        "中国的公布值尚未取得，从严取 0.32，低于由英国因子相减得到的 1.65",
    ),
    Comparison(
        "投放旧衣 1 kg",
        "recycling.drop_off",
        "T3",
        {"material": "textile", "mass": "1"},
        "recycle.textile_reuse.defra",
        "1",
        "只有确证再穿的衣服才计，按 3.6 kg/kg；投进回收箱的去向不明，只给积分",
    ),
    Comparison(
        "少开空调 1 小时（没有电表）",
        "office.air_conditioning_off",
        "T2",
        {"time": "1", "energy": "0"},
        "ac.hour_off",
        "60",
        "没有计量就不知道省了多少电；有电表的按实际度数计，并且只在表内",
    ),
    Comparison(
        "自行申报乘地铁 5 km",
        "commute.metro",
        "T0",
        {"distance": "5"},
        "metro.wuhan.selfcheck",
        "1",
        "没有凭证的行为给一半积分，但不计减排量",
    ),
)

_REASONS = (
    (
        "基准不同。",
        (
            "碳普惠的减排量是“本来会排多少”减“实际排了多少”。最常见的做法假定人人本来都独自开车；"
            "浙江的标准 DB33/T 1312—2023 用居民全部出行方式的综合水平，只这一项就差 4 到 6 倍。"
            "只有公布的减排值时直接采用，不另造基准。"
        ),
    ),
    ("取低不取高。", "有几个可用的因子时，用较低的；排放更多的方式，每公里不比排放更少的多计。"),
    ("只认凭证。", "自行申报不计减排量；节电节水只认电表、水表。"),
    (
        "不重复计。",
        "一程、一餐、一天不开车各只计一次；楼梯、照明、空调的节约已在单位的计量表上，不再签发。",
    ),
    (
        "没有数就写 0。",
        "小份菜、走楼梯、合乘、共享电单车、空调温度、投放的织物和电子废弃物没有可引用的减排值，只给积分。",
    ),
    (
        "积分不等于克数。",
        "走楼梯的克数无从查证，习惯却值得鼓励：积分按政策给，从不折算回减排量。",
    ),
)
_SWITCH = (
    "基准是规则集里的一行数据。随本系统另附一个规则集 `solo_car`：有停车记录证明车没有出动时，"
    "按独自驾车计。换规则集不改一行程序："
)
_ENGLISH = (
    "Our figures are lower because published savings against ordinary travel are used, not a solo "
    "car; no mode that emits more saves more; the lower of two usable factors is taken; nothing "
    "self-declared and no unmetered energy counts as a reduction; a trip, a meal or a car-free day "
    "counts once; and where no factor is published the reduction is zero. Points are a separate "
    "policy and are never turned back into carbon. The rulebook `solo_car` shows the same trips "
    "with the solo-car baseline, for cars proven to have stayed parked: only data changes."
)


def why_lower_page(
    rulebook: Rulebook, solo_car: Rulebook, rows: Mapping[str, FactorRow], on: date
) -> str:
    """The page, in Markdown.

    Args:
        rulebook: the shipped rulebook.
        solo_car: the rulebook with the solo-car baseline.
        rows: the factor table of actions, by key.
        on: the day whose versions are compared.
    """
    compared = [_compared(rulebook, rows, on, comparison) for comparison in _COMPARISONS]
    head = ("行为", "我们", "别处", "相差", "为什么", "别处的数字来自")
    parts = [
        "# 为什么我们的数字比别处低",
        GENERATED,
        "低，是因为每一克都要经得起重算和核查。同一件事，我们和别处公布的数字：",
        table(head, compared),
        "## 理由",
        "\n".join(f"{n}. **{title}** {text}" for n, (title, text) in enumerate(_REASONS, start=1)),
        "## 换一个基准会怎样",
        _SWITCH,
        table(("行为", rulebook.title, solo_car.title), _switched(rulebook, solo_car, on)),
        "## In English",
        _ENGLISH,
    ]
    return "\n\n".join(parts) + "\n"


def _grams(rulebook: Rulebook, on: date, methodology: str, tier: str, **inputs: str) -> Fraction:
    result = assess(rulebook, Facts(methodology, on, tier, dict(inputs)))
    return Fraction(result.reduction_mg, 1000)


def _compared(
    rulebook: Rulebook, rows: Mapping[str, FactorRow], on: date, this: Comparison
) -> tuple[str, ...]:
    row = rows[this.other]
    theirs = Fraction(row.value) * parse_unit(row.unit).ratio * Fraction(this.times)
    ours = _grams(rulebook, on, this.methodology, this.tier, **this.inputs)
    return (
        this.action,
        f"{decimal_text(ours)} g",
        f"{decimal_text(theirs)} g",
        _times(theirs / ours) if ours else "不计",
        this.why,
        f"`{row.key}`：{row.source_title}",
    )


def _times(ratio: Fraction) -> str:
    return f"{decimal_text(Fraction(round(ratio * 10), 10))} 倍"


def _switched(rulebook: Rulebook, solo_car: Rulebook, on: date) -> list[tuple[str, ...]]:
    trips = {
        "地铁 10 km": ("commute.metro", {"distance": "10"}),
        "公交 10 km": ("commute.bus", {"distance": "10"}),
        "骑车 3 km": ("commute.bicycle", {"distance": "3"}),
        "步行 1 km": ("commute.walk", {"distance": "1"}),
        "4 人合乘 10 km": ("commute.carpool", {"distance": "10", "persons": "four"}),
    }
    return [
        (action, *(_trip(rules, on, *trip) for rules in (rulebook, solo_car)))
        for action, trip in trips.items()
    ]


def _trip(rules: Rulebook, on: date, methodology: str, inputs: Mapping[str, str]) -> str:
    """A trip in grams; each rulebook is told only what it asks."""
    asked = rules.methodology(methodology, on).inputs
    told = {name: value for name, value in inputs.items() if name in asked}
    grams = _grams(rules, on, methodology, "T4", **told)
    return f"{decimal_text(grams)} g" if grams else "只计积分"
