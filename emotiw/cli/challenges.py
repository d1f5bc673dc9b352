"""`emotiw challenges list|show|new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from emotiw.cli.stage import AsJson, ChallengeName, print_json, print_table

app = typer.Typer(
    help="The challenges that are known, and a beginning for your own.", no_args_is_help=True
)


@app.command(name="list")
def list_challenges(as_json: AsJson = False) -> None:
    """List every challenge that comes along."""
    from emotiw.challenges.catalogue import summaries

    lines = summaries()
    if as_json:
        print_json(lines)
        return
    columns = ("name", "title", "unit", "answers", "metric", "submission", "attempts")
    cells = ([line[column] for column in columns] for line in lines)
    print_table(columns, (["" if cell is None else str(cell) for cell in row] for row in cells))


@app.command()
def show(name: ChallengeName, as_json: AsJson = False) -> None:
    """Show what is known of a challenge, from where, and how sure it is."""
    from emotiw.challenges.catalogue import describe
    from emotiw.challenges.spec import load_spec

    spec = load_spec(name)
    if as_json:
        print_json(spec.model_dump(mode="json"))
    else:
        print(describe(spec))


@app.command()
def new(
    path: Annotated[Path, Argument(help="The YAML file to make, <name>.yaml.")],
    extends: Annotated[
        str | None, Option(help="A challenge that yours differs from in a few things.")
    ] = None,
) -> None:
    """Begin the description of a challenge of your own."""
    from emotiw.challenges.catalogue import new_spec

    print(f"{new_spec(path, base=extends)}: fill it in, then `challenge: {path}` in a recipe")
