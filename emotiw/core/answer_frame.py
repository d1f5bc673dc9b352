"""The cohort of a plain table with a column per answer: for whole clips, or with a row per step.

The table is somebody's own, so it says no more than it has to: an answer whose known values are all
0 or 1 is something that is there or not, any other a number. A column ``time_sec`` makes steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotiw.core.clip import Clip, clip_problems
from emotiw.core.cohort import Cohort
from emotiw.core.errors import Problems, TableError, suggest
from emotiw.core.label_names import translated
from emotiw.core.score_frame import TIME
from emotiw.core.several import LABEL, Presence, Several
from emotiw.core.steps import Steps
from emotiw.core.task import Classification, Regression, Task

if TYPE_CHECKING:
    import pandas as pd

TARGET, STEP = "target", "step"
ABOUT = ("split", "group", "fold")  # of a clip, the same in all its rows
Numbers = np.ndarray[Any, np.dtype[np.float64]]


def has_answers(frame: pd.DataFrame, names: Sequence[str]) -> bool:
    """Return whether a table has a column per answer, or a row per step."""
    given = set(map(str, frame.columns))
    return "clip_id" in given and (
        TIME in given or (not given & {LABEL, TARGET} and set(names) <= given)
    )


def cohort_of_answers(
    frame: pd.DataFrame,
    names: Sequence[str],
    *,
    where: str,
    group_of: Mapping[str, str] | None = None,
    split_of: Mapping[str, str] | None = None,
    unlabelled: Iterable[str] = (),
) -> Cohort:
    """Return the cohort of such a table; of steps, that of the clips, which knows their rows.

    Args:
        frame: text, with a line number as index; ``clip_id``, an answer in each of ``names``, or
            ``label`` or ``target``; ``time_sec`` (and ``step``, its name) for steps. What nobody
            annotated is empty.
        names: the answers; the labels in class order, where there is a column ``label``.
        where: named in errors.
        group_of: group by clip id, instead of the column.
        split_of: split by clip id where the table says none.
        unlabelled: further clips; not where there are steps.

    Raises:
        TableError: naming every line that is wrong.
    """
    problems = Problems(where)
    answers, columns = _answers(frame, names, problems)
    times = _numbers(frame, TIME, problems) if TIME in frame else np.zeros(len(frame))
    for line in frame.index[np.isnan(times)]:
        problems.add(f"{frame.index.name} {line}: no time_sec")
    problems.raise_if_any(TableError)
    task: Task = answers[0] if len(answers) == 1 else Several(answers)
    steps, clips = dict[str, Steps](), dict[str, Clip]()
    for clip_id, found in sorted(frame.groupby("clip_id").indices.items()):
        places = np.asarray(found, dtype=np.intp)
        own, name = frame.iloc[places], str(clip_id)
        about = {key: _only(own, key, name, problems) for key in ABOUT if key in frame}
        about["split"] = about.get("split") or (split_of or {}).get(name, "train")
        if group_of is not None:
            about["group"] = group_of.get(name, "")
        rows = np.asarray(places)[np.argsort(times[places], kind="stable")]
        told = [f"{number:05d}" for number in range(len(rows))]
        told = list(frame[STEP].iloc[rows]) if STEP in frame else told
        steps[name] = Steps(tuple(told), times[rows], columns[rows])
        if TIME not in frame and len(rows) > 1:
            problems.add(f"{frame.index.name} {own.index[1]}: clip {name!r} has more than one row")
        if len(set(told)) < len(told):
            problems.add(f"clip {name!r} has a step twice")
        clips[name] = _clip(name, about, problems)
        for problem in clip_problems(clips[name], None):
            problems.add(f"{frame.index.name} {own.index[0]}: {problem}")
    problems.raise_if_any(TableError)
    if TIME in frame:
        return Cohort(clips.values(), task=task, where=where, steps=steps)
    for clip_id in unlabelled:
        split: Any = (split_of or {}).get(clip_id, "test")
        clips.setdefault(clip_id, Clip(clip_id, Path(), split, group=(group_of or {}).get(clip_id)))
    # an answer for the whole of a clip is that of its only step
    known = Cohort(clips.values(), task=task, where=where, steps=steps)
    return Cohort(known.answered(), task=task, where=where)


def _answers(
    frame: pd.DataFrame, names: Sequence[str], problems: Problems
) -> tuple[list[Task], Numbers]:
    """Return the single answers, and ``(n, n_answers)`` what is known of them."""
    if LABEL in frame:
        codes = np.full(len(frame), np.nan)
        for place, (line, text) in enumerate(frame[LABEL].items()):
            label = translated(text, tuple(names)) if text else None
            if label is not None:
                codes[place] = names.index(label)
            elif text:
                told = f"unknown label {text!r}{suggest(text, names)}"
                problems.add(f"{frame.index.name} {line}: {told}")
        return [Classification(tuple(names))], codes[:, None]
    found = [TARGET] if TARGET in frame else list(names)
    for name in found:
        if name not in frame:
            problems.add(f"line 1: no column {name!r}{suggest(name, map(str, frame.columns))}")
    problems.raise_if_any(TableError)
    columns = np.column_stack([_numbers(frame, name, problems) for name in found])
    kinds = [Presence if set(v[~np.isnan(v)]) <= {0.0, 1.0} else Regression for v in columns.T]
    return [kind((name,)) for kind, name in zip(kinds, names, strict=True)], columns


def _numbers(frame: pd.DataFrame, column: str, problems: Problems) -> Numbers:
    import pandas as pd

    numbers = pd.to_numeric(frame[column].where(frame[column] != ""), errors="coerce")
    for line in frame.index[numbers.isna() & ~frame[column].isin(["", "nan"])]:
        told = f"{column} {frame[column][line]!r} is not a number"
        problems.add(f"{frame.index.name} {line}: {told}")
    return np.asarray(numbers, dtype=np.float64)


def _only(rows: pd.DataFrame, key: str, clip_id: str, problems: Problems) -> str:
    """Return what all rows of a clip say, as far as they say anything."""
    told = [text for text in dict.fromkeys(rows[key]) if text]
    if len(told) > 1:
        problems.add(f"clip {clip_id!r} is in {key} {told[0]!r} and {told[1]!r}")
    return told[0] if told else ""


def _clip(clip_id: str, about: Mapping[str, str], problems: Problems) -> Clip:
    fold = about.get("fold", "")
    number = None
    try:
        number = int(fold) if fold else None
    except ValueError:
        problems.add(f"clip {clip_id!r}: fold {fold!r} is not a whole number")
    split: Any = about["split"]
    return Clip(clip_id, Path(), split, group=about.get("group") or None, fold=number)
