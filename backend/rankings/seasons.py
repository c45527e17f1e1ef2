"""Seasons: opened once, with roster and measure frozen; sums that follow from the actions.

The sums are computed from the actions, never added to. Whoever calls holds the lock of the
roll-ups (`jobs`).
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.actions.totals import MemberMonthTotal, member_month_totals
from backend.rankings import roster
from backend.rankings.index import (
    DIGITS,
    PARAMETER_DIGITS,
    ROOT_SCALE,
    IndexScore,
    Moments,
    SeasonParameters,
    estimate_parameters,
    index_of,
    root,
)
from backend.rankings.policy import CAP_MPT, MIN_GROUP, Board, Season, season_before
from backend.rankings.queries import GroupSums, measure_of, season_record, sums_from_members

_OPEN = text("""
INSERT INTO ranking_season (name, first_day, last_day, cap_mpt, provisional)
SELECT :name, :first, :last, :cap,
       NOT EXISTS (SELECT FROM ranking_season WHERE first_day < :first)
ON CONFLICT DO NOTHING
""")
_CREDIT = text("""
UPDATE season_member m
   SET points_mpt = t.points_mpt, reduction_mg = t.reduction_mg, actions = t.actions, root = t.root
  FROM unnest(CAST(:members AS bigint[]), CAST(:points AS bigint[]), CAST(:reductions AS bigint[]),
              CAST(:actions AS bigint[]), CAST(:roots AS bigint[]))
       AS t(member_id, points_mpt, reduction_mg, actions, root)
 WHERE m.season = :season AND m.member_id = t.member_id
   AND (m.points_mpt, m.reduction_mg, m.actions, m.root)
       IS DISTINCT FROM (t.points_mpt, t.reduction_mg, t.actions, t.root)
""").bindparams(
    *(
        bindparam(name, type_=ARRAY(BigInteger()))
        for name in ("members", "points", "reductions", "actions", "roots")
    )
)
_CREDITED = text("""
SELECT member_id FROM season_member
 WHERE season = :season AND (points_mpt, reduction_mg, actions, root) <> (0, 0, 0, 0)
""")
_MEASURE = text("""
INSERT INTO season_measure (season, board, mu, sigma2, tau2, taken_from)
VALUES (:season, :board, :mu, :sigma2, :tau2, :taken_from)
ON CONFLICT (season, board) DO UPDATE
   SET mu = excluded.mu, sigma2 = excluded.sigma2, tau2 = excluded.tau2
""")
_GONE = text("""
DELETE FROM season_group WHERE season = :season AND board = :board
   AND (CAST(:ids AS bigint[]) IS NULL OR group_id = ANY(:ids)) AND NOT group_id = ANY(:kept)
""").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger())), bindparam("kept", type_=ARRAY(BigInteger()))
)
_FIGURES = (
    *("people", "active", "joined", "capped", "points_mpt", "reduction_mg", "actions"),
    *("roots", "squares", "index_e10", "low80_e10", "high80_e10"),
)
_KEEP = text(f"""
INSERT INTO season_group (season, board, group_id, {", ".join(_FIGURES)})
VALUES (:season, :board, :group_id, {", ".join(f":{name}" for name in _FIGURES)})
ON CONFLICT (season, board, group_id) DO UPDATE
   SET {", ".join(f"{name} = excluded.{name}" for name in _FIGURES)}
""")
_NOTHING = MemberMonthTotal(0, 0, 0, 0)


def open_season(db: Connection, season: Season) -> None:
    """Opens a season with its roster and measure; an open one stays as it is.

    The provisional one is joined by who belongs somewhere by now.
    """
    opened = db.execute(
        _OPEN,
        {
            "name": season.name,
            "first": season.first,
            "last": season.last,
            "cap": CAP_MPT,
        },
    ).rowcount
    provisional = season_record(db, season).provisional
    if not opened and not provisional:
        return
    if roster.enlist(db, season, whole_month=provisional) or opened:
        credit(db, season, None)


def credit(
    db: Connection, season: Season, member_ids: Collection[int] | None
) -> dict[Board, list[int]]:
    """Recomputes what counts of people, and the sums of the groups they stand in.

    Args:
        db: the caller's transaction.
        season: an open one.
        member_ids: whose; None for everybody's.

    Returns:
        The groups recomputed, by board.
    """
    asked = None if member_ids is None else sorted(member_ids)
    totals = member_month_totals(db, first=season.first, last=season.last, member_ids=asked)
    concerned = db.scalars(_CREDITED, {"season": season.name}) if asked is None else asked
    _credit_members(db, season, totals, concerned)
    if asked is None or _moves_by_itself(db, season):
        return {board: _regroup(db, season, board, None) for board in Board}
    groups = groups_of_members(db, season, asked)
    return {board: _regroup(db, season, board, ids) for board, ids in groups.items()}


def _credit_members(
    db: Connection, season: Season, totals: Sequence[MemberMonthTotal], concerned: Iterable[int]
) -> None:
    """Writes the totals; those concerned without one have nothing."""
    by_member = dict.fromkeys(concerned, _NOTHING) | {t.member_id: t for t in totals}
    cap = Fraction(season_record(db, season).cap_mpt, 1000)
    found = by_member.values()
    db.execute(
        _CREDIT,
        {
            "season": season.name,
            "members": list(by_member),
            "points": [total.points_mpt for total in found],
            "reductions": [total.reduction_mg for total in found],
            "actions": [total.actions for total in found],
            "roots": [root(Fraction(total.points_mpt, 1000), cap) for total in found],
        },
    )


def _moves_by_itself(db: Connection, season: Season) -> bool:
    """Whether the measure of a board is the season's own, so that every group moves with it."""
    return any(
        measure is None or measure.taken_from == season.name
        for measure in (measure_of(db, board=board, season=season) for board in Board)
    )


