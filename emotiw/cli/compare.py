"""`emotiw compare`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from emotiw.analysis.comparison import Comparison


def compare(
    run_a: Annotated[Path, typer.Argument(help="The folder of a run.")],
    run_b: Annotated[Path, typer.Argument(help="The folder of the run to compare it with.")],
    metric: Annotated[str | None, typer.Option(help="What is judged; accuracy or RMSE.")] = None,
    split: Annotated[str, typer.Option(help="auto, val, train, both or test.")] = "auto",
    out: Annotated[Path | None, typer.Option(help="A folder for the tables as CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Show what differs between two runs: settings, scores, classes, clips that flipped."""
    from emotiw.analysis.comparison import compare_runs
    from emotiw.core.errors import ConfigError, suggest
    from emotiw.evaluation.judging import SPLITS

    known = ("auto", *SPLITS)
    if split not in known:
        raise ConfigError(f"unknown split {split!r}{suggest(split, known)} ({', '.join(known)})")
    found = compare_runs(run_a, run_b, metric=metric, split=split)  # type: ignore[arg-type]
    if out is not None:
        found.write(out)
    if as_json:
        names = ("settings", "figures", "classes", "flips")
        tables = {name: getattr(found, name).to_json(orient="records") for name in names}
        print(json.dumps({name: json.loads(text) for name, text in tables.items()}, indent=1))
    else:
        print(comparison_text(found))


def comparison_text(comparison: Comparison, *, most: int = 20) -> str:
    """Return a comparison for a person: A is the first run, B the second."""
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
    lines += ["", f"{'':24} {'A':>8} {'B':>8} {'B - A':>8}   95 % interval      p"]
    for row in comparison.figures.to_dict("records"):
        shown = partial(_shown, row["metric"])
        interval = f"{shown(row['low'])} to {shown(row['high'])}"
        lines.append(
            f"{row['modality'][:24]:24} {shown(row['a']):>8} {shown(row['b']):>8} "
            f"{shown(row['difference']):>8}   {interval:16} {row['p']:.4f}"
        )
        if "gained" in row:
            lines.append(
                f"{'':24} {row['gained']} clips gained, {row['lost']} lost "
                f"(McNemar p = {row['mcnemar_p']:.3g})"
            )
    first = comparison.figures["modality"].iloc[0]
    own = comparison.classes[comparison.classes["modality"] == first]
    if not own.empty:
        lines += ["", f"recall of {first}"]
    for row in own.to_dict("records"):
        numbers = [f"{100 * row[key]:8.1f}" for key in ("a", "b", "difference")]
        lines.append(f"{row['label'][:24]:24} {' '.join(numbers)}   ({row['n']} clips)")
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


def _shown(metric: str, value: float) -> str:
    from emotiw.evaluation.metrics import metric_named

    return f"{100 * value:.1f}" if metric_named(metric).is_percent else f"{value:.3f}"
