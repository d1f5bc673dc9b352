"""`emotiw report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from emotiw.cli.stage import AsJson, Quiet, Set, progress_of


def report(
    runs: Annotated[list[Path], Argument(help="Folders of runs, e.g. runs/afew; of one or more.")],
    output: Annotated[
        Path | None,
        Option(
            "--out", "--output", help="A file; by default the run's report.html, or runs/A+B.html."
        ),
    ] = None,
    samples: Annotated[bool, Option(help="Short videos, images and sounds of clips.")] = True,
    budget_mb: Annotated[
        float, Option(min=0.5, help="Megabytes of the page; what is beyond 5 is for videos.")
    ] = 25.0,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write one HTML file that shows a run, or several side by side, and what to do next.

    emotiw report runs/afew runs/afew_voice
    """
    from emotiw.analysis.report.page import write_report
    from emotiw.analysis.report.side_by_side import write_side_by_side
    from emotiw.runs.run import reopen_run

    progress = progress_of(quiet, as_json)
    opened = [reopen_run(run, settings or (), progress=progress) for run in runs]
    if len(opened) == 1:
        done = write_report(opened[0], output, has_samples=samples, budget_mb=budget_mb)
    else:
        done = write_side_by_side(opened, output, has_samples=samples, budget_mb=budget_mb)
    if as_json:
        print(json.dumps({"report": str(done.path), "bytes": done.size, "notes": done.told}))
        return
    print(f"{done.path}: {done.size / 1e6:.2f} MB")
    for line in done.told:
        print(f"  {line}")
