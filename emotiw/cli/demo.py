"""``emotiw demo``: every stage on corpora that are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument

from emotiw.cli.stage import AsJson, Quiet, Set, Track, as_plain, is_ok, opened, print_json


def demo(
    folder: Annotated[Path, Argument(help="Where the demo lives.")] = Path("demo"),
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    track: Track = None,
) -> None:
    """Make small synthetic corpora (clips, groups, states over time); run every stage.

    emotiw demo demo
    """
    from emotiw.analysis.tracking import require_tracker
    from emotiw.analysis.tracking import track as log
    from emotiw.cli.terminal_tables import summary_tables
    from emotiw.core.device import worker_count
    from emotiw.demo.affect_corpus import CHALLENGE, make_affect_corpus
    from emotiw.demo.corpus import make_corpus
    from emotiw.demo.group_corpus import make_group_corpus
    from emotiw.runs.pipeline import run_all

    require_tracker(track)
    groups = folder / "groups"
    corpora = {
        "demo": folder / "corpus",
        "demo_gaf": groups / "stills",
        "demo_vgaf": groups / "clips",
        "demo_affect": folder / "affect",
    }
    make_affect_corpus(folder / "affect", workers=worker_count(0))  # with its own challenge
    own = {"demo_affect": [f"challenge={folder / 'affect' / CHALLENGE}"]}
    # models and features differ between the four; all else may be set for all of them
    shared = [s for s in settings or () if not s.startswith(("models.", "features."))]
    runs = []
    for name, root in corpora.items():
        over = (settings or []) if name == "demo" else shared
        where = [f"data.root={root}", f"paths.runs={folder / 'runs'}", *own.get(name, [])]
        runs.append(opened(name, [*where, *over], quiet, as_json))
    make_corpus(folder / "corpus", workers=runs[0].workers)
    make_group_corpus(groups, workers=runs[0].workers)
    summaries = []
    for run in runs:
        summaries.append(run_all(run))
        log(run, track)
        if not as_json:
            summary_tables(run, summaries[-1])
    if as_json:
        print_json([as_plain(*pair) for pair in zip(runs, summaries, strict=True)])
    if not all(is_ok(summary) for summary in summaries):
        raise typer.Exit(1)
