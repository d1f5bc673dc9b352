"""Scores of every modality and fused scores → what they are worth, as every text prints it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from emotiw.core.config import flat
from emotiw.core.errors import EmotiwError
from emotiw.core.score_table import ScoreTable
from emotiw.core.step_resampling import on_steps
from emotiw.evaluation.metrics import metrics_of
from emotiw.evaluation.results import (
    Result,
    evaluate_all,
    folds_frame,
    result_of,
    results_frame,
)
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.provenance import FILE, provenance_text
from emotiw.runs.run import FUSED, Run
from emotiw.runs.stage import Stage

STAGE = "judge"
RESULTS = ".emotiw/results.json"
VERSION = "2"


def judge_stage(fused: Stage) -> Stage:
    """Return what the results of a fusion and of its models are made from."""
    run, names = fused.run, fused.settings["models"]
    folds = run.recipe.settings.folds.model_dump(mode="json")
    settings = {"version": VERSION, "metric": run.recipe.spec.metric, **dict(flat(folds, "folds."))}
    inputs = {
        file: run.records.sha256(file)
        for name in [*(f"scores/{name}" for name in names), FUSED]
        for file in (f"{name}.csv", f"{name}.json")
    }
    inputs["cohort"] = digests_of(run)["cohort"]
    return Stage(run, STAGE, "fuse", settings, inputs, [fused])


def judge_run(fused: Stage) -> list[Result]:
    """Judge the models and the fusion, write it down, and return the results."""
    run, stage = fused.run, judge_stage(fused)
    if not stage.is_to_do():
        try:
            told = json.loads((run.folder / RESULTS).read_text(encoding="utf-8"))
            return [result_of(one, run.task) for one in told]
        except (OSError, ValueError, TypeError, KeyError, EmotiwError):
            pass  # changed by hand: judged anew
    results = judged(run, [*map(run.scores, fused.settings["models"]), run.scores(FUSED)])
    frames = {"metrics.csv": results_frame(results), "folds.csv": folds_frame(results)}
    files = {
        name: frame.to_csv(index=False, float_format="%.6f", lineterminator="\n").encode()
        for name, frame in frames.items()
    }
    files[RESULTS] = json.dumps([one.to_dict() for one in results], indent=1).encode()
    stage.commit({}, derived={**files, FILE: provenance_text(run)})
    return results


def judged(run: Run, tables: Sequence[ScoreTable]) -> list[Result]:
    """Return the results of tables by the challenge's metric and all others that suit its task."""
    metrics = metrics_of(run.task, run.recipe.spec.metric)
    rows, tolerance_sec = run.cohort().rows, run.recipe.fusion.tolerance_sec
    at_steps = [on_steps(table, rows, tolerance_sec) for table in tables]
    return evaluate_all(at_steps, rows, metrics, in_sample=True)
