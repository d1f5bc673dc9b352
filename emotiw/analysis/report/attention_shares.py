"""Where models of several features looked: at which of them, for which label, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.errors import EmotiwError
from emotiw.models.joint.looking import CAUTION, N_STRETCHES, read_attention

Floats = npt.NDArray[np.float64]


def attention(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return mean shares by label, and over the clip, of the clips that are judged."""
    if facts.sample is None:
        return None
    judged = {*facts.sample.clip_ids}
    models = []
    for name in facts.run.recipe.models:
        path = facts.run.folder / "attention" / f"{name}.csv"
        try:
            found = read_attention(path) if path.is_file() else []
        except EmotiwError as error:
            facts.problems.append(str(error))
            continue
        rows: dict[str, dict[str, Floats]] = {}
        for clip_id, feature, values in found:
            if clip_id in judged:
                rows.setdefault(feature, {})[clip_id] = values
        if rows:
            models.append(_model(facts, name, rows))
    if not models:
        return None
    return {"caution": CAUTION, "models": models, "fifths": range(1, N_STRETCHES + 1)}


def _model(facts: RunSnapshot, name: str, rows: dict[str, dict[str, Floats]]) -> dict[str, Any]:
    task = facts.run.task
    clips_of: dict[str, list[str]] = {"all": list(next(iter(rows.values())))}
    if task.kind == "classification":
        for label in task.labels:
            clips_of[label] = [c for c in clips_of["all"] if facts.answers.get(c) == label]
    shares = [
        (who, len(clips), [_share(np.mean([own[c][0] for c in clips])) for own in rows.values()])
        for who, clips in clips_of.items()
        if clips
    ]
    times = []
    for feature, own in rows.items():
        each = np.array([values[1:] for values in own.values() if not np.isnan(values[1:]).any()])
        if len(each):
            times.append((feature, [_share(part) for part in each.mean(axis=0)]))
    return {"name": name, "features": list(rows), "shares": shares, "times": times}


def _share(value: float | np.floating[Any]) -> tuple[float, str]:
    return round(100 * float(value), 1), f"{100 * float(value):.0f} %"
