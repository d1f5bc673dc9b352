"""`emotiw leaderboard`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from emotiw.cli.stage import ChallengeName


def leaderboard(
    challenge: ChallengeName,
    runs: Annotated[Path, Option(help="The folder of runs.")] = Path("runs"),
    form: Annotated[str, Option("--format", help="table, csv, markdown or latex.")] = "table",
    output: Annotated[Path | None, Option(help="A file instead of the terminal.")] = None,
) -> None:
    """Rank all runs of a challenge by its official metric, among what was published."""
    from emotiw.analysis.leaderboard import rank_runs, render, runs_of
    from emotiw.challenges.spec import load_spec
    from emotiw.core.files import atomic_write
    from submissions.attempts import Attempts

    spec = load_spec(challenge)
    tested = {row.run: row.test for row in Attempts(runs).rows(spec.name) if row.test is not None}
    standings, unread = rank_runs(spec, runs_of(spec, runs), test_values=tested)
    text = render(spec, standings, form)
    if output is None:
        print(text, end="")
    else:
        atomic_write(output, text.encode())
    for reason in unread:
        print(f"left out: {reason}", file=sys.stderr)
