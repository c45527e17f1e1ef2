"""The rulebook: every methodology in every version, and which one holds on a day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from credit_rules.assessing import Assessment, assess_methodology
from credit_rules.errors import NotInForce, UnknownMethodology, nearest
from credit_rules.facts import Facts
from credit_rules.methodology import Methodology
from credit_rules.standards_model import Standards


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A checked set of methodologies.

    Args:
        name: name of the rulebook.
        title: Chinese title.
        digest: SHA-256 over the canonical form of all methodologies, factors and standards.
        standards: evidence tables, waste classes, footprint categories, plausible bands.
        versions: the versions of each methodology by id, in order of their dates.
        starts: the first days of those versions.
    """

    name: str
    title: str
    digest: str
    standards: Standards
    versions: Mapping[str, tuple[Methodology, ...]]
    starts: Mapping[str, tuple[date, ...]]

    def methodology(self, methodology_id: str, on: date) -> Methodology:
        """The version in force on a day.

        Raises:
            UnknownMethodology: there is no methodology of that id.
            NotInForce: the day is before the first version or after the last.
        """
        versions = self._known(methodology_id)
        index = bisect_right(self.starts[methodology_id], on) - 1
        if index < 0:
            raise NotInForce(
                methodology_id,
                on,
                f"最早的版本自 {versions[0].effective_from} 起生效，请核对日期。",
            )
        found = versions[index]
        if found.effective_until is not None and on > found.effective_until:
            raise NotInForce(
                methodology_id, on, f"最后的版本已于 {found.effective_until} 失效，请核对日期。"
            )
        return found

    def version(self, methodology_id: str, version: int) -> Methodology:
        """A methodology in one version, in force or not.

        Raises:
            UnknownMethodology: there is no such methodology or version.
        """
        versions = self._known(methodology_id)
        for methodology in versions:
            if methodology.version == version:
                return methodology
        numbers = "、".join(str(methodology.version) for methodology in versions)
        raise UnknownMethodology(
            methodology_id, None, f"没有第 {version} 版，可用的版本：{numbers}。"
        )

    def in_force(self, on: date) -> tuple[Methodology, ...]:
        """The methodologies in force on a day, by id."""
        return tuple(
            methodology
            for methodology_id in sorted(self.versions)
            for methodology in self.versions[methodology_id]
            if methodology.holds(on)
        )

    def all_versions(self) -> tuple[Methodology, ...]:
        """Every methodology in every version, by id and date."""
        return tuple(m for key in sorted(self.versions) for m in self.versions[key])

    @property
    def published(self) -> dict[str, str]:
        """The digests that ``lock.json`` keeps: of every version and every shared figure."""
        versions = {f"{m.id}@{m.version}": m.digest for m in self.all_versions()}
        return {**versions, **self.standards.published}

    def _known(self, methodology_id: str) -> tuple[Methodology, ...]:
        versions = self.versions.get(methodology_id)
        if versions is None:
            raise UnknownMethodology(methodology_id, None, nearest(methodology_id, self.versions))
        return versions


def assess(rules: Rulebook | Methodology, facts: Facts) -> Assessment:
    """Assess one action.

    Args:
        rules: a rulebook, from which the version of the day is taken, or one methodology.
        facts: the facts of the action.

    Returns:
        The integers, what to add to the counters, and the trace.

    Raises:
        NotInForce: no version of the methodology is in force on that day.
        FactsRefused: something about the facts is refused; nothing was assessed.
    """
    if isinstance(rules, Rulebook):
        rules = rules.methodology(facts.methodology_id, facts.on)
    return assess_methodology(rules, facts)
