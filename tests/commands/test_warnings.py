"""Warnings reach whoever runs a command, with a terminal or without: screen, log and report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from emotiw.analysis.report.page import write_report
from emotiw.cli.app import app
from emotiw.runs.run import reopen_run
from tests.ablation.small import make_small


@pytest.mark.parametrize("how", [[], ["--quiet"], ["--json"]])
def test_a_warning_is_on_standard_error_in_the_log_and_in_the_report(
    tmp_path: Path, how: list[str]
) -> None:
    recipe = make_small(tmp_path, {"voice": 1.0})
    pattern = r"data.options.group_pattern=^Train/.*?(\d\d)\d\.avi$"
    done = CliRunner().invoke(app, ["run", str(recipe), "--set", pattern, *how])
    assert done.exit_code == 0, done.output
    told = "fits 60 clips not, e.g. val"
    assert told in done.stderr
    assert told not in done.stdout
    folder = tmp_path / "runs" / "recipe"
    assert told in (folder / "run.log").read_text()
    report = write_report(reopen_run(folder), has_samples=False)
    assert told in report.path.read_text()
    # what is up to date isn't read, and its warnings stay with it
    CliRunner().invoke(app, ["run", str(recipe), "--set", pattern, *how])
    again = write_report(reopen_run(folder), has_samples=False)
    assert told in again.path.read_text()


def test_clips_that_a_challenge_leaves_out_are_in_the_ledger(tmp_path: Path) -> None:
    recipe = make_small(tmp_path, {"voice": 1.0})
    spec = tmp_path / "small.yaml"
    spec.write_text(spec.read_text() + "ignored_codes: [Garbage]\n")
    odd = tmp_path / "clips" / "Train" / "Garbage" / "odd.avi"
    odd.parent.mkdir()
    odd.write_bytes(np.random.default_rng(0).bytes(9))
    assert CliRunner().invoke(app, ["index", str(recipe)]).exit_code == 0
    [row] = [
        row
        for row in reopen_run(tmp_path / "runs" / "recipe").ledger("index").rows()
        if row.status != "ok"
    ]
    assert (row.clip_id, row.status) == ("Train/Garbage/odd.avi", "missing")
    assert "left out: labelled 'Garbage'" in row.reason
