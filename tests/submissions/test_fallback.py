"""Test clips that nothing scored: the report, the ledger and the card say which and how many."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emotiw.core.errors import SubmissionError
from emotiw.core.score_table import ScoreTable
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.index import index
from emotiw.runs.stages.submit import submit

RECIPE = """
challenge: folder
name: small
data: {{root: {root}/clips}}
paths: {{runs: {root}/runs}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Four test clips, one of them with a name that can't be an id; the first alone has scores."""
    (tmp_path / "clips").mkdir()
    for name in ("a", "b", "c", "d\te"):
        (tmp_path / "clips" / f"{name}.wav").write_bytes(name.encode())
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(root=tmp_path))
    made = open_run(tmp_path / "recipe.yaml", ["submission={team: T, fallback: Neutral}"])
    index(made)
    scores = np.eye(len(made.task.labels))[:1]
    table = ScoreTable("fused", made.task, ("a",), scores, ("test",), (None,))
    table.write_csv(made.fused_path)
    return made


def test_a_fallback_is_told_with_its_clips(run: Run) -> None:
    path, report = submit(run)
    assert report.is_ok
    found = {finding.kind: finding for finding in report.findings}
    assert found["fallback"].items == ("b", "c")
    assert "'Neutral' for 2 of 3 test clips" in str(report)
    assert found["left out"].items == ("d\\te.wav",)
    assert json.loads(json.dumps(report.to_dict()))["findings"]
    told = {row.clip_id: (row.status, row.reason) for row in run.ledger().rows("submit")}
    why = ("missing", "answered with the fallback 'Neutral': no scores")
    assert told == {"a": ("ok", ""), "b": why, "c": why}
    assert json.loads(path.with_name(path.name + ".json").read_text())["n_fallback"] == 2


def test_without_a_fallback_nothing_is_made_up(run: Run) -> None:
    strict = open_run(run.folder, ["submission.fallback=null"])
    with pytest.raises(SubmissionError, match="2 of 3 test clips have no prediction"):
        submit(strict)
    assert not strict.ledger().rows("submit")
