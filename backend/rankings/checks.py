"""Whether roll-ups follow from the actions, and boards from the roll-ups."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import text

from backend.clock import business_day
from backend.invariants import Books, Check, Finding, Invariant
from backend.rankings import closing, jobs, queries, seasons, service
from backend.rankings.policy import Board, season_of
from backend.rankings.queries import Group

# Work this young is on its way: what it concerns may still differ. Times are the database's own,
# as everywhere in the outbox.
_TOUCHED = text("""
SELECT DISTINCT a.member_id, a.department_id, a.occurred_on
  FROM outbox o JOIN action a ON a.id = (o.payload ->> 'action_id')::bigint
 WHERE o.kind = 'award.posted'
   AND ((o.done_at IS NULL AND o.created_at > now() - interval '10 minutes')
        OR o.done_at > now() - interval '1 minute')
""")


def _on_their_way(books: Books) -> list[tuple[int, int | None, date]]:
    """Members, departments and days with an award that a moment ago came, or is about to."""
    return [(member, department, day) for member, department, day in books.db.execute(_TOUCHED)]


def _rolled_up(books: Books) -> Iterator[Finding]:
    settling = {(department, day) for _, department, day in _on_their_way(books)}
    for department, day in sorted(jobs.differences(books.db) - settling):
        yield Finding(
            Invariant.RANKING, f"department {department}", f"{day} 的汇总与行为记录不一致。"
        )


def _credited(books: Books) -> Iterator[Finding]:
    """Every season that was opened, closed ones included."""
    settling = {(season_of(day).name, member) for member, _, day in _on_their_way(books)}
    for season, member in sorted(jobs.season_differences(books.db) - settling):
        yield Finding(
            Invariant.RANKING, f"member {member}", f"{season} 榜期的个人汇总与行为记录不一致。"
        )
    for season, board, group in sorted(jobs.group_differences(books.db)):
        yield Finding(
            Invariant.RANKING, f"{board} {group}", f"{season} 榜期的合计与个人汇总不一致。"
        )


def _closed(books: Books) -> Iterator[Finding]:
    for season in closing.differences(books.db):
        yield Finding(Invariant.RANKING, f"season {season.name}", "截算后的结果与留存的摘要不符。")


def _published(books: Books) -> Iterator[Finding]:
    """Compares the running season's boards; a board that Redis lacks is read from the roll-ups."""
    season = season_of(business_day(books.now))
    members = sorted({m for m, _, day in _on_their_way(books) if season_of(day) == season})
    settling = seasons.groups_of_members(books.db, season, members)
    for board in Board:
        shown = service.published(books.redis, board=board, season=season)
        if shown is None:
            continue
        true = {group.id: group for group in queries.groups(books.db, board=board, season=season)}
        for group in shown:
            if group.id in settling.get(board, ()) or _same(group, true.get(group.id)):
                continue
            yield Finding(
                Invariant.RANKING,
                f"{board.value} {group.id}",
                f"榜单显示 {group.points_mpt} mpt，汇总得出的是另一个数。",
            )


def _same(shown: Group, true: Group | None) -> bool:
    """Whether the figures agree; names and headcounts follow within a refresh."""
    return true is not None and (shown.points_mpt, shown.reduction_mg, shown.actions) == (
        true.points_mpt,
        true.reduction_mg,
        true.actions,
    )


CHECKS: tuple[Check, ...] = (
    # First of all: the boards are read now, the database as it was at the start.
    Check("rankings.boards", "榜单与汇总一致", (Invariant.RANKING,), _published),
    Check("rankings.rollups", "部门日汇总与行为记录一致", (Invariant.RANKING,), _rolled_up),
    Check("rankings.seasons", "各榜期的汇总与行为记录一致", (Invariant.RANKING,), _credited),
    Check("rankings.closed", "已截算的榜期与摘要相符", (Invariant.RANKING,), _closed),
)
