"""A member's footprint: kept answers, the estimate, and the comparison they may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, delete
from sqlalchemy.dialects.postgresql import insert

from backend.actions.totals import member_totals
from backend.clock import business_day
from backend.errors import FieldError, InvalidInputError, UnavailableError
from backend.footprint import queries
from backend.footprint.models import FootprintAnswers
from backend.footprint.policy import totals_of
from backend.footprint.queries import Answered
from credit_rules import FactsRefused, NotInForce, Rulebook
from credit_rules.footprint import (
    Estimate,
    PeerComparison,
    Questionnaire,
    Questionnaires,
    compare_with_median,
    estimate,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a member answers.

    Attributes:
        answers: by name of the question, as text; what is left out is assumed and marked.
        region: whose electricity and assumptions are meant; None for the questionnaire's own.
        radiative_forcing: whether flights count their non-CO2 effects.
        counted: whether the total may be counted, without a name, in the median of the member's
            institution.
    """

    answers: Mapping[str, str]
    region: str | None = None
    radiative_forcing: bool = False
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Footprint:
    """A member's footprint of the twelve months up to a day.

    Attributes:
        after: the Asia/Shanghai day before those months.
        until: their last day.
        answered: the answers it stands on; None where everything is assumed.
        estimate: low, middle and high by line and category.
        comparison: with the median of the institution, on answers alone; None without answers, an
            institution, or five people.
    """

    after: date
    until: date
    answered: Answered | None
    estimate: Estimate
    comparison: PeerComparison | None


def questionnaire_on(questionnaires: Questionnaires, day: date) -> Questionnaire:
    """The questionnaire of a day.

    Raises:
        UnavailableError: there is none.
    """
    try:
        return questionnaires.on(day)
    except NotInForce as error:
        raise UnavailableError("碳足迹问卷还没有生效，请过几天再来。") from error


def answer(
    db: Connection, questionnaires: Questionnaires, *, member_id: int, reply: Reply, now: datetime
) -> None:
    """Keeps a member's answers in place of those before.

    Raises:
        InvalidInputError: an answer cannot be used; every such field is named.
        UnavailableError: no questionnaire is in force.
    """
    questionnaire = questionnaire_on(questionnaires, business_day(now))
    found = _estimated(questionnaire, reply)
    values = {
        "answers": dict(reply.answers),
        "region": found.region,
        "radiative_forcing": reply.radiative_forcing,
        "counted": reply.counted,
        "questionnaire_version": questionnaire.version,
        "total_mg": found.total.mid,
        "answered_at": now,
    }
    db.execute(
        insert(FootprintAnswers)
        .values(member_id=member_id, **values)
        .on_conflict_do_update(index_elements=[FootprintAnswers.member_id], set_=values)
    )


def withdraw(db: Connection, *, member_id: int) -> None:
    """Forgets a member's answers; without any, nothing happens."""
    db.execute(delete(FootprintAnswers).where(FootprintAnswers.member_id == member_id))


def footprint_of(
    db: Connection,
    rulebook: Rulebook,
    questionnaires: Questionnaires,
    *,
    member_id: int,
    institution_id: int | None,
    now: datetime,
) -> Footprint:
    """A member's own footprint of the last twelve months, with their logged actions in it.

    Args:
        db: any transaction.
        rulebook: with every version the actions were credited under.
        questionnaires: every version of the questionnaire.
        member_id: who asks; nobody else may.
        institution_id: where they belong today, None for citizens.
        now: the present instant.

    Raises:
        UnavailableError: no questionnaire is in force.
    """
    today = business_day(now)
    questionnaire = questionnaire_on(questionnaires, today)
    after = _year_before(today)
    answered = queries.answers_of(db, member_id)
    logged = member_totals(db, member_id, after=after, until=today)
    reply = _usable(questionnaire, answered)
    return Footprint(
        after=after,
        until=today,
        answered=answered,
        estimate=estimate(
            questionnaire,
            reply.answers,
            region=reply.region,
            radiative_forcing=reply.radiative_forcing,
            actions=totals_of(rulebook, questionnaire, logged),
        ),
        comparison=None
        if answered is None or institution_id is None
        else compare_with_median(
            _estimated(questionnaire, reply).total.mid,
            queries.counted_totals(
                db, institution_id, on=today, questionnaire_version=questionnaire.version
            ),
        ),
    )


def _estimated(questionnaire: Questionnaire, reply: Reply) -> Estimate:
    """The estimate of answers alone.

    Raises:
        InvalidInputError: an answer cannot be used.
    """
    try:
        return estimate(
            questionnaire,
            reply.answers,
            region=reply.region,
            radiative_forcing=reply.radiative_forcing,
        )
    except FactsRefused as refused:
        fields = [
            FieldError(p.field if p.field == "region" else f"answers.{p.field}", p.code, p.sentence)
            for p in refused.problems
        ]
        raise InvalidInputError(fields[0].message, fields=fields) from refused


def _usable(questionnaire: Questionnaire, answered: Answered | None) -> Reply:
    """The answers as far as this version of the questionnaire still takes them."""
    if answered is None:
        return Reply({})
    reply = Reply(answered.answers, answered.region, answered.radiative_forcing)
    while True:
        try:
            _estimated(questionnaire, reply)
        except InvalidInputError as error:
            refused = {fault.field.removeprefix("answers.") for fault in error.fields}
            kept = {name: text for name, text in reply.answers.items() if name not in refused}
            region = None if "region" in refused else reply.region
            reply = replace(reply, answers=kept, region=region)
        else:
            return reply


def _year_before(day: date) -> date:
    """The same day a year before; the last of February for the 29th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
