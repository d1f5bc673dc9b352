"""Answers per frame and segment, and several at once: from scores to the organisers' files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emotiw.challenges import read_challenge, submission_ids
from emotiw.challenges.spec import load_spec
from emotiw.core.errors import SubmissionError
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression, Task
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.index import index
from emotiw.runs.stages.submit import submit
from submissions import check_submission, predictions_of, submission_path, write_submission
from submissions.answers import fallback_of
from submissions.step_filling import filled_over_time
from tests.challenges.step_layouts import FRAMES, STEP_LAYOUTS, STEP_ROWS, abaw
from tests.challenges.step_scores import made_up, table_of


@pytest.mark.parametrize("name", STEP_LAYOUTS)
def test_from_scores_to_a_checked_file(name: str, tmp_path: Path) -> None:
    spec, layout = load_spec(name), STEP_LAYOUTS[name]
    layout.make(tmp_path / layout.inside)
    cohort, *_ = read_challenge(spec, tmp_path)
    row_ids = [row.clip_id for row in cohort.rows.select("test")]
    scores = made_up(cohort.task, len(row_ids), np.random.default_rng(1))
    predictions = predictions_of(spec, table_of(cohort, row_ids, scores))
    expected = submission_ids(spec, tmp_path, cohort)
    assert expected == STEP_ROWS[name]
    path = submission_path(spec, tmp_path, "team")
    write_submission(spec, predictions, path, expected_ids=expected)
    report = check_submission(spec, path, expected_ids=expected)
    assert report.is_ok, str(report)
    assert report.answers == {row_id: predictions[row_id] for row_id in expected}


def test_a_list_of_the_fourth_edition_is_written_field_by_field(tmp_path: Path) -> None:
    spec, layout = load_spec("abaw_mtl"), STEP_LAYOUTS["abaw_mtl"]
    layout.make(tmp_path)
    cohort, *_ = read_challenge(spec, tmp_path)
    scores = np.array([[0, 0, 0.25, 0, 0.75, 0, 0, 0, -0.5, 1.5, *np.linspace(0, 1, 12)]])
    predictions = predictions_of(spec, table_of(cohort, [FRAMES[0]], scores))
    path = write_submission(spec, predictions, tmp_path / "t.txt")
    header, row = path.read_text().splitlines()
    assert header == "image,valence,arousal,expression,aus"
    assert row == "2-30-640x360/00001.jpg,-0.5,1.0,4,0,0,0,0,0,0,1,1,1,1,1,1"


def test_blends_are_the_closest_that_there_are(tmp_path: Path) -> None:
    spec = load_spec("blemore")
    scores = np.array([[60, 45, 3, 0, 0, 1], [5, 0, 20, 66, 0, 0], [9, 8, 7, 6, 5, 91.0]])
    ids = ("a", "b", "c")
    table = ScoreTable("x", spec.task, ids, scores, ("test",) * 3, (None,) * 3)
    path = write_submission(spec, predictions_of(spec, table), tmp_path / "t.json")
    told = {
        clip_id: {one["emotion"]: one["salience"] for one in listed}
        for clip_id, listed in json.loads(path.read_text()).items()
    }
    assert told == {"a": {"ang": 50, "disg": 50}, "b": {"hap": 70, "fea": 30}, "c": {"neu": 100}}
    assert check_submission(spec, path, expected_ids=ids).is_ok


TIMES = {f"a/{n}": float(n) for n in range(6)} | {"b/0": 0.0}
OWNERS = {row: row.split("/")[0] for row in TIMES}


class TestFilling:
    def table(self, task: Task, scores: dict[str, list[float]]) -> ScoreTable:
        return ScoreTable(
            "x", task, tuple(scores), np.array(list(scores.values())), ("test",) * len(scores),
            (None,) * len(scores), owners=tuple(OWNERS[row] for row in scores),
            time_sec=np.array([TIMES[row] for row in scores]),
        )  # fmt: skip

    def filled(self, table: ScoreTable) -> dict[str, list[float]]:
        found, ids = filled_over_time(table, TIMES, OWNERS, TIMES)
        known = dict(zip(found.clip_ids, found.scores.tolist(), strict=True))
        assert set(ids) == {"a/0", "a/2", "a/3", "a/5"} & known.keys()
        return known

    def test_numbers_between_two_times_and_beyond_them(self) -> None:
        table = self.table(
            Regression(("x",)), {"a/4": [4.0], "a/1": [1.0], "a/3": [np.nan], "b/0": [np.nan]}
        )
        assert self.filled(table) == {
            "a/0": [1], "a/1": [1], "a/2": [2], "a/3": [3], "a/4": [4], "a/5": [4],
        }  # fmt: skip

    def test_labels_are_those_of_the_nearest_step(self) -> None:
        task = Several((Classification(("no", "yes")), Presence(("AU1",))))
        table = self.table(task, {"a/1": [1, 0, 0.0], "a/4": [0.25, 0.75, 0.9]})
        found = self.filled(table)
        assert found["a/2"] == pytest.approx([1, 0, 0.3])
        assert found["a/3"] == pytest.approx([0.25, 0.75, 0.6])
        assert found["a/5"] == pytest.approx([0.25, 0.75, 0.9])

    def test_a_clip_without_any_stays_empty(self) -> None:
        table = self.table(Regression(("x",)), {"b/0": [np.nan]})
        assert filled_over_time(table, TIMES, OWNERS, TIMES) == (table, ())


RECIPE = """
challenge: abaw_va
name: small
data: {{root: {root}/clips}}
folds: {{n_folds: 0}}
paths: {{runs: {root}/runs}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Three frames to answer, the first of them with scores."""
    abaw("va").make(tmp_path / "clips")
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(root=tmp_path))
    made = open_run(tmp_path / "recipe.yaml", ['submission={team: T, fallback: "0, 0.25"}'])
    cohort = index(made)
    table_of(cohort, [FRAMES[0]], np.array([[0.5, -0.5]])).write_csv(made.fused_path)
    return made


def test_what_was_filled_in_is_told_by_report_ledger_and_card(run: Run) -> None:
    path, report = submit(run)
    assert report.is_ok, str(report)
    assert path.read_text().splitlines()[1:] == [
        f"{FRAMES[0]},0.5,-0.5", f"{FRAMES[1]},0.5,-0.5", f"{FRAMES[2]},0.0,0.25",
    ]  # fmt: skip
    found = {finding.kind: finding for finding in report.findings}
    assert found["filled in"].items == (FRAMES[1],)
    assert "interpolated over time" in found["filled in"].advice
    assert found["fallback"].items == (FRAMES[2],)
    told = {row.clip_id: (row.status, row.reason) for row in run.ledger().rows("submit")}
    assert told["2-30-640x360"][0] == "ok"
    assert told["2-30-640x360"][1].startswith("1 of 2 rows interpolated over time")
    assert told["10"] == ("missing", "answered with the fallback '0, 0.25': no scores")
    card = json.loads(path.with_name(path.name + ".json").read_text())
    assert (card["n_fallback"], card["n_filled"]) == (1, 1)


def test_a_video_without_any_score_needs_a_fallback(run: Run) -> None:
    strict = open_run(run.folder, ["submission.fallback=null"])
    with pytest.raises(SubmissionError, match=r"1 of 3 .* have no prediction.*10/00001"):
        submit(strict)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("abaw_va", "0", "expected valence and arousal, got 0.0"),
        ("abaw_va", "0, 2", "arousal 2 is outside -1 to 1"),
        ("abaw_va", "0, much", "could not convert"),
        ("mer2023", "calm, 0", "unknown label 'calm'"),
    ],
)
def test_a_fallback_that_is_no_answer_is_refused(name: str, text: str, words: str) -> None:
    with pytest.raises(SubmissionError, match=words):
        fallback_of(load_spec(name), text)