_GROUPS_OF = text("""
SELECT DISTINCT unit_id, institution_id, district_id FROM season_member
 WHERE season = :season AND member_id = ANY(:ids)
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger())))


def groups_of_members(
    db: Connection, season: Season, member_ids: Sequence[int]
) -> dict[Board, list[int]]:
    """By board, the ids of the groups in which these members are counted in a season."""
    rows = db.execute(_GROUPS_OF, {"season": season.name, "ids": list(member_ids)}).all()
    return {
        board: sorted({row[column] for row in rows if row[column] is not None})
        for column, board in enumerate(Board)
    }


def _regroup(db: Connection, season: Season, board: Board, ids: list[int] | None) -> list[int]:
    """Recomputes the sums and indices of groups; returns their ids."""
    sums = sums_from_members(db, board=board, season=season, ids=ids)
    if ids is None:
        _measure(db, season, board, sums)
    measure = measure_of(db, board=board, season=season)
    rows = [
        {
            "season": season.name,
            "board": board.value,
            "group_id": each.group_id,
            **{name: getattr(each, name) for name in _FIGURES[:9]},
            **_scored(each, None if measure is None else measure.parameters),
        }
        for each in sums
    ]
    kept = [each.group_id for each in sums]
    db.execute(_GONE, {"season": season.name, "board": board.value, "ids": ids, "kept": kept})
    if rows:
        db.execute(_KEEP, rows)
    return kept


def _scored(sums: GroupSums, parameters: SeasonParameters | None) -> dict[str, int | None]:
    scored = None if parameters is None else index_of(sums.people, sums.roots, parameters)
    return {f"{name}_e10": _e10(scored, name) for name in ("index", "low80", "high80")}


def _e10(scored: IndexScore | None, name: str) -> int | None:
    figure = None if scored is None else getattr(scored, name)
    return None if figure is None else int(figure.scaleb(DIGITS))


def _measure(db: Connection, season: Season, board: Board, own: Sequence[GroupSums]) -> None:
    """Freezes what a board is measured by: the season before; where that says nothing, itself."""
    stored = measure_of(db, board=board, season=season)
    if stored is not None and stored.taken_from != season.name:
        return
    taken_from, parameters = season_before(season), None
    if stored is None:
        parameters = estimated(sums_from_members(db, board=board, season=taken_from, ids=None))
    if parameters is None:
        taken_from, parameters = season, estimated(own) or _alone(own)
    if parameters is None:
        return
    db.execute(
        _MEASURE,
        {
            "season": season.name,
            "board": board.value,
            **{name: _decimal(getattr(parameters, name)) for name in ("mu", "sigma2", "tau2")},
            "taken_from": taken_from.name,
        },
    )


def estimated(groups: Iterable[GroupSums]) -> SeasonParameters | None:
    """The parameters that groups leave to the next season; None where nothing swings."""
    found = estimate_parameters(
        (Moments(each.people, each.roots, each.squares) for each in groups),
        Fraction(CAP_MPT, 1000),
    )
    return found if found is not None and found.sigma2 else None


def _alone(groups: Sequence[GroupSums]) -> SeasonParameters | None:
    """Where groups cannot be compared their mean is the measure, and nothing swings."""
    large = [each for each in groups if each.people >= MIN_GROUP]
    people = sum(each.people for each in large)
    if not people:
        return None
    mean = round(Fraction(sum(each.roots for each in large), ROOT_SCALE * people), PARAMETER_DIGITS)
    return SeasonParameters(mean, Fraction(0), Fraction(0), Fraction(CAP_MPT, 1000))


def _decimal(value: Fraction) -> Decimal:
    """A parameter as it is stored: it has `index.PARAMETER_DIGITS` decimals."""
    return Decimal(value.numerator) / Decimal(value.denominator)
