"""`emotiw report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from emotiw.cli.stage import AsJson, Quiet, Set, progress_of


def report(
    run: Annotated[Path, Argument(help="The folder of a run, e.g. runs/afew.")],
    output: Annotated[
        Path | None, Option("--out", "--output", help="A file; the run's report.html by default.")
    ] = None,
    samples: Annotated[bool, Option(help="Small images and sounds of clips, up to 5 MB.")] = True,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write one HTML file that shows a run: metrics, how sure they are, every clip.

    emotiw report runs/afew
    """
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
