"""Documentation generated from a rulebook: one Chinese page per methodology, and the factor table.

Pure text: the command `tanpuhui rules docs` writes it, and a test holds what is committed against
it, so that no page ever says anything but what is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from credit_rules.counters import PERIOD_LABELS, SCOPE_LABELS
from credit_rules.factors import FactorRow
from credit_rules.methodology import Methodology
from credit_rules.model import ExampleDoc, Factor, InputSpec
from credit_rules.rulebook import Rulebook
from credit_rules.standards_model import Standards
from credit_rules.units import decimal_text, parse_quantity
from credit_rules.values import Counted, Formula, LookedUp, Required, TraceLine, Value, Weighted

GENERATED = "<!-- 由 tanpuhui rules docs 生成，请改方法学文件，不要改这里。 -->"
_SCENARIOS = {"reduction": "减排场景", "behaviour": "行为场景（不签发）"}
_BOUNDARIES = {
    "in_meter": "表内（节约已体现在单位的计量表上，不从台账扣减，不签发）",
    "outside": "表外",
}
_DECIDERS = {"month": "月份", "day": "日期（法定节假日与调休）", "time": "时间"}
_EXCLUSION_PERIODS = {
    "trip": "同一程",
    "meal": "同一餐",
    "day": "同一天",
    "week": "同一周",
    "month": "同一月",
    "year": "同一年",
}


def methodology_page(methodology: Methodology, standards: Standards) -> str:
    """The page of one version of a methodology, in Markdown.

    Args:
        methodology: the compiled methodology.
        standards: what its rulebook shares.
    """
    return _join(
        [
            f"# {methodology.title}",
            GENERATED,
            methodology.summary,
            _facts(methodology, standards),
            "## 填写什么",
            table(("名称", "字段", "取值"), [_input(spec) for spec in methodology.inputs.values()]),
            "## 怎样计算",
            "\n".join(f"{n}. {text}" for n, text in enumerate(_steps(methodology), start=1)),
            _award(methodology),
            "## 参数与因子",
            _numbers(methodology, standards),
            "## 凭证",
            _evidence(methodology),
            "## 上限与分档",
            _caps(methodology),
            *_exclusions(methodology),
            *_bonus(methodology),
            "## 算例",
            "每次加载都会重算；每个上限至少有一个算例触及。",
            _examples(methodology),
            "## 来源",
            _sources(methodology, standards),
        ]
    )


def index_page(rulebook: Rulebook) -> str:
    """The list of all methodologies of a rulebook, in Markdown."""
    rows = [
        (
            f"[{m.title}]({page_name(m)})",
            f"`{m.id}` v{m.version}",
            _SCENARIOS[m.scenario],
            "表内" if m.boundary == "in_meter" else "表外",
            rulebook.standards.footprint_categories[m.footprint_category],
            "、".join(tier.name for tier in m.tiers),
        )
        for m in rulebook.all_versions()
    ]
    return _join(
        [
            f"# 方法学：{rulebook.title}",
            GENERATED,
            f"规则集 `{rulebook.name}`，摘要 `{rulebook.digest}`，共 {len(rows)} 个版本。",
            table(("名称", "编号", "场景", "边界", "足迹类别", "凭证"), rows),
        ]
    )


def factors_page(rulebook: Rulebook, rows: Mapping[str, FactorRow]) -> str:
    """The factors in use, and those at hand that are not, in Markdown.

    Args:
        rulebook: the rulebook.
        rows: the factor table of actions, by key.
    """
    used: dict[str, tuple[Factor, set[str]]] = {}
    for methodology in rulebook.all_versions():
        for factor in _factors(methodology):
            if factor.key:
                used.setdefault(factor.key, (factor, set()))[1].add(methodology.title)
    words = rulebook.standards.confidences
    in_use = [
        (f"`{key}`", _amount(f), "、".join(sorted(names)), _origin(f), *_known(f, words))
        for key, (f, names) in sorted(used.items())
    ]
    others = [
        (
            f"`{key}`",
            f"{row.value} {row.unit}",
            "，".join(part for part in (row.source_title, row.source_ref) if part),
            words.get(row.confidence, row.confidence),
            row.obtained,
        )
        for key, row in sorted(rows.items())
        if key not in used
    ]
    return _join(
        [
            "# 因子表",
            GENERATED,
            "## 采用的因子",
            table(("因子", "数值", "用于", "来源与条款", "可信度", "怎样取得"), in_use),
            "## 手头有、没有采用的数字",
            "两个因子都适用时取较低者；口径不同、只有生产足迹或来自科普清单的，不作减排因子。",
            table(("因子", "数值", "来源与条款", "可信度", "怎样取得"), others),
        ]
    )


def page_name(methodology: Methodology) -> str:
    """The file name of a methodology's page."""
    return f"{methodology.id}.v{methodology.version}.md"


