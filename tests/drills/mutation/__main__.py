"""`python -m tests.drills.mutation`: run mutants of `credit_rules`, name the survivors, score."""

import json
from collections import Counter
from pathlib import Path
from random import Random

import click

from tests.drills.mutation.mutants import all_mutants
from tests.drills.mutation.running import MutantVerdict, passes_unchanged, verdicts


@click.command(help=__doc__)
@click.option("--sample", default=0, help="How many mutants, drawn by the seed; 0 takes all.")
@click.option("--seed", default=1, show_default=True)
@click.option("--only", default="credit_rules", help="Beginning of the names of modules.")
@click.option("--workers", default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Verdicts as JSON.")
def main(sample: int, seed: int, only: str, workers: int, out: Path | None) -> None:
    """Run mutants."""
    mutants = [mutant for mutant in all_mutants() if mutant.module.startswith(only)]
    if 0 < sample < len(mutants):
        mutants = Random(seed).sample(mutants, sample)  # noqa: S311 - a reproducible sample
    if not passes_unchanged():
        raise click.ClickException("the tests fail without any mutant")
    found: list[MutantVerdict] = []
    for verdict in verdicts(mutants, workers):
        found.append(verdict)
        if verdict.said == "survived":
            click.echo(str(verdict.mutant))
        if out is not None:
            out.write_text(json.dumps([_row(v) for v in found], ensure_ascii=False, indent=0))
    said = Counter(verdict.said for verdict in found)
    killed = len(found) - said["survived"]
    click.echo(
        f"{killed} of {len(found)} killed ({said['timeout']} by time): "
        f"{100 * killed / len(found):.1f} %"
    )


def _row(verdict: MutantVerdict) -> dict[str, object]:
    return {**verdict.mutant._asdict(), "said": verdict.said, "seconds": round(verdict.seconds, 1)}


main()
