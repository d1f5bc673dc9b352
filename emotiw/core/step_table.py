"""The steps of all clips as one table, to look at and to change by hand: what was said when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import ManifestError, Problems, suggest
from emotiw.core.steps import Numbers, Steps, answer_names
from emotiw.core.task import Task

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("clip_id", "step", "time_sec")


def steps_as_csv(steps: Mapping[str, Steps], task: Task) -> bytes:
    """Return the table of all steps: ``clip_id, step, time_sec`` and a column per answer."""

    import pandas as pd

    frames = [
        pd.DataFrame(
            {"clip_id": clip_id, "step": one.names, "time_sec": one.time_sec}
            | {
                name: _texts(answer, values)
                for name, answer, values in zip(
                    answer_names(task), task.answers, one.answers.T, strict=True
                )
            }
        )
        for clip_id, one in sorted(steps.items())
    ]
    table = pd.concat(frames, ignore_index=True)
    return table.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode()


def read_steps(path: Path, task: Task) -> dict[str, Steps]:
    """Return the steps of every clip, as :func:`steps_as_csv` or a person wrote them.

    Raises:
        ManifestError: with file, line and text of everything that is wrong.
    """
    names = answer_names(task)
    frame = read_frame(path, [*KEYS, *names])
    problems = Problems(str(path))
    time_sec = _numbers(frame, "time_sec", problems)
    columns = [
        _codes(frame, name, answer, problems)
        if answer.is_label
        else _numbers(frame, name, problems)
        for name, answer in zip(names, task.answers, strict=True)
    ]
    for line in frame.index[np.isnan(time_sec) | (frame["clip_id"] == "")]:
        problems.add(f"line {line}: a step needs a clip_id and a time_sec")
    twice = frame.duplicated(["clip_id", "step"])
    for line in frame.index[twice]:
        problems.add(
            f"line {line}: clip {frame['clip_id'][line]!r} has step {frame['step'][line]!r} twice"
        )
    problems.raise_if_any(ManifestError)
    answers, steps = np.column_stack(columns), frame["step"].to_numpy(dtype=object)
    found = {}
    for clip_id, rows in frame.reset_index().groupby("clip_id", sort=True).indices.items():
        order = rows[np.argsort(time_sec[rows], kind="stable")]
        found[str(clip_id)] = Steps(tuple(steps[order]), time_sec[order], answers[order])
    return found


def _texts(answer: Task, values: Numbers) -> Any:
    if not answer.is_label:
        return values
    return ["" if np.isnan(value) else answer.name_of(value) for value in values]


def _numbers(frame: pd.DataFrame, column: str, problems: Problems) -> Numbers:
    import pandas as pd

    numbers = pd.to_numeric(frame[column], errors="coerce")
    for line in frame.index[numbers.isna() & (frame[column] != "")]:
        problems.add(f"line {line}: {column} {frame[column][line]!r} is not a number")
    return np.asarray(numbers, dtype=np.float64)


def _codes(frame: pd.DataFrame, column: str, answer: Task, problems: Problems) -> Numbers:
    code_of = {label: float(code) for code, label in enumerate(answer.labels)}
    codes = frame[column].map(code_of)
    for line in frame.index[codes.isna() & (frame[column] != "")]:
        text = frame[column][line]
        problems.add(f"line {line}: {text!r} is no label{suggest(text, answer.labels)}")
    return np.asarray(codes, dtype=np.float64)
