"""`emotiw leaderboard`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from emotiw.cli.stage import AsJson, ChallengeName, print_json


def leaderboard(
    challenge: ChallengeName,
    runs: Annotated[Path, Option(help="The folder of runs.")] = Path("runs"),
    form: Annotated[str, Option("--format", help="table, csv, markdown or latex.")] = "table",
    out: Annotated[
        Path | None, Option("--out", "--output", help="A file instead of the terminal.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rank all runs of a challenge by its official metric, among what was published.

    emotiw leaderboard afew2017 --format markdown --out board.md
    """
    from emotiw.analysis.leaderboard import rank_runs, render, runs_of
    from emotiw.challenges.spec import load_spec
    from emotiw.core.files import atomic_write
    from submissions.attempts import Attempts

    spec = load_spec(challenge)
    tested = {row.run: row.test for row in Attempts(runs).rows(spec.name) if row.test is not None}
    standings, unread = rank_runs(spec, runs_of(spec, runs), test_values=tested)
    text = render(spec, standings, form)
    if out is not None:
        atomic_write(out, text.encode())
    if as_json:
        print_json([vars(standing) for standing in standings])
    elif out is None:
        print(text, end="")
    for reason in unread:
        print(f"left out: {reason}", file=sys.stderr)
