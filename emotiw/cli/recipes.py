"""`emotiw recipes list|show`."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument

from emotiw.cli.completion import recipes
from emotiw.cli.stage import AsJson, print_json, print_table

app = typer.Typer(help="The recipes that come along.", no_args_is_help=True)


@app.command(name="list")
def list_recipes(as_json: AsJson = False) -> None:
    """List every recipe that comes along, and its command; to `run`, the name does for a file.

    emotiw recipes list
    """
    from emotiw.runs.recipe import packaged_recipes
    from emotiw.runs.recipe_kinds import described

    names, rows = ("name", "command", "about"), described(packaged_recipes())
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table(names, rows, box=None)


@app.command()
def show(
    name: Annotated[
        str, Argument(metavar="RECIPE", help="A recipe that comes along.", autocompletion=recipes)
    ],
    as_json: AsJson = False,
) -> None:
    """Print a recipe, to be copied and changed.

    emotiw recipes show afew > mine.yaml
    """
    from emotiw.core.config import read_document
    from emotiw.runs.recipe import recipe_path

    path = recipe_path(name)
    if as_json:
        print_json({"name": path.stem, "recipe": read_document(path).data})
    else:
        print(path.read_text(encoding="utf-8"), end="")
