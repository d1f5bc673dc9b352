"""What was said step by step beside what was annotated, and where the two part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.steps import answer_names
from emotiw.core.task import Task
from emotiw.evaluation.metric import Numbers
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.precision_recall import precision_recall
from emotiw.evaluation.sample import Sample
from emotiw.visualization.svg_charts import LEFT, RIGHT, WIDTH, Series, chart

MOST_EACH = 2  # clips among the worst, in the middle, and among the best
MOST_ANSWERS = 6
MOST_POINTS = 400  # of a line
N_PARTS = 5  # of a clip's length, from its beginning to its end


def traces(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return lines of a few clips, and the metric by person and by time; None without steps."""
    sample = facts.sample
    if sample is None or not facts.cohort.owners:
        return None
    decided = sample.predictions(facts.main)
    said, told = (each.reshape(len(sample), -1).astype(float) for each in (decided, sample.y_true))
    answers = list(zip(answer_names(sample.task), sample.task.answers, strict=True))[:MOST_ANSWERS]
    metric = metric_named(facts.spec.metric, sample.task)

    def judged(rows: Any) -> str:
        own = rows & sample.judged(decided)
        return metric.shown(sample.subset(own).value(metric, decided[own])) if own.any() else ""

    names = np.array([facts.cohort.groups[row_id] for row_id in sample.clip_ids], dtype=object)
    people = [
        (name, int((names == name).sum()), judged(names == name)) for name in np.unique(names)
    ]
    part, chosen = _parts(sample, facts), _chosen(sample, told, said)
    return {
        "metric": metric.title,
        "split": sample.split,
        "clips": [_clip(facts, sample, clip, (told, said), answers) for clip in chosen],
        "people": people if facts.cohort.knows_groups else [],
        "parts": [(f"{n + 1} of {N_PARTS}", judged(part == n)) for n in range(N_PARTS)],
        "span": (LEFT, WIDTH - RIGHT),
    }


def thresholds(facts: RunSnapshot) -> list[dict[str, Any]]:
    """Return precision and recall of everything that is there or not, by threshold."""
    sample = facts.sample
    if sample is None:
        return []
    said = sample.predictions(facts.main).reshape(len(sample), -1)
    truth = sample.y_true.reshape(len(sample), -1)
    found = []
    for place, (name, answer) in enumerate(
        zip(answer_names(sample.task), sample.task.answers, strict=True)
    ):
        if answer.kind != "presence":
            continue
        curve = precision_recall(truth[:, place], said[:, place])
        lines = [
            Series(what, [(row[0], row[column]) for row in _thinned(curve)], colour=column - 1)
            for column, what in ((1, "precision"), (2, "recall"))
        ]
        title = f"{name}: precision and recall by threshold; 0.5 decides"
        svg = chart(
            lines, title=title, x_label="threshold", y_label="share", x_span=(0, 1), y_span=(0, 1)
        )
        found.append({"name": name, "svg": svg})
    return found


def _clip(
    facts: RunSnapshot,
    sample: Sample,
    clip: int,
    both: tuple[Numbers, Numbers],
    answers: list[tuple[str, Task]],
) -> dict[str, Any]:
    rows = np.flatnonzero(sample.clips == clip)
    times = np.array([facts.cohort.times[sample.clip_ids[row]] for row in rows])
    rows, times = rows[np.argsort(times)], np.sort(times)
    rows, times = _thinned(rows), _thinned(times)
    charts = []
    for place, (name, answer) in enumerate(answers):
        lines = [
            Series(what, list(zip(times, values[rows, place], strict=True)), colour, style)
            for what, values, colour, style in (
                ("annotated", both[0], 7, "dashed"), ("said", both[1], 0, "line"))
        ]  # fmt: skip
        unit = ", ".join(f"{code} {label}" for code, label in enumerate(answer.labels))
        svg = chart(
            lines,
            title=f"{name} over time",
            x_label="seconds",
            y_label=name if not answer.is_label else unit,
        )
        charts.append({"name": name, "svg": svg})
    told, said = (each[rows, : len(answers)] for each in both)
    values = {"t": times, "told": told, "said": said}
    return {
        "id": facts.cohort.owners[sample.clip_ids[rows[0]]],
        "charts": charts,
        "data": json.dumps({key: _rounded(each) for key, each in values.items()}),
        "names": json.dumps([name for name, _ in answers]),
        "last": len(rows) - 1,
    }


def _chosen(sample: Sample, told: Any, said: Any) -> Iterator[int]:
    """Yield clips by how far they are off: the worst, some in the middle, the best."""
    spread = np.nanstd(told, axis=0)
    off = np.abs(said - told) / np.where(spread > 0, spread, 1.0)
    known = np.isfinite(off)
    n_clips = int(sample.clips.max(initial=-1)) + 1
    count = np.bincount(sample.clips, known.sum(axis=1), n_clips)
    total = np.bincount(sample.clips, np.where(known, off, 0.0).sum(axis=1), n_clips)
    order = [
        c for c in np.argsort(-total / np.maximum(count, 1), kind="stable").tolist() if count[c]
    ]
    middle = len(order) // 2
    wanted = [*order[:MOST_EACH], *order[middle : middle + MOST_EACH], *order[-MOST_EACH:]]
    yield from dict.fromkeys(wanted)


def _parts(sample: Sample, facts: RunSnapshot) -> Any:
    """Return ``(n,)`` in which part of its clip each step is."""
    times = np.array([facts.cohort.times[row_id] for row_id in sample.clip_ids])
    first = np.full(int(sample.clips.max(initial=0)) + 1, np.inf)
    last = np.full(len(first), -np.inf)
    np.minimum.at(first, sample.clips, times)
    np.maximum.at(last, sample.clips, times)
    length = np.maximum((last - first)[sample.clips], 1e-9)
    return np.minimum((times - first[sample.clips]) / length * N_PARTS, N_PARTS - 1).astype(int)


def _thinned(values: Any) -> Any:
    """Return no more of them than a line can show."""
    return values[:: max(1, -(-len(values) // MOST_POINTS))]


def _rounded(values: Any) -> Any:
    return [
        [None if not np.isfinite(v) else round(float(v), 3) for v in np.atleast_1d(row)]
        for row in values
    ]
