"""Clips that a small model can tell apart, of every form that a feature may have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.joined_features import JoinedSpec, JoinedTable, joined_spec
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.model import Examples
from features.frames.people import PLACE
from features.text.transcript import Segment, Transcript, text_spec

LABELS = ("Positive", "Neutral", "Negative")
VALENCE = Regression(("valence",), (0.0, 4.0))
SEVERAL = Several((Classification(LABELS), Presence(("smile",)), VALENCE))
TASKS: tuple[Task, ...] = (Classification(LABELS), VALENCE, Presence(("smile",)), SEVERAL)
SEEN = ("score_Happy", "score_Neutral", "score_Angry", "score_Surprise")
SPECS = (
    FeatureSpec("checked", (6,), "clip"),
    FeatureSpec("checked", (6,), "frame"),
    FeatureSpec("checked", (16, 16, 3), "frame", dtype="uint8"),
    FeatureSpec("checked", (len(PLACE) + len(SEEN),), "face", columns=PLACE + SEEN),
    text_spec("checked"),
)
SAID = ("so glad, wonderful 😀", "it is noon 🕛", "terrible; how sad 😢")
JOINED = joined_spec(
    [
        FeatureSpec("face", (6,), "frame"),
        FeatureSpec("voice", (5,), "clip"),
        FeatureSpec("people", SPECS[-1].shape, "face", columns=SPECS[-1].columns),
    ]
)


def small_examples(spec: FeatureSpec, task: Task, n_clips: int = 18, seed: int = 0) -> Examples:
    """Return clips of three labels (or targets 0, 2, 4) by six speakers, who all show all three.

    Of several answers a few are not known. Sequences have up to 20 rows (4 images, 4 people), some
    of them not present. Of several features most clips have all, and some only one or two.
    """
    rng = np.random.default_rng(seed)
    codes = np.arange(n_clips) % 3
    table = _table(spec, codes, rng)
    groups = tuple(f"speaker{row // 3 % 6}" for row in range(n_clips))
    targets = _answers(codes, task)
    if isinstance(task, Several):
        targets[rng.random(targets.shape) < 0.1] = np.nan
    return Examples(table, table.clip_ids, groups, targets)


def small_step_examples(
    spec: FeatureSpec, task: Task, n_clips: int = 12, seed: int = 0
) -> Examples:
    """Return clips whose every step shows one of three labels, a few of them not annotated."""
    rng = np.random.default_rng(seed)
    arrays, answers = {}, []
    for clip in range(n_clips):
        codes = np.repeat(rng.integers(0, 3, 5), rng.integers(1, 6))
        rows = [_rows(replace(spec, unit="clip"), int(code), rng).values for code in codes]
        present = rng.random(len(codes)) < 0.8
        present[0] = True
        values: Any = np.concatenate(rows)
        values[~present] = 0
        arrays[f"clip{clip:02}"] = FeatureArray(values.astype(spec.dtype), present)
        told = _answers(codes, task).reshape(len(codes), -1).astype(np.float64)
        told[rng.random(told.shape) < 0.1] = np.nan
        answers.append(told)
    groups = tuple(f"speaker{clip % 4}" for clip in range(n_clips))
    n_steps = tuple(len(each) for each in answers)
    table = FeatureTable(spec, arrays)
    return Examples(table, tuple(arrays), groups, np.concatenate(answers), n_steps=n_steps)


def _table(spec: FeatureSpec, codes: Any, rng: np.random.Generator) -> FeatureTable:
    ids = [f"clip{row:02}" for row in range(len(codes))]
    if not isinstance(spec, JoinedSpec):
        rows = [_rows(spec, int(code), rng) for code in codes]
        return FeatureTable(spec, dict(zip(ids, rows, strict=True)))
    has = rng.random((len(codes), len(spec.parts))) < 0.8
    has[np.arange(len(codes)), rng.integers(0, len(spec.parts), len(codes))] = True
    found = []
    for part, there in zip(spec.parts, has.T, strict=True):
        own = zip(ids, codes, there, strict=True)
        found.append(FeatureTable(part, {c: _rows(part, int(k), rng) for c, k, is_ in own if is_}))
    return JoinedTable(found)


def _answers(codes: Any, task: Task) -> Any:
    if isinstance(task, Several):
        return np.column_stack([_answers(codes, answer) for answer in task.answers]).astype(float)
    if task.is_label:
        return codes.astype(np.int64)
    return (codes == 0).astype(np.float64) if task.kind == "presence" else 4.0 - 2.0 * codes


def _rows(spec: FeatureSpec, code: int, rng: np.random.Generator) -> FeatureArray:
    if spec.unit == "character":
        words = [*SAID[code].split(), *rng.choice(["one", "two", "three", "four"], 4)]
        return Transcript.of([Segment(" ".join(rng.permutation(words)))]).to_array()
    most = 20 if spec.unit == "frame" and spec.dtype == "float32" else 4
    n = 1 if spec.unit == "clip" else int(rng.integers(1, most + 1))
    if spec.columns is not None and "face_track" in spec.columns:
        return FeatureArray.all_present(_people(spec, code, n, rng))
    if spec.dtype == "uint8":
        values: Any = rng.integers(0, 86, (n, *spec.shape)) + 80 * code
    else:
        values = rng.normal(0, 0.7, (n, *spec.shape))
        values.reshape(n, -1)[:, code % spec.dim] += 2
    present = rng.random(n) < 0.8
    present[0] = True
    values[~present] = 0
    return FeatureArray(values.astype(spec.dtype), present)


def _people(spec: FeatureSpec, code: int, n: int, rng: np.random.Generator) -> Any:
    values = np.zeros((n, spec.dim), dtype=np.float32)
    for person in range(n):
        side, x = rng.uniform(8, 16), 100 * (person + 0.5) / n
        box = (x - side / 2, 50 - side / 2, x + side / 2, 50 + side / 2)
        values[person, : len(PLACE)] = (person, 0, 0, 1, *box, 0.99, 100, 100)
        shown = np.full(spec.dim - len(PLACE), 0.1)
        shown[code % len(shown)] += rng.uniform(0.5, 2)
        values[person, len(PLACE) :] = shown / shown.sum()
    return values
