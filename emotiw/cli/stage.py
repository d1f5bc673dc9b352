"""What commands share: options, opening a run, telling what became of clips and of the run."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, get_args

from typer import Argument, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Column

    from emotiw.core.ledger import LedgerRow
    from emotiw.core.progress import Progress
    from emotiw.runs.pipeline import Summary
    from emotiw.runs.run import Run

Config = Annotated[
    str, Argument(help="A recipe: a YAML file, or the name of one that comes along.")
]
Force = Annotated[
    bool, Option("--force", help="Make anew what was changed by hand, failed, or is lost.")
]
Track = Annotated[str | None, Option(help="Log the finished run with a tracker: mlflow.")]
ChallengeName = Annotated[str, Argument(help="A challenge, or a YAML file of your own.")]
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


def show_rows(run: Run, stage: str, rows: list[LedgerRow], as_json: bool) -> None:
    """Tell what became of the clips in a stage."""
    from emotiw.core.ledger import Status

    counts = {s: sum(row.status == s for row in rows) for s in get_args(Status)}
    if as_json:
        bad = [
            {"clip_id": row.clip_id, "status": row.status, "reason": row.reason}
            for row in rows
            if row.status != "ok"
        ]
        print_json({"stage": stage, "clips": counts, "not_ok": bad})
        return
    listed = ", ".join(f"{n} {status}" for status, n in counts.items() if n or status != "partial")
    print(f"{stage}: {len(rows)} clips ({listed}); all in {run.ledger_path}")
    for row in [row for row in rows if row.status != "ok"][:20]:
        print(f"  {row.status:8} {row.clip_id}: {row.reason}")


def print_json(value: Any) -> None:
    """Print a value for a program to read."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def print_table(
    columns: Iterable[Column | str], rows: Iterable[Sequence[str]], **style: Any
) -> None:
    """Print a table for a person to read, in a style of :class:`rich.table.Table`."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, **style)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


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
