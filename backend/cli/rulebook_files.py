"""Days and folders of rules on the command line, and what is said of a folder gone wrong."""

from pathlib import Path
from typing import NoReturn

import click

from backend.cli import BAD_INPUT
from credit_rules import Rulebook, RulebookError, load_rulebook

WRONG = 1
DAY = click.DateTime(formats=["%Y-%m-%d"])
FOLDER = click.Path(path_type=Path)


def load_rules(folder: Path | None) -> Rulebook:
    """The rulebook of a folder, else the shipped one; what is wrong is said, and the code is 2."""
    try:
        return load_rulebook(folder)
    except RulebookError as error:
        refuse_rulebook(error)


def refuse_rulebook(error: RulebookError) -> NoReturn:
    """Say the first thing wrong with a folder in one line, and leave with 2."""
    first, *others = error.problems
    more = f"（另有 {len(others)} 处，请运行 tanpuhui rules validate 查看。）" if others else ""
    click.echo(f"{first}{more}", err=True)
    raise click.exceptions.Exit(BAD_INPUT) from error
