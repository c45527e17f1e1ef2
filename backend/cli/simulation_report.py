"""What a simulation found: as tables for a reader, as JSON for a program."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from backend.cli.tables import table
from backend.simulation.board_effect import BoardEffect
from backend.simulation.policy import Simulation, Sums
from credit_rules import Draft, Methodology, Rulebook

SCHEMA = "tanpuhui.simulation.v1"
_MOST_DEPARTMENTS = 40


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """A simulation with what it was made from.

    Attributes:
        first: the first Asia/Shanghai day.
        last: the last one.
        draft: the draft rules over those in force.
        outcome: what the run found.
        board: what it means for the departments.
    """

    first: date
    last: date
    draft: Draft
    outcome: Simulation
    board: BoardEffect

    def to_json(self) -> dict[str, object]:
        """The report by the schema `tanpuhui.simulation.v1` (docs/rules.md)."""
        found = self.outcome
        return {
            "schema": SCHEMA,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "draft": _named(self.draft.rulebook),
            "in_force": _named(self.draft.current),
            "methodologies": [
                _version(kind, methodology, is_draft=kind in self.draft.new)
                for kind, methodology in self._judges()
            ],
            "unused_drafts": self._unused(),
            "total": _sums(found.total),
            "budget": self._budget(),
            "months": [
                {"month": f"{month:%Y-%m}", **_sums(sums)}
                for month, sums in sorted(found.months.items())
            ],
            "kinds": [{"kind": kind, **_sums(sums)} for kind, sums in sorted(found.kinds.items())],
            "departments": self._departments(),
            "deciles": [asdict(decile) for decile in found.deciles()],
            "refusals": [
                {**reason._asdict(), "actions": count, "sentence": found.sentences[reason]}
                for reason, count in found.refusals.most_common()
            ],
        }

    def lines(self) -> Iterator[str]:
        """The report as Chinese tables."""
        total = self.outcome.total
        yield (
            f"试算 {self.first} 至 {self.last}："
            f"{total.actions:,} 次行为，草案拒绝 {total.refused:,} 次。"
        )
        yield from self._rules_lines()
        yield from _section("积分预算与减排总量", ("月份",), self._month_rows())
        yield from self._budget_lines()
        yield from _section("按行为种类", ("种类",), self._kind_rows())
        yield from self._department_lines()
        yield from self._decile_lines()
        yield from self._refusal_lines()

    def _judges(self) -> Iterator[tuple[str, Methodology]]:
        for kind, versions in sorted(self.outcome.judges.items()):
            for version in sorted(versions):
                yield kind, self.draft.version(kind, version)

    def _unused(self) -> list[str]:
        """Kinds the draft changes of which these days hold no action."""
        return sorted(self.draft.new.keys() - self.outcome.judges.keys())

    def _departments(self) -> dict[str, object]:
        merged = self.board.merged_sums
        return {
            "listed": [
                {
                    "id": each.id,
                    "name": each.name,
                    "headcount": each.headcount,
                    "rank_before": each.rank_before,
                    "rank_after": each.rank_after,
                    **_sums(each.sums),
                }
                for each in self.board.departments
            ],
            "merged": self.board.merged,
            "merged_sums": None if merged is None else _sums(merged),
        }

    def _rules_lines(self) -> Iterator[str]:
        yield ""
        yield "所用规则"
        for kind, methodology in self._judges():
            whose = "现行，草案未改"
            if kind in self.draft.new:
                whose = f"草案，自 {methodology.effective_from} 起"
                if methodology.effective_from > self.first:
                    whose += "；更早的行为按该日的规则试算"
            yield f"  {kind} 第 {methodology.version} 版（{whose}）"
        if self._unused():
            yield f"  草案里这段时间没有行为的种类：{'、'.join(self._unused())}"

    def _month_rows(self) -> list[tuple[tuple[str, ...], Sums]]:
        months = sorted(self.outcome.months.items())
        rows = [((f"{month:%Y-%m}",), sums) for month, sums in months]
        return [*rows, (("合计",), self.outcome.total)]

    def _budget(self) -> dict[str, int]:
        """What a month asks of the budget of points, on average and at most, in milli-points."""
        months = self.outcome.months.values()
        before = [sums.points_before_mpt for sums in months]
        after = [sums.points_after_mpt for sums in months]
        return {
            "month_before_mpt": sum(before) // max(1, len(before)),
            "month_after_mpt": sum(after) // max(1, len(after)),
            "highest_month_before_mpt": max(before, default=0),
            "highest_month_after_mpt": max(after, default=0),
        }

    def _budget_lines(self) -> Iterator[str]:
        budget = self._budget()
        average = _points(budget["month_before_mpt"], budget["month_after_mpt"])
        highest = _points(budget["highest_month_before_mpt"], budget["highest_month_after_mpt"])
        for name, (before, after, change) in (("月均", average), ("最高月", highest)):
            yield f"  {name}积分预算：{before} 分 → {after} 分，{change}"

    def _kind_rows(self) -> list[tuple[tuple[str, ...], Sums]]:
        return [((kind,), sums) for kind, sums in sorted(self.outcome.kinds.items())]

    def _department_lines(self) -> Iterator[str]:
        """The departments that move most, by change of rank."""
        moved = sorted(
            (each for each in self.board.departments if each.rank_after != each.rank_before),
            key=lambda each: (-abs(each.rank_after - each.rank_before), each.rank_before),
        )
        yield ""
        yield (
            f"按部门（人均积分名次；{len(self.board.departments)} 个部门中 {len(moved)} 个变动，"
            f"另有 {self.board.merged} 个不足 5 人的部门合并，不参加排名）"
        )
        shown = moved[:_MOST_DEPARTMENTS] or list(self.board.departments[:_MOST_DEPARTMENTS])
        yield from _indented(
            ("部门", "人数", "原名次", "新名次", "原积分", "新积分", "积分变化"),
            [
                (
                    each.name,
                    str(each.headcount),
                    str(each.rank_before),
                    str(each.rank_after),
                    *_points(each.sums.points_before_mpt, each.sums.points_after_mpt),
                )
                for each in shown
            ],
        )
        if len(moved) > len(shown):
            yield f"  其余 {len(moved) - len(shown)} 个见 --json。"

    def _decile_lines(self) -> Iterator[str]:
        deciles = self.outcome.deciles()
        yield ""
        yield "按成员积分十分位（从少到多；每组不少于 5 人）"
        if not deciles:
            yield "  成员不足 5 人，不予显示。"
            return
        yield from _indented(
            ("组", "人数", "增加", "减少", "原积分", "新积分", "积分变化"),
            [
                (
                    str(each.number),
                    str(each.members),
                    str(each.winners),
                    str(each.losers),
                    *_points(each.points_before_mpt, each.points_after_mpt),
                )
                for each in deciles
            ],
        )

    def _refusal_lines(self) -> Iterator[str]:
        found = self.outcome
        if not found.refusals:
            return
        yield ""
        yield "草案将拒绝的行为"
        for reason, count in found.refusals.most_common():
            yield (
                f"  {reason.kind} {reason.field} [{reason.code}]：{count:,} 次，"
                f"例如：{found.sentences[reason]}"
            )


def _named(rulebook: Rulebook) -> dict[str, str]:
    return {"name": rulebook.name, "title": rulebook.title, "digest": rulebook.digest}


def _version(kind: str, methodology: Methodology, *, is_draft: bool) -> dict[str, object]:
    return {
        "kind": kind,
        "title": methodology.title,
        "version": methodology.version,
        "digest": methodology.digest,
        "effective_from": methodology.effective_from.isoformat(),
        "source": "draft" if is_draft else "in_force",
    }


def _sums(sums: Sums) -> dict[str, int]:
    return asdict(sums)


def _section(
    title: str, headings: tuple[str, ...], rows: list[tuple[tuple[str, ...], Sums]]
) -> Iterator[str]:
    yield ""
    yield title
    columns = (*headings, "次数", "拒绝", "原积分", "新积分", "积分变化", "原减排 kg", "新减排 kg")
    yield from _indented(
        columns,
        [
            (
                *names,
                f"{sums.actions:,}",
                f"{sums.refused:,}",
                *_points(sums.points_before_mpt, sums.points_after_mpt),
                _thousandth(sums.reduction_before_mg // 1000),
                _thousandth(sums.reduction_after_mg // 1000),
            )
            for names, sums in rows
        ],
    )


def _indented(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    return (f"  {line}" for line in table(headings, rows))


def _points(before_mpt: int, after_mpt: int) -> tuple[str, str, str]:
    change = after_mpt - before_mpt
    share = f"（{Decimal(change * 100) / before_mpt:+.1f}%）" if before_mpt else ""
    sign = "+" if change > 0 else ""
    return _thousandth(before_mpt), _thousandth(after_mpt), f"{sign}{_thousandth(change)}{share}"


def _thousandth(amount: int) -> str:
    """An amount of thousandths with one decimal."""
    return f"{Decimal(amount) / 1000:,.1f}"
