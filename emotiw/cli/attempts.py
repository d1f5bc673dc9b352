"""`emotiw attempts list|add|result`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from emotiw.cli.stage import AsJson, ChallengeName, print_json, print_table

if TYPE_CHECKING:
    from submissions.attempts import Attempt

app = typer.Typer(help="What was handed in, and what came of it.", no_args_is_help=True)
Folder = Annotated[Path, Option(help="Where attempts.csv and the kept copies are.")]


@app.command(name="list")
def list_attempts(
    challenge: ChallengeName, folder: Folder = Path("runs"), as_json: AsJson = False
) -> None:
    """List the attempts at a challenge, with the gap between validation and test.

    emotiw attempts list afew2017
    """
    from emotiw.challenges.spec import load_spec
    from submissions.attempts import Attempts

    spec, attempts = load_spec(challenge), Attempts(folder)
    rows, left = attempts.rows(spec.name), attempts.left(spec)
    if as_json:
        lines = [_plain(row) for row in rows]
        print_json({"left": left, "attempts": lines})
        return
    cells = []
    for row in rows:
        figures = ["" if v is None else f"{v:.4g}" for v in (row.val, row.test, row.gap)]
        cells.append([str(row.number), row.date, row.run, *figures, row.note])
    print_table(("attempt", "date", "run", "validation", "test", "gap", "note"), cells)
    print("nobody knows how many are allowed" if left is None else f"{left} left")


@app.command()
def add(
    challenge: ChallengeName,
    submission: Annotated[Path, Argument(help="The file that was handed in.")],
    run: Annotated[str | None, Option(help="The run that it comes from.")] = None,
    config: Annotated[str | None, Option(help="Hash of the run's configuration.")] = None,
    val: Annotated[float | None, Option(help="Its score on validation.")] = None,
    note: Annotated[str, Option(help="Anything worth remembering.")] = "",
    folder: Annotated[
        Path | None, Option(help="Where attempts.csv and the kept copies are; beside the run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Note that a submission was handed in, and keep a copy of it.

    What lies in a run's folder brings its run, its score on validation and the place of the ledger.

    emotiw attempts add afew2017 runs/afew/submission/team.zip
    """
    from emotiw.analysis.handed_in import run_behind
    from emotiw.challenges.spec import load_spec
    from emotiw.core.errors import SubmissionError
    from submissions.attempts import Attempts
    from submissions.platform_results import score_as_kept

    if not submission.is_file():
        raise SubmissionError(f"no such file: {submission}")
    spec = load_spec(challenge)
    if val is not None:
        val = score_as_kept(spec.official_metric, val, where="--val")
    known = run_behind(spec, submission)
    if known is not None:
        run, config = known.run if run is None else run, config or known.config
        val, folder = known.val if val is None else val, folder or known.runs
    attempts = Attempts(folder or Path("runs"))
    row = attempts.add(spec, submission, run=run or "", config=config or "", val=val, note=note)
    left = attempts.left(spec)
    if as_json:
        print_json({"left": left, "attempt": _plain(row)})
        return
    of_run = f", run {row.run}" if row.run else ""
    judged = "" if row.val is None else f", {row.metric} {row.val:.4g} on validation"
    left_over = "" if left is None else f", {left} left"
    print(f"attempt {row.number} at {spec.name}{of_run}{judged}{left_over}")


@app.command()
def result(
    challenge: ChallengeName,
    number: Annotated[int, Argument(help="Of the attempt.")],
    sheet: Annotated[
        Path | None, Argument(help="The organisers' result sheet.", show_default=False)
    ] = None,
    value: Annotated[float | None, Option(help="Their score, without a sheet.")] = None,
    folder: Folder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Note what the organisers returned, and compare their scores with their matrix.

    emotiw attempts result afew2017 1 result.txt
    """
    from emotiw.challenges.spec import load_spec
    from emotiw.core.errors import SubmissionError
    from submissions.attempts import Attempts

    spec, attempts = load_spec(challenge), Attempts(folder)
    if (sheet is None) == (value is None):
        raise SubmissionError("expected either the result sheet or --value")
    parts: dict[str, str] = {}
    differences: list[str] = []
    if sheet is None:
        assert value is not None
        row = attempts.record_value(spec, number, value)
    else:
        row, found = attempts.record_result(spec, number, sheet)
        parts, differences = dict(found.parts), list(found.differences())
    if as_json:
        print_json({"attempt": _plain(row), "parts": parts, "differences": differences})
        return
    for name, figure in parts.items():
        print(f"  {name}: {figure}")
    for difference in differences:
        print(f"  differs: {difference}")
    gap = "" if row.gap is None else f", {row.gap:+.4g} to validation"
    print(f"attempt {row.number}: {row.metric} {row.test:g} on test{gap}")


def _plain(row: Attempt) -> dict[str, Any]:
    return asdict(row) | {"gap": row.gap}
