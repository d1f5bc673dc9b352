"""A run that answers step by step, asked about a file that it has never seen."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import FeatureArray, FeatureSpec, until_the_next
from emotiw.core.several import Presence, Several
from emotiw.core.steps import Steps
from emotiw.core.task import Regression
from emotiw.models.stepwise.step_options import StepOptions
from emotiw.predict.prediction_rows import FilePrediction, as_json
from emotiw.predict.step_rows import step_rows, usual_step_sec
from emotiw.predict.timeline import plot_timeline

TASK = Several((Regression(("valence",)), Presence(("smiles",))))
SPEC = FeatureSpec("voice", (1,), "frame")


class Echo:
    """A model of sequences that says what it reads, and nothing where nothing is there."""

    def reads_steps(self, options: Any) -> bool:
        return True

    def predict(self, examples: Any) -> Any:
        arrays = list(examples.arrays())
        values = np.concatenate([array.values[:, 0] for array in arrays])
        said = np.column_stack([values, values > 2]).astype(float)
        said[~np.concatenate([array.present for array in arrays])] = np.nan
        return said


class Passes:
    """A fusion of one modality that leaves it as it is."""

    def predict_proba(self, tables: Any) -> Any:
        (table,) = tables.values()
        return table.to_frame().set_index("clip_id")[list(TASK.labels)]


def asked(n_rows: int, duration_sec: float) -> Any:
    values = np.arange(n_rows, dtype=np.float32)[:, None]
    array = FeatureArray.all_present(values, until_the_next(np.arange(n_rows) * 0.5))
    entry = SimpleNamespace(features=("voice",), options=None, steps=StepOptions(tolerance_sec=0.3))
    models: Any = {"echo": (entry, Echo())}
    fusion: Any = Passes()
    return step_rows(models, fusion, {"voice": (SPEC, array)}, task=TASK,
                     duration_sec=duration_sec, step_sec=0.5)  # fmt: skip


def test_every_step_has_a_row_and_the_file_their_mean() -> None:
    whole, *rows = asked(4, 2.0)
    assert [(row.start_sec, row.end_sec) for row in rows] == [
        (0.0, 0.5), (0.5, 1.0), (1.0, 1.5), (1.5, 2.0),
    ]  # fmt: skip
    assert whole.is_whole
    assert whole.scores == pytest.approx(np.mean([row.scores for row in rows], axis=0))


def test_steps_that_nothing_was_measured_near_have_no_scores() -> None:
    _, *rows = asked(4, 4.0)
    assert [row.scores is None for row in rows] == [False] * 5 + [True] * 3


def test_models_are_named_where_they_say_something_and_json_has_their_means() -> None:
    rows = asked(4, 4.0)
    assert [list(row.by_model) for row in rows[1:]] == [["echo"]] * 5 + [[]] * 3
    (told,) = as_json([FilePrediction("x.wav", TASK, 4.0, tuple(rows))])
    json.dumps(told, allow_nan=False)
    whole = told["rows"][0]
    assert whole["models"] == {"echo": whole["scores"]}


def test_without_any_feature_there_is_one_row_without_scores() -> None:
    fusion: Any = Passes()
    rows = step_rows({}, fusion, {}, task=TASK, duration_sec=3.0, step_sec=0.5)
    assert [(row.is_whole, row.scores) for row in rows] == [(True, None)]


def test_the_usual_step_is_that_of_most_clips() -> None:
    nothing = np.full((3, 2), np.nan)
    steps = {"a": Steps(("0", "1", "2"), np.array([0.0, 0.2, 0.4]), nothing),
             "b": Steps(("0", "1", "2"), np.array([0.0, 0.2, 5.0]), nothing)}  # fmt: skip
    clips = [Clip(clip_id, Path(clip_id), "train") for clip_id in steps]
    assert usual_step_sec(Cohort(clips, task=TASK, steps=steps)) == pytest.approx(0.2)


def test_several_answers_are_told_by_name_and_drawn(tmp_path: Path) -> None:
    found = FilePrediction("x.wav", TASK, 2.0, tuple(asked(4, 2.0)))
    assert found.answer(found.whole()[0]) == "valence 0.75; smiles 0"
    assert plot_timeline(found, tmp_path / "x.png").stat().st_size > 1000
