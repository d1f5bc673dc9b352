"""`emotiw compare`."""

from __future__ import annotations

import json
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from emotiw.cli.completion import recipes_or_files
from emotiw.cli.stage import AsJson, Config, print_json, run_folder

if TYPE_CHECKING:
    from emotiw.analysis.comparison import Comparison


def compare(
    run_a: Config,
    run_b: Annotated[
        str,
        Argument(
            metavar="RECIPE|RUN",
            help="What it is compared with.",
            autocompletion=recipes_or_files,
        ),
    ],
    metric: Annotated[str, Option(help="What is judged; accuracy or RMSE by default.")] = "",
    split: Annotated[str, Option(help="auto, val, train, both or test.")] = "auto",
    out: Annotated[Path | None, Option(help="A folder for the tables as CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two runs: settings, scores, classes, clips that flipped.

    emotiw compare runs/afew runs/afew_voice
    """
    from emotiw.analysis.comparison import compare_runs

    folders = run_folder(run_a), run_folder(run_b)
    found = compare_runs(*folders, metric=metric, split=split)  # type: ignore[arg-type]
    if out is not None:
        found.write(out)
    if as_json:
        names = ("settings", "figures", "classes", "flips")
        tables = {name: getattr(found, name).to_json(orient="records") for name in names}
        print_json({name: json.loads(text) for name, text in tables.items()})
    else:
        print(comparison_text(found))


def comparison_text(comparison: Comparison, *, most: int = 20) -> str:
    """Return a comparison for a person: A is the first run, B the second."""
    from emotiw.evaluation.differences import p_text
    from emotiw.evaluation.metrics import metric_named

    a, b = comparison.a.name, comparison.b.name
    lines = [f"A: {comparison.a}", f"B: {comparison.b}", ""]
    if comparison.settings.empty:
        lines.append("same settings, same versions")
    for key, one, other in comparison.settings.itertuples(index=False):
        lines.append(f"{key}: {one or '-'} -> {other or '-'}")
    for name, only in ((a, comparison.only_a), (b, comparison.only_b)):
        if only:
            lines.append(
                f"{len(only)} clips are judged in {name} alone, e.g. {', '.join(only[:3])}"
            )
    names = [*comparison.figures["modality"], *comparison.classes["label"]]
    wide = max(map(len, map(str, names)), default=0)
    lines += [
        "",
        *comparison.notes,
        f"{'':{wide}} {'A':>9} {'B':>9} {'B - A':>9}   95 % interval      p",
    ]
    for row in comparison.figures.to_dict("records"):
        metric = metric_named(row["metric"], comparison.task)
        shown = [metric.number(row[key]) for key in ("a", "b", "difference")]
        lines.append(
            f"{row['modality']:{wide}} {shown[0]:>9} {shown[1]:>9} {shown[2]:>9}   "
            f"{metric.span(row['low'], row['high']):16} {p_text(row['p']):8} "
            f"{metric.heading}, n = {row['n']:,}"
        )
        if not isnan(row.get("gained", nan)):
            lines.append(
                f"{'':{wide}} {row['gained']:.0f} clips gained, {row['lost']:.0f} lost "
                f"({p_text(row['mcnemar_p'], 'McNemar p')})"
            )
    first = comparison.figures["modality"].iloc[0]
    own = comparison.classes[comparison.classes["modality"] == first]
    if not own.empty:
        lines += ["", f"recall of {first}"]
    for row in own.to_dict("records"):
        numbers = [f"{100 * row[key]:8.1f}" for key in ("a", "b", "difference")]
        lines.append(f"{row['label']:{wide}} {' '.join(numbers)}   ({row['n']} clips)")
    flips = comparison.flips
    flips = flips[flips["modality"] == first]
    if not flips.empty:
        lines += ["", f"clips of {first} that flipped"]
    for row in flips.head(most).to_dict("records"):
        told = f"{row['answer']}: {row['a'] or 'no scores'} -> {row['b'] or 'no scores'}"
        lines.append(f"{row['flip']:8} {row['clip_id']} ({told})")
    if len(flips) > most:
        lines.append(f"… and {len(flips) - most} more")
    return "\n".join(lines)
