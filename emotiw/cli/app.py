"""The command line: one command per stage, one for all of them; imports are paid when used."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from emotiw import __version__
from emotiw.cli import attempts, challenges, data, faces, recipes, store, weights
from emotiw.cli.ablate import ablate
from emotiw.cli.backbone import train_backbone
from emotiw.cli.compare import compare
from emotiw.cli.completion import challenges_or_files
from emotiw.cli.demo import demo
from emotiw.cli.leaderboard import leaderboard
from emotiw.cli.net import DEBUG, caught
from emotiw.cli.predict import predict
from emotiw.cli.report import report
from emotiw.cli.stage import (
    AsJson,
    Config,
    Force,
    MaybeConfig,
    Quiet,
    Set,
    Track,
    as_plain,
    indexed,
    is_ok,
    opened,
    plain_rows,
    print_json,
    show_rows,
)
from emotiw.cli.start import start
from emotiw.cli.status import status
from emotiw.cli.voice import train_voice
from emotiw.core.cores import wait_quietly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emotiw.evaluation.results import Result
    from emotiw.runs.run import Run

EXIT_STATUS = (
    "Exit status: 0 done; 1 done, but not all is as it should be; 2 a mistake in the command, a "
    "recipe or a file; 3 the machine (disk, memory, network); 70 a fault of emotiw's own; 129, "
    "130, 143 stopped: the same command goes on. docs/exit_codes.md has all of it."
)
app = typer.Typer(
    help="From a folder of clips or group photographs to a checked challenge submission.",
    no_args_is_help=True,
    epilog=EXIT_STATUS,
    pretty_exceptions_enable=False,
)

app.add_typer(challenges.app, name="challenges")
app.add_typer(recipes.app, name="recipes")
app.add_typer(data.app, name="data")
app.add_typer(attempts.app, name="attempts")
app.add_typer(store.app, name="store")
app.add_typer(weights.app, name="weights")
app.add_typer(faces.app, name="faces")

Names = Annotated[list[str] | None, Argument(help="Only these; all by default.")]


def main() -> None:
    """Run a command; whatever goes wrong is one sentence and an exit status."""
    wait_quietly()
    sys.exit(caught(app))


def _version(is_asked: bool) -> None:
    if is_asked:
        print(f"emotiw {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
    debug: Annotated[
        bool, Option("--debug", envvar=DEBUG, help="Show the traceback of whatever goes wrong.")
    ] = False,
) -> None:
    os.environ[DEBUG] = "1" if debug else ""


@app.command()
def index(
    config: Config,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Read the challenge's folder into manifest.csv.

    emotiw index recipe.yaml
    """
    from emotiw.core.clip import told_of_splits
    from emotiw.runs.stages.index import index as read_index

    run = opened(config, settings, quiet, as_json)
    cohort = read_index(run, force=force)
    if as_json:
        print_json({"manifest": str(run.manifest_path), "clips": cohort.counts})
    else:
        listed = told_of_splits(cohort.counts)
        print(f"{run.manifest_path}: {len(cohort)} clips ({listed})")


