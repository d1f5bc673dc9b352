"""A run that answers step by step, asked about a file: a row for every step, as in training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.steps import Steps
from emotiw.core.task import Task
from emotiw.models.model import Model
from emotiw.models.stepwise.step_view import StepView
from emotiw.predict.prediction_rows import Row
from emotiw.runs.recipe import ModelEntry
from fusion.late import LateFusion

CLIP = "clip"  # no result depends on the name


def usual_step_sec(cohort: Cohort) -> float:
    """Return the time from one step to the next that is most usual among a cohort's clips."""
    apart = [np.diff(cohort.steps_of(clip.clip_id).time_sec) for clip in cohort]
    found = np.concatenate([np.zeros(0), *apart])
    found = found[found > 0]
    return float(np.median(found)) if len(found) else 1.0


def step_rows(
    models: Mapping[str, tuple[ModelEntry, Model]],
    fusion: LateFusion,
    features: Mapping[str, tuple[FeatureSpec, FeatureArray]],
    *,
    task: Task,
    duration_sec: float,
    step_sec: float,
) -> list[Row]:
    """Return the row of the whole file, the mean over its steps, and that of every step.

    Args:
        models: by name, with their entries of the recipe.
        fusion: of their scores.
        features: by name, what was measured in the file; models of others have no say.
        task: what is asked of every step.
        duration_sec: of the file.
        step_sec: from one step to the next.
    """
    n_steps = max(1, int(np.ceil(duration_sec / step_sec)))
    times = np.asarray(np.arange(n_steps) * step_sec, dtype=np.float64)
    nothing = np.full((len(times), len(task.answers)), np.nan)
    steps = {CLIP: Steps(tuple(map(str, range(len(times)))), times, nothing)}
    cohort = Cohort([Clip(CLIP, Path(), "test")], task=task, steps=steps)
    row_ids = steps[CLIP].row_ids(CLIP)
    tables = {}
    for name, (entry, model) in models.items():
        (feature,) = entry.features  # answers step by step are those of one
        if feature not in features:
            continue
        spec, array = features[feature]
        by_clip = model.reads_steps(entry.options)
        table = FeatureTable(spec, {CLIP: array})
        view = StepView(cohort, table, task, entry.steps, by_clip=by_clip)
        examples = view.examples([CLIP], with_targets=False)
        if len(examples):
            tables[name] = ScoreTable(
                name=name,
                task=task,
                clip_ids=row_ids,
                scores=view.on_rows([CLIP], examples, model.predict(examples)),
                split=("test",) * len(row_ids),
                fold=(None,) * len(row_ids),
                owners=(CLIP,) * len(row_ids),
                time_sec=times,
            )
    if not tables:
        return [Row(None, 0.0, duration_sec, True, 0, None)]
    fused = fusion.predict_proba(tables).reindex(list(row_ids)).to_numpy()
    rows = [
        Row(
            None,
            float(time),
            float(min(time + step_sec, max(duration_sec, step_sec))),
            False,
            0,
            None if np.isnan(scores).any() else tuple(scores.tolist()),
            {
                name: tuple(table.scores[n].tolist())
                for name, table in tables.items()
                if not np.isnan(table.scores[n]).any()
            },
        )
        for n, (time, scores) in enumerate(zip(times, fused, strict=True))
    ]
    means = {name: _mean(table.scores) for name, table in tables.items()}
    by_model = {name: mean for name, mean in means.items() if mean is not None}
    return [Row(None, 0.0, duration_sec, True, 0, _mean(fused), by_model), *rows]


def _mean(scores: npt.NDArray[np.float64]) -> tuple[float, ...] | None:
    """Return the mean over the steps that have scores."""
    known = scores[~np.isnan(scores).any(axis=1)]
    return tuple(known.mean(axis=0).tolist()) if len(known) else None
