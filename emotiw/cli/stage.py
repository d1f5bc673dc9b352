"""What commands share: options, opening a run, telling what became of the clips."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from emotiw.core.ledger import LedgerRow
    from emotiw.core.progress import Progress
    from emotiw.runs.run import Run

Config = Annotated[
    str, typer.Argument(help="A recipe: a YAML file, or the name of one that comes along.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="KEY.KEY=VALUE over the recipe; may come several times."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")]


def opened(config: str, settings: list[str] | None, quiet: bool, as_json: bool) -> Run:
    """Return the run of a recipe."""
    from emotiw.runs.run import open_run

    return open_run(config, settings or (), progress=progress_of(quiet, as_json))


def progress_of(quiet: bool, as_json: bool) -> Progress:
    """Return bars where a person looks on."""
    from emotiw.core.progress import Bars, Silent

    return Silent() if quiet or as_json or not sys.stderr.isatty() else Bars()


def indexed(config: str, settings: list[str] | None, quiet: bool, as_json: bool) -> Run:
    """Return the run of a recipe, with its manifest."""
    run = opened(config, settings, quiet, as_json)
    if not run.manifest_path.is_file():
        from emotiw.runs.stages.index import index as read_index

        read_index(run)
    return run


def show_rows(run: Run, stage: str, rows: list[LedgerRow], as_json: bool) -> None:
    """Tell what became of the clips in a stage."""
    counts = {s: sum(row.status == s for row in rows) for s in ("ok", "missing", "failed")}
    if as_json:
        bad = [
            {"clip_id": row.clip_id, "status": row.status, "reason": row.reason}
            for row in rows
            if row.status != "ok"
        ]
        print_json({"stage": stage, "clips": counts, "not_ok": bad})
        return
    listed = ", ".join(f"{count} {status}" for status, count in counts.items())
    print(f"{stage}: {len(rows)} clips ({listed}); all in {run.ledger_path}")
    for row in [row for row in rows if row.status != "ok"][:20]:
        print(f"  {row.status:8} {row.clip_id}: {row.reason}")


def print_json(value: Any) -> None:
    """Print a value for a program to read."""
    print(json.dumps(value, ensure_ascii=False, indent=1))
