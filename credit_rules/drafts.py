"""A draft of the rules laid over those in force, to see what it would have done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from credit_rules.errors import NotInForce
from credit_rules.methodology import Methodology
from credit_rules.rulebook import Rulebook


class AppliedVersion(NamedTuple):
    """The methodology that judges an action under a draft, and the day whose factors it takes."""

    methodology: Methodology
    as_of: date


@dataclass(frozen=True, slots=True)
class Draft:
    """Draft versions over a rulebook in force.

    Args:
        rulebook: the draft, checked as if it were published.
        current: the rulebook in force; it judges the kinds that the draft does not hold.
        new: by kind of action, the versions the rulebook in force does not have, or has with other
            shared figures, oldest first.
        changed: of the latter by id and version, the first day on which a figure differs.
    """

    rulebook: Rulebook
    current: Rulebook
    new: Mapping[str, tuple[Methodology, ...]]
    changed: Mapping[tuple[str, int], date]

    def applied(self, kind: str, on: date) -> AppliedVersion:
        """What an action of a day is judged by.

        A kind without a new version keeps the one in force on that day. A new version judges also
        the days before its first, with the factors of its first day: a draft begins in the future,
        the history lies in the past.

        Args:
            kind: the kind of action, the id of its methodology.
            on: the Asia/Shanghai day of the action.

        Raises:
            NotInForce: there is no such kind, or none of its versions holds on that day.
        """
        line = self.new.get(kind)
        if line is None:
            return AppliedVersion(self._holder(kind).methodology(kind, on), on)
        begun = [methodology for methodology in line if methodology.effective_from <= on]
        chosen = begun[-1] if begun else line[0]
        since = self.changed.get((kind, chosen.version), chosen.effective_from)
        as_of = max(on, since)
        if not chosen.holds(as_of):
            raise NotInForce(
                kind, on, f"草案的最后一版已于 {chosen.effective_until} 失效，请核对日期。"
            )
        return AppliedVersion(chosen, as_of)

    def version(self, kind: str, version: int) -> Methodology:
        """A version that judges actions of a kind under the draft, by its number.

        Raises:
            UnknownMethodology: there is no such kind or version.
        """
        return self._holder(kind).version(kind, version)

    def _holder(self, kind: str) -> Rulebook:
        return self.rulebook if kind in self.rulebook.versions else self.current


def draft_over(current: Rulebook, rulebook: Rulebook) -> Draft:
    """Tells which versions of a rulebook are new against the one in force."""
    known = {methodology.digest: methodology for methodology in current.all_versions()}
    changed = {
        (methodology.id, methodology.version): min(days)
        for methodology in rulebook.all_versions()
        if (earlier := known.get(methodology.digest)) is not None
        and (days := _differing(earlier, methodology))
    }
    new = {
        kind: tuple(m for m in line if m.digest not in known or (kind, m.version) in changed)
        for kind, line in rulebook.versions.items()
    }
    return Draft(rulebook, current, {kind: line for kind, line in new.items() if line}, changed)


def _differing(one: Methodology, other: Methodology) -> set[date]:
    """The days from which shared figures of the same version differ."""
    figures = (_figures(one), _figures(other))
    return {start for _, start, _ in figures[0] ^ figures[1]}


def _figures(methodology: Methodology) -> set[tuple[str, date, str]]:
    """Every dated figure a version uses: where it stands, from which day, what it says."""
    doc = methodology.doc
    shared = {
        (step.shared, start, repr(value)) for step in doc.steps for start, value in step.dated
    }
    return shared | {
        (name, dated.start, dated.factor.text)
        for name, parameter in doc.parameters.items()
        for dated in parameter.values
    }
