"""One line of the table that `make bench` prints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One figure with its target.

    Attributes:
        name: what was measured; a leading space sets it under the row above.
        value: the figure.
        unit: its unit.
        target: what it is held to; None for a figure that is only compared.
        at_least: on which side of the target it must lie.
        binding: whether a missed target fails the run. Times are told beside their target; what
            fails is a ratio to a floor of the same run, for machines differ.
    """

    name: str
    value: float
    unit: str
    target: float | None
    at_least: bool
    binding: bool = True

    @property
    def good(self) -> bool:
        """Whether the target is met."""
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target

    def __str__(self) -> str:
        if self.target is None:
            return f"{self.name:<44} {self.value:>12,.2f} {self.unit}"
        sign = ">=" if self.at_least else "<="
        verdict = "ok" if self.good else "MISSED"
        return (
            f"{self.name:<44} {self.value:>12,.2f} {self.unit:<3} "
            f"({sign} {self.target:g})  {verdict}"
        )
