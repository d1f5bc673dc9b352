"""`emotiw ablate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from emotiw.cli.completion import recipes_or_files
from emotiw.cli.stage import AsJson, Force, Quiet, Set, opened

if TYPE_CHECKING:
    from emotiw.analysis.ablation.ablation_table import Ablation


def ablate(
    config: Annotated[
        str,
        Argument(
            metavar="RECIPE|RUN",
            help="A recipe; or a run's folder, to make its table again.",
            autocompletion=recipes_or_files,
        ),
    ],
    axis: Annotated[
        list[str] | None,
        Option(help="NAME=VALUES instead of the recipe's axes; may come several times."),
    ] = None,
    plan_only: Annotated[bool, Option("--plan", help="Show the plan and stop.")] = False,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    force: Force = False,
    track: Annotated[
        str | None, Option(help="Log every row of the finished table with a tracker: mlflow.")
    ] = None,
) -> None:
    """Vary a run along some axes, and test every row against a reference.

    emotiw ablate recipe.yaml --axis modalities=subsets --axis fusion=weighted,mean
    """
    from emotiw.analysis.ablation.axes import parse_axes
    from emotiw.analysis.ablation.outputs import remake
    from emotiw.analysis.ablation.plan import make_plan
    from emotiw.analysis.ablation.work import carry_out
    from emotiw.analysis.tracking import require_tracker, track_ablation
    from emotiw.core.errors import ConfigError

    require_tracker(track)
    if Path(config).is_dir():
        if track is not None:
            raise ConfigError("--track needs the recipe: the folder of a run makes its table again")
        _show(remake(Path(config)), as_json)
        return
    run = opened(config, settings, quiet, as_json)
    asked = run.recipe.settings.ablation
    if axis:
        asked = asked.model_copy(update={"axes": parse_axes(axis), "reference": {}})
    plan = make_plan(run, asked)
    print(plan.text(), file=sys.stderr if as_json else sys.stdout, flush=True)
    if not plan_only:
        done = carry_out(plan, force=force)
        track_ablation(run, done.folder, track)
        _show(done, as_json)


def _show(ablation: Ablation, as_json: bool) -> None:
    if as_json:
        print(ablation.table.to_json(orient="records", indent=1, force_ascii=False))
    else:
        from emotiw.analysis.ablation.outputs import note_of
        from emotiw.cli.terminal_tables import ablation_table

        described = ablation.description
        ablation_table(ablation.table, tuple(described.axes), described.judged_by)
        print(note_of(ablation.table))
        print(f"everything is in {ablation.folder}")
    for row, why in ablation.failures.items():
        print(f"no scores for {row}: {why}", file=sys.stderr)
    if ablation.failures:
        raise typer.Exit(1)
