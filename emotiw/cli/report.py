"""`emotiw report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from emotiw.cli.stage import Quiet, progress_of


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run, e.g. runs/afew.")],
    output: Annotated[
        Path | None, typer.Option(help="The file; report.html in the run's folder by default.")
    ] = None,
    samples: Annotated[
        bool, typer.Option(help="Small images and sounds of clips, as many as fit in 5 MB.")
    ] = True,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY.KEY=VALUE over the run's recipe, e.g. data.root."),
    ] = None,
    quiet: Quiet = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="What was written, as JSON on standard output.")
    ] = False,
) -> None:
    """Write one HTML file that shows a run: metrics, how sure they are, every clip."""
    from emotiw.analysis.report.page import write_report
    from emotiw.runs.run import reopen_run

    progress = progress_of(quiet, as_json)
    opened = reopen_run(run, settings or (), progress=progress)
    done = write_report(opened, output, has_samples=samples)
    if as_json:
        print(json.dumps({"report": str(done.path), "bytes": done.size, "notes": done.told}))
        return
    print(f"{done.path}: {done.size / 1e6:.2f} MB")
    for line in done.told:
        print(f"  {line}")