def rulebook_pages(rulebook: Rulebook) -> dict[str, str]:
    """The index and the page of every version, by file name."""
    pages = {page_name(m): methodology_page(m, rulebook.standards) for m in rulebook.all_versions()}
    return {"README.md": index_page(rulebook), **pages}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    columns = [*head]
    lines = [_row(columns), _row("---" for _ in columns)]
    return "\n".join([*lines, *(_row(cell.replace("|", "\\|") for cell in row) for row in rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(methodology: Methodology, standards: Standards) -> str:
    until = methodology.effective_until
    lines = [
        f"编号 `{methodology.id}` 第 {methodology.version} 版",
        f"自 {methodology.effective_from} 起施行" + (f"，至 {until}" if until else ""),
        f"{_SCENARIOS[methodology.scenario]}，{_BOUNDARIES[methodology.boundary]}",
        f"个人足迹类别：{standards.footprint_categories[methodology.footprint_category]}",
        f"基准情景：{methodology.baseline or '不主张减排，只计积分'}",
        f"摘要 `{methodology.digest}`",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _input(spec: InputSpec) -> tuple[str, str, str]:
    if spec.unit is None:
        values = "；".join(f"{c.label}（`{c.value}`）" for c in spec.choices)
        if spec.decided_by:
            values = f"由{_DECIDERS[spec.decided_by]}决定，不用填写：{values}"
    else:
        unit = spec.unit.label
        values = f"{spec.minimum} 至 {spec.maximum} {unit}，{spec.step} {unit} 的整数倍"
    return spec.label, f"`{spec.name}`", values


# -- formula in words ------------------------------------------------------------------------------


def _steps(methodology: Methodology) -> list[str]:
    lines = methodology.plans[-1].lines
    settled = {
        line.out.name: f"第 {number} 步的结果"
        for number, line in enumerate(lines, start=1)
        if isinstance(line, Counted)
    }
    return [_step(methodology, line, settled) for line in lines]


def _step(methodology: Methodology, line: TraceLine, settled: Mapping[str, str]) -> str:
    if isinstance(line, Required):
        return f"条件：不符合时拒绝，并提示“{line.message}”"
    if isinstance(line, Formula):
        operands = (operand.label or _constant(operand) for operand in line.operands)
        text = f" ＝ {line.pattern.format(*operands)}"
    elif isinstance(line, LookedUp):
        keys = "、".join(choice.spec.label for choice in line.choices)
        text = f"：按“{keys}”查下表“{line.table.label}”"
    elif isinstance(line, Weighted):
        text = f" ＝ {line.of.label} × 凭证权重（{_weights(methodology, line)}）"
    else:
        basis = settled.get(line.basis.name, line.basis.label)
        text = f"：{basis}{_counted(methodology, line)}"
    return f"**{line.out.label}**{text}"


def _constant(value: Value) -> str:
    return f"{decimal_text(value.low / value.unit.ratio)} {value.unit.label}".strip()


def _weights(methodology: Methodology, line: Weighted) -> str:
    steps = methodology.doc.steps
    which = next(s.settings["weight"] for s in steps if s.key() == line.key)
    return "，".join(
        f"{tier.name} {decimal_text(Fraction(getattr(tier, str(which))))}"
        for tier in methodology.tiers
    )


def _counted(methodology: Methodology, line: Counted) -> str:
    spec = line.spec
    whose = f"{SCOPE_LABELS[spec.scope]}{PERIOD_LABELS[spec.period]}"
    if line.rows:
        return f"按{whose}累计分档，{'；'.join(line.rows)}"
    only = f"，只限 {'、'.join(spec.tiers)}" if spec.tiers else ""
    shared = "" if spec.key.startswith(f"{methodology.id}:") else f"（计数器 `{spec.key}`）"
    return f"{whose}至多 {spec.shown(spec.limit_nano)}{only}{shared}"


def _award(methodology: Methodology) -> str:
    plan = methodology.plans[-1]
    reduction = f"减排量取“{plan.reduction.line.out.label}”之内的部分" if plan.reduction else ""
    points = f"积分取“{plan.points.line.out.label}”之内的部分"
    both = "；".join(part for part in (reduction or "不计减排量", points) if part)
    return f"{both}。只在最后向下取整一次，余数留待当期累计。"


# -- numbers, limits, examples ---------------------------------------------------------------------


def _amount(factor: Factor) -> str:
    return f"{factor.text} {factor.unit.label}".strip()


def _origin(factor: Factor) -> str:
    return "，".join(part for part in (factor.source, factor.clause) if part)


def _factors(methodology: Methodology) -> list[Factor]:
    doc = methodology.doc
    dated = [row.factor for parameter in doc.parameters.values() for row in parameter.values]
    return dated + [factor for t in doc.tables.values() for factor in t.rows.values()]


def _numbers(methodology: Methodology, standards: Standards) -> str:
    doc, words = methodology.doc, standards.confidences
    rows = [
        (p.label, _amount(d.factor), str(d.start), _cite(d.factor), *_known(d.factor, words))
        for p in doc.parameters.values()
        for d in p.values
    ]
    labels = {
        f"{name}|{choice.value}": choice.label
        for name, spec in methodology.inputs.items()
        for choice in spec.choices
    }
    for found in doc.tables.values():
        for key, f in found.rows.items():
            chosen = zip(found.keys, key.split("|"), strict=True)
            which = "、".join(labels[f"{name}|{value}"] for name, value in chosen)
            start = str(methodology.effective_from)
            rows.append((f"{found.label}：{which}", _amount(f), start, _cite(f), *_known(f, words)))
    head = ("名称", "数值", "自", "来源与条款", "可信度", "怎样取得")
    return table(head, rows) if rows else "没有参数。"


def _known(factor: Factor, words: Mapping[str, str]) -> tuple[str, str]:
    """How sure a number is, and how its copy was obtained."""
    return words[factor.confidence], factor.obtained


def _cite(factor: Factor) -> str:
    key = f"`{factor.key}`：" if factor.key else ""
    return key + _origin(factor)


def _evidence(methodology: Methodology) -> str:
    evidence = methodology.evidence
    rows = [
        (tier.name, tier.label, *tier.weights, "参加" if tier.ranked else "不参加")
        for tier in methodology.tiers
    ]
    notes = [f"凭证种类：{'、'.join(f'`{kind}`' for kind in evidence.kinds)}。"]
    if evidence.requires:
        notes.append(f"必须有：{'、'.join(f'`{kind}`' for kind in evidence.requires)}。")
    if evidence.max_age_days is not None:
        notes.append(f"行为发生后 {evidence.max_age_days} 天内提交有效。")
    head = ("等级", "说明", "积分权重", "减排量权重", "排名")
    return f"{table(head, rows)}\n\n{''.join(notes)}"


def _caps(methodology: Methodology) -> str:
    rows = []
    for cap in methodology.caps:
        whose = f"{SCOPE_LABELS[cap.scope]}{PERIOD_LABELS[cap.period]}"
        limit = cap.shown(cap.limit_nano) if cap.kind == "cap" else "见上面的分档"
        tiers = "、".join(cap.tiers) or "全部"
        rows.append((cap.label, limit, whose, tiers, f"`{cap.key}`"))
    note = "计数器不以本方法学编号开头的，由几个方法学共用。"
    return f"{table(('名称', '上限', '周期', '适用凭证', '计数器'), rows)}\n\n{note}"


def _exclusions(methodology: Methodology) -> list[str]:
    if not methodology.excludes:
        return []
    lines = (
        f"- {_EXCLUSION_PERIODS[e.period]}不与 `{e.methodology_id}` 同计"
        for e in methodology.excludes
    )
    return ["## 不同时计入", "\n".join(lines)]


def _bonus(methodology: Methodology) -> list[str]:
    bonus, cap = methodology.bonus, methodology.bonus_cap
    if bonus is None or cap is None:
        return ["## 活动加成", "不参加活动加成。"]
    text = (
        f"活动至多 {decimal_text(Fraction(bonus.maximum))} 倍；加成的部分每人每日至多 "
        f"{cap.shown(bonus.cap_nano)}，每场活动的预算至多 {cap.shown(bonus.budget_nano)}。"
    )
    return ["## 活动加成", text]


def _examples(methodology: Methodology) -> str:
    rows = [
        (
            e.name,
            e.tier,
            "，".join(_given(methodology, e)),
            "；".join(_before(methodology, e)) or "无",
            f"{decimal_text(Fraction(e.reduction_mg, 1000))} g",
            f"{decimal_text(Fraction(e.points_mpt + e.bonus_mpt, 1000))} 分",
        )
        for e in methodology.examples
    ]
    return table(("算例", "凭证", "填写", "此前累计", "减排量", "积分"), rows)


def _given(methodology: Methodology, example: ExampleDoc) -> Iterable[str]:
    for name, value in example.given.items():
        spec = methodology.inputs[name]
        if spec.unit is not None:
            yield f"{spec.label} {value} {spec.unit.label}"
        else:
            yield next(choice.label for choice in spec.choices if choice.value == value)


def _before(methodology: Methodology, example: ExampleDoc) -> Iterable[str]:
    yield from (f"`{key}` {_used(row)}" for key, row in example.used.items())
    labels = {step.shared: step.label for step in methodology.doc.steps}
    yield from (f"{labels[name]}只剩 {_said(text)}" for name, text in example.left.items())


def _used(row: Mapping[str, str]) -> str:
    return "，".join(_said(text) for text in row.values())


def _said(quantity: str) -> str:
    """A quantity of a file as Chinese readers write it: `0.5 count` is 0.5 次."""
    base, unit = parse_quantity(quantity)
    return f"{decimal_text(base / unit.ratio)} {unit.label}"


def _sources(methodology: Methodology, standards: Standards) -> str:
    sources = [*methodology.sources.values(), methodology.evidence.table.source]
    return "\n".join(
        f"- {s.title}：{s.clause}（{standards.confidences[s.confidence]}）"
        + (f" <{s.href}>" if s.href else "")
        for s in sources
    )
