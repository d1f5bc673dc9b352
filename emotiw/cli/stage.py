"""What commands share: options, opening a run, telling what became of clips and of the run."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from math import isfinite
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any, get_args

from typer import Argument, Option

from emotiw.cli.completion import challenges_or_files, recipes_or_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Column, Table

    from emotiw.core.ledger import LedgerRow
    from emotiw.core.progress import Progress
    from emotiw.runs.pipeline import Summary
    from emotiw.runs.run import Run

Config = Annotated[
    str,
    Argument(
        metavar="RECIPE|RUN",
        help="A recipe, its name if it comes along, or the folder of a run.",
        autocompletion=recipes_or_files,
    ),
]
MaybeConfig = Annotated[
    str | None,
    Argument(
        metavar="RECIPE|RUN",
        help="A recipe, its name if it comes along, or the folder of a run.",
        autocompletion=recipes_or_files,
    ),
]
Force = Annotated[
    bool, Option("--force", help="Make anew what was changed by hand, failed, or is lost.")
]
Track = Annotated[str | None, Option(help="Log the finished run with a tracker: mlflow.")]
ChallengeName = Annotated[
    str,
    Argument(
        metavar="CHALLENGE",
        help="A challenge by name, or a YAML file of your own.",
        autocompletion=challenges_or_files,
    ),
]
Set = Annotated[
    list[str] | None,
    Option("--set", help="KEY.KEY=VALUE over the recipe; may come several times."),
]
Quiet = Annotated[bool, Option("--quiet", "-q", help="Don't tell how far it is.")]
AsJson = Annotated[bool, Option("--json", help="The result as JSON on standard output.")]


def opened(config: str, settings: list[str] | None, quiet: bool, as_json: bool) -> Run:
    """Return the run of a recipe, which keeps a log of what is done to it."""
    from emotiw.cli.run_log import with_log
    from emotiw.runs.run import open_run

    return with_log(open_run(config, settings or (), progress=progress_of(quiet, as_json)))


def run_folder(config: str) -> Path:
    """Return the folder of a run that is named by it, or by its recipe."""
    if (Path(config) / "manifest.csv").is_file():  # a recipe may be lost: it is the run that counts
        return Path(config)
    from emotiw.runs.run import open_run

    return open_run(config).folder


def progress_of(quiet: bool, as_json: bool) -> Progress:
    """Return bars where a person looks on, and lines for a file."""
    from emotiw.core.progress import Bars, Lines, Quiet

    if quiet or as_json:
        return Quiet(_to_stderr)
    return Bars() if sys.stderr.isatty() else Lines(_to_stderr)


def _to_stderr(line: str) -> None:
    with suppress(OSError, ValueError):  # a reader that went away stops no work
        print(line, file=sys.stderr, flush=True)


def indexed(config: str, settings: list[str] | None, quiet: bool, as_json: bool) -> Run:
    """Return the run of a recipe, with its manifest."""
    run = opened(config, settings, quiet, as_json)
    if not run.manifest_path.is_file():
        from emotiw.runs.stages.index import index as read_index

        read_index(run)
    return run


def plain_rows(stage: str, rows: Sequence[LedgerRow]) -> dict[str, Any]:
    """Return what became of the clips in a stage, to be printed as JSON."""
    bad = [
        {"clip_id": row.clip_id, "status": row.status, "reason": row.reason}
        for row in rows
        if row.status != "ok"
    ]
    return {"stage": stage, "clips": _counts(rows), "not_ok": bad}


def show_rows(run: Run, stage: str, rows: Sequence[LedgerRow]) -> None:
    """Tell what became of the clips in a stage."""
    counts = _counts(rows)
    listed = ", ".join(f"{n} {status}" for status, n in counts.items() if n or status != "partial")
    print(f"{stage}: {len(rows)} clips ({listed}); all in {run.ledger_path}")
    for row in [row for row in rows if row.status != "ok"][:20]:
        print(f"  {row.status:8} {row.clip_id}: {row.reason}")


def _counts(rows: Sequence[LedgerRow]) -> dict[str, int]:
    from emotiw.core.ledger import Status

    return {status: sum(row.status == status for row in rows) for status in get_args(Status)}


def print_json(value: Any) -> None:
    """Print a value for a program to read."""
    print(json.dumps(_json_of(value), ensure_ascii=False, indent=1, allow_nan=False))


def _json_of(value: Any) -> Any:
    """Return a value as JSON has it: no number is null, a path is text."""
    if isinstance(value, dict):
        return {str(key): _json_of(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json_of(each) for each in value]
    if isinstance(value, float):  # also of numpy
        return float(value) if isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def print_table(
    columns: Iterable[Column | str], rows: Iterable[Sequence[str]], **style: Any
) -> None:
    """Print a table for a person to read, in a style of :class:`rich.table.Table`.

    Nothing is cut: names, in the first column, stay whole, and the rest wraps. Where that would
    leave columns of a few letters, each row is a paragraph.
    """
    from rich.console import Console
    from rich.table import Table

    table, cells = Table(*columns, **style), [list(row) for row in rows]
    for row in cells:
        table.add_row(*row)
    heads = [str(column.header) for column in table.columns]
    widths = [max(map(len, texts)) for texts in zip(heads, *cells, strict=True)]
    console = Console()
    if console.is_terminal and sum(widths) - max(widths[1:], default=0) > 0.75 * console.width:
        for name, *others in cells:
            told = (f"{h}: {cell}" for h, cell in zip(heads[1:], others, strict=True) if cell)
            print(name)
            print(fill(", ".join(told), console.width, initial_indent="  ", subsequent_indent="  "))
        return
    for number, column in enumerate(table.columns):
        column.no_wrap, column.overflow = number == 0, "fold"
    show(table)


def show(table: Table) -> None:
    """Print a table: within the width of a terminal; for a program plain columns, a line a row."""
    from rich.console import Console

    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    from emotiw.analysis.text_tables import as_columns

    heads = [str(column.header) for column in table.columns]
    cells = zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True)
    rows = [[" ".join(cell.split()) for cell in row] for row in (heads, *cells)]
    align = "".join(column.justify[0] for column in table.columns)
    print(as_columns(rows[0], rows[1:], align), end="")


def show_download(name: str, done: int, total: int | None) -> None:
    """Print how far a download has come: one line, written over until the file is whole."""
    of = f" of {total / 1e6:.1f}" if total else ""
    end = "\n" if done == total else ""
    print(f"\r{name}: {done / 1e6:.1f}{of} MB", end=end, file=sys.stderr, flush=True)


def as_plain(run: Run, summary: Summary) -> dict[str, Any]:
    """Return what a run came to, to be printed as JSON."""
    return {
        "run": str(run.folder),
        "clips": sum(summary.splits.values()),
        "results": [result.row() for result in summary.results or ()],
        "edited": [vars(edit) for edit in summary.edits],
        "failures": [vars(row) | {"quality": None} for row in summary.failures],
        "submission": None if summary.submission is None else str(summary.submission),
        "check": None if summary.check is None else summary.check.to_dict(),
        "ok": is_ok(summary),
    }


def is_ok(summary: Summary) -> bool:
    """Return whether the submission would be accepted, if there is one."""
    return summary.check is None or bool(summary.check.is_ok)
