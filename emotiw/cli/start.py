"""`emotiw start`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from emotiw.cli.stage import AsJson, Quiet, print_json, progress_of

if TYPE_CHECKING:
    from emotiw.challenges.proposal import Proposal
    from emotiw.challenges.start_choices import Choices, Question


def start(
    folder: Annotated[Path, Argument(help="Of videos, photographs or recordings of your own.")],
    out: Annotated[
        Path | None, Option(help="The recipe to write; FOLDER's name here by default.")
    ] = None,
    challenge: Annotated[
        str | None, Option(help="A challenge whose layout it is; none for none that is known.")
    ] = None,
    labels: Annotated[str | None, Option(help="folders, a column of the table, or none.")] = None,
    speakers: Annotated[
        str | None, Option(help="A pattern that finds the speaker in a clip's path; or unknown.")
    ] = None,
    table: Annotated[
        str | None, Option(help="The table beside the clips; none to read none.")
    ] = None,
    task: Annotated[str | None, Option(help="What numbers are: labels or numbers.")] = None,
    is_agreed: Annotated[
        bool, Option("--yes", "-y", help="Ask nothing: take what is likeliest, and warn.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Look at a folder of clips of your own; write a recipe for it, and read it a first time.

    emotiw start clips && emotiw run clips.yaml
    """
    from emotiw.challenges.start_choices import Choices
    from emotiw.cli.run_log import with_log
    from emotiw.core.errors import ConfigError
    from emotiw.core.progress import Knowing
    from emotiw.runs.first_recipe import settled, write_first_recipe
    from emotiw.runs.run import open_run
    from emotiw.runs.stages.index import index

    asks = not is_agreed and is_terminal()
    choices = Choices(challenge, labels, speakers, table, task)
    proposal = _asked(folder, choices) if asks else settled(folder, choices)
    if not as_json:
        print("\n".join([f"{folder}:", *(f"  {line}" for line in proposal.told)]))
    for doubt in [*proposal.doubts, *(proposal.warnings if asks else ())]:
        print(f"warning: {doubt}", file=sys.stderr)
    if asks:
        typer.confirm("Is that right?", default=True, abort=True)
    elif not is_agreed:
        raise ConfigError("nothing is written: say --yes where there is no terminal to ask on")
    started = write_first_recipe(proposal, out)
    shown = Knowing(progress_of(quiet, as_json), proposal.warnings if asks else ())
    run = with_log(open_run(started.recipe, progress=shown))
    cohort = index(run)
    if as_json:
        written = {"recipe": str(started.recipe), "challenge": run.recipe.settings.challenge}
        print_json({**written, "clips": len(cohort), **_told(proposal)})
        return
    print(f"{started.recipe} is written; {run.manifest_path} has {len(cohort)} clips")
    print(f"next: emotiw run {started.recipe}")


def is_terminal() -> bool:
    """Return whether there is a person to ask."""
    return sys.stdin.isatty()


def _asked(folder: Path, choices: Choices) -> Proposal:
    """Return what the folder seems to be, once a person has answered what is not clear."""
    from emotiw.challenges.proposal import look
    from emotiw.runs.first_recipe import answered

    while (proposal := look(folder, choices)).questions:
        question = proposal.questions[0]
        choices = answered(choices, question, _answer(question))
    return proposal


def _answer(question: Question) -> str:
    values = list(question.options)
    print(question.text)
    for number, value in enumerate(values, start=1):
        print(f"  {number}  {value}: {question.options[value]}")
    default = None if question.default is None else values.index(question.default) + 1
    number = 0
    while not 1 <= number <= len(values):
        number = int(typer.prompt(f"1 to {len(values)}", type=int, default=default))
    return values[number - 1]


def _told(proposal: Proposal) -> dict[str, list[str]]:
    return {"told": proposal.told, "doubts": [*proposal.doubts, *proposal.warnings]}
