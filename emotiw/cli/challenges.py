"""`emotiw challenges list|show|new`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from emotiw.cli.completion import challenges_or_files
from emotiw.cli.stage import AsJson, ChallengeName, print_json, print_table

app = typer.Typer(
    help="The challenges that are known, and a beginning for your own.", no_args_is_help=True
)


@app.command(name="list")
def list_challenges(
    task: Annotated[
        str | None, Option(help="Only about groups, engagement, …; or classification, regression.")
    ] = None,
    year: Annotated[int | None, Option(help="Only of this year.")] = None,
    modality: Annotated[str | None, Option(help="Only with audio, video or image.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the challenges that come along; a line each where the list goes to another program.

    emotiw challenges list --task groups --modality video
    """
    from emotiw.challenges.catalogue import summaries

    lines = summaries(task=task, year=year, modality=modality)
    if as_json:
        print_json(lines)
        return
    columns: tuple[str, ...] = ("name", "title", "metric")
    if not sys.stdout.isatty():
        columns = ("name", "title", "topic", "answers", "metric")
    print_table(columns, [[line[name] for name in columns] for line in lines])
    if not lines:
        print("none fits", file=sys.stderr)


@app.command()
def show(name: ChallengeName, as_json: AsJson = False) -> None:
    """Show what is known of a challenge: its folder as a tree, labels, metric, sources.

    emotiw challenges show afew2017
    """
    from emotiw.challenges.catalogue import describe, layout_of
    from emotiw.challenges.spec import load_spec

    spec = load_spec(name)
    if as_json:
        print_json({**spec.model_dump(mode="json"), "tree": layout_of(spec)})
    else:
        print(describe(spec))


@app.command()
def new(
    path: Annotated[Path, Argument(help="The YAML file to make, <name>.yaml.")],
    extends: Annotated[
        str | None,
        Option(
            help="A challenge that yours differs from in a few things.",
            autocompletion=challenges_or_files,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Begin the description of a challenge of your own.

    emotiw challenges new mine.yaml
    """
    from emotiw.challenges.catalogue import new_spec

    written = new_spec(path, base=extends)
    if as_json:
        print_json({"challenge": written})
    else:
        print(f"{written}: fill it in, then `challenge: {path}` in a recipe")