@app.command()
def features(
    config: Config,
    names: Names = None,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Extract the recipe's features of every clip.

    emotiw features recipe.yaml voice
    """
    from emotiw.runs.stages.features import extract_all

    run = indexed(config, settings, quiet, as_json)
    found = extract_all(run, names or (), force=force)
    if as_json:
        print_json([plain_rows(f"features:{name}", rows) for name, rows in found.items()])
        return
    for name, rows in found.items():
        show_rows(run, f"features:{name}", rows)


@app.command()
def train(
    config: Config,
    names: Names = None,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Fit one model per modality; write scores of clips whose group it has not seen.

    emotiw train recipe.yaml --set models.voice.c=0.1
    """
    from emotiw.runs.stages.judge import judged
    from emotiw.runs.stages.train import train_all

    run = opened(config, settings, quiet, as_json)
    tables = train_all(run, names or (), force=force)
    _show_results(run, judged(run, list(tables.values())), as_json)


@app.command()
def fuse(
    config: MaybeConfig = None,
    names: Names = None,
    scores: Annotated[
        list[Path] | None,
        Option(help="Instead of a recipe: CSVs of scores, or folders of one per fold."),
    ] = None,
    labels: Annotated[
        Path | None, Option(help="With --scores: a CSV of clip_id, label, group, fold …")
    ] = None,
    groups: Annotated[Path | None, Option(help="With --scores: CSV of clip_id and group.")] = None,
    out: Annotated[Path, Option(help="With --scores: where the results go.")] = Path("fused"),
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Calibrate and fuse the scores of the models, and judge all of them; or scores from elsewhere.

    emotiw fuse --scores a.csv b.csv --labels labels.csv --set method=logistic
    """
    from emotiw.core.errors import ConfigError

    if scores:
        from emotiw.runs.stages.fuse import fuse_alone

        files = [*scores, *(Path(name) for name in [*([config] if config else []), *(names or [])])]
        if labels is None:
            raise ConfigError("fuse --scores needs --labels FILE")
        fused = fuse_alone(files, labels, groups=groups, settings=settings or (), out=out)
        if as_json:
            print_json([result.row() for result in fused.results])
        else:
            print(fused.summary())
        return
    if config is None:
        raise ConfigError("fuse needs a recipe, or --scores FILE… --labels FILE")
    from emotiw.runs.stages.fuse import fuse_all

    run = opened(config, settings, quiet, as_json)
    _, results = fuse_all(run, names or (), force=force)
    _show_results(run, results, as_json)


@app.command()
def submit(
    config: MaybeConfig = None,
    check: Annotated[Path | None, Option("--check", help="Check this file; write none.")] = None,
    challenge: Annotated[
        str | None,
        Option(
            help="With --check and no recipe: the challenge's name.",
            autocompletion=challenges_or_files,
        ),
    ] = None,
    clips: Annotated[
        Path | None,
        Option(
            help="With --challenge: the folder of test clips, or a list of their ids; without "
            "it, names are not checked."
        ),
    ] = None,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write the submission and check it; or check one from elsewhere.

    emotiw submit --check team.zip --challenge afew2017
    """
    from emotiw.core.errors import ConfigError
    from emotiw.runs.stages import submit as stage

    if config is not None:
        run = opened(config, settings, quiet, as_json)
        report = stage.check(run, check) if check is not None else stage.submit(run)[1]
    elif check is not None and challenge is not None:
        report = stage.check_alone(challenge, check, clips)
    else:
        raise ConfigError("submit needs a recipe, or --check FILE --challenge NAME")
    print_json(report.to_dict()) if as_json else print(report)
    if not report.is_ok:
        raise typer.Exit(1)


@app.command(name="run")
def run_command(
    config: Config,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    force: Force = False,
    track: Track = None,
) -> None:
    """Run every stage, reusing what is there.

    emotiw run recipe.yaml --set data.root=data/AFEW
    """
    from emotiw.analysis.tracking import require_tracker
    from emotiw.analysis.tracking import track as log
    from emotiw.cli.terminal_tables import summary_tables
    from emotiw.runs.pipeline import run_all

    require_tracker(track)
    run = opened(config, settings, quiet, as_json)
    summary = run_all(run, force=force)
    log(run, track)
    if as_json:
        print_json(as_plain(run, summary))
    else:
        summary_tables(run, summary)
    if not is_ok(summary):
        raise typer.Exit(1)


app.command()(ablate)
app.command()(compare)
app.command()(demo)
app.command()(leaderboard)
app.command()(predict)
app.command()(report)
app.command()(start)
app.command()(status)
app.command()(train_backbone)
app.command()(train_voice)


def _show_results(run: Run, results: Sequence[Result], as_json: bool) -> None:
    if as_json:
        print_json([result.row() for result in results])
        return
    from emotiw.cli.terminal_tables import results_table
    from emotiw.runs.edits import edits_of

    results_table(results)
    for edit in edits_of(run.records):
        print(edit)
