"""Answers over time in the report: lines of clips, values by person and time, thresholds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emotiw.analysis.report import clips
from emotiw.analysis.report.confusion_matrices import scatters
from emotiw.analysis.report.over_time import N_PARTS, thresholds, traces
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Presence, Several
from emotiw.core.steps import Steps
from emotiw.core.task import Regression, Task
from emotiw.evaluation.precision_recall import precision_recall
from emotiw.evaluation.sample import sample_of

TASK = Several((Regression(("valence",)), Presence(("smiles",))))


@dataclass(frozen=True)
class Facts:
    """What of a run's snapshot these parts look at."""

    task: Task
    cohort: Cohort
    main: ScoreTable

    spec = SimpleNamespace(metric="ccc.valence")

    @property
    def run(self) -> Any:
        return SimpleNamespace(task=self.task)

    @cached_property
    def sample(self) -> Any:
        return sample_of(self.cohort, self.task, "val")

    @property
    def answers(self) -> Any:
        return self.cohort.answer_key()

    @property
    def by_rank(self) -> dict[str, ScoreTable]:
        return {"fused": self.main}

    @property
    def tables(self) -> dict[str, ScoreTable]:
        return {"fused": self.main}


@pytest.fixture(scope="module")
def facts() -> Any:
    """Ten clips of five people; the later are further off, and all of them towards the end."""
    rng, listed, steps, said = np.random.default_rng(0), [], {}, {}
    for number in range(10):
        clip_id, n = f"c{number}", 30
        truth = np.column_stack([rng.normal(size=n), rng.random(n) > 0.5]).astype(float)
        truth[4, 0] = np.nan
        listed.append(Clip(clip_id, Path(f"{clip_id}.mp4"), "val", group=f"p{number // 2}"))
        steps[clip_id] = Steps(tuple(map(str, range(n))), np.arange(n) / 5, truth)
        noise = number / 3 * np.arange(n) / n * rng.normal(size=n)
        share = np.clip(0.2 + 0.6 * truth[:, 1] + rng.normal(0, 0.2, n), 0, 1)
        for step in range(n):
            value = truth[step, 0] if np.isfinite(truth[step, 0]) else 0.0
            said[f"{clip_id}/{step}"] = (value + noise[step], share[step])
    cohort = Cohort(listed, task=TASK, steps=steps).rows
    ids = tuple(said)
    table = ScoreTable("fused", TASK, ids, np.array(list(said.values())), ("val",) * len(ids),
                       (None,) * len(ids), {None: frozenset()})  # fmt: skip
    return Facts(TASK, cohort, table)


def test_the_worst_clips_stand_first_and_the_best_last(facts: Any) -> None:
    part = traces(facts)
    assert part is not None
    ids = [clip["id"] for clip in part["clips"]]
    assert {"c8", "c9"} & set(ids[:2])
    assert set(ids[-2:]) & {"c0", "c1"}


def test_the_slider_reads_what_was_annotated_and_said(facts: Any) -> None:
    part = traces(facts)
    assert part is not None
    clip = part["clips"][-1]
    values = json.loads(clip["data"])
    assert json.loads(clip["names"]) == ["valence", "smiles"]
    assert values["t"][:3] == [[0.0], [0.2], [0.4]]
    assert values["told"][4][0] is None
    assert clip["last"] == 29
    assert [each["name"] for each in clip["charts"]] == ["valence", "smiles"]


def test_values_by_person_and_by_part_are_the_metric_of_these_rows(facts: Any) -> None:
    part = traces(facts)
    assert part is not None
    assert [(name, n) for name, n, _ in part["people"]] == [(f"p{n}", 60) for n in range(5)]
    by_person = [float(value) for *_, value in part["people"]]
    assert by_person[0] > by_person[-1]
    by_part = [float(value) for _, value in part["parts"]]
    assert len(by_part) == N_PARTS
    assert by_part[0] > by_part[-1]


def test_precision_and_recall_of_what_is_there_alone(facts: Any) -> None:
    assert [each["name"] for each in thresholds(facts)] == ["smiles"]
    assert precision_recall(np.array([1.0, np.nan, 0.0]), np.array([0.8, 0.9, np.nan])) == [
        (0.8, 1.0, 1.0)
    ]
    assert precision_recall(np.zeros(3), np.ones(3)) == []


def test_a_chart_per_number(facts: Any) -> None:
    assert [each["name"] for each in scatters(facts)] == ["fused"]
    assert "of valence" in scatters(facts)[0]["title"]


def test_steps_are_no_clips_of_the_browser(facts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "notes_of_clips", lambda facts: {})
    assert clips.browsed(facts).data["clips"] == []


def test_whole_clips_have_no_lines() -> None:
    cohort = Cohort([Clip("a", Path("a.mp4"), "val", answers=(0.5, 1.0))], task=TASK)
    table = ScoreTable("fused", TASK, ("a",), np.array([[0.1, 0.9]]), ("val",), (None,), {})
    assert traces(Facts(TASK, cohort, table)) is None
