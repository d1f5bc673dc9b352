"""What was predicted: one row per file, person and window of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from emotiw.core.csv_rows import rows_as_csv
from emotiw.core.several import Several
from emotiw.core.task import Task
from emotiw.predict.one_answer import nearest_two, valence_arousal

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 6
EVERYONE = ""
UNSURE = "unsure"
HEAD = (
    *("file", "person", "start_sec", "end_sec", "is_whole"),
    *("n_people", "n_faces", "speech_sec", "rests_on", "prediction", "nearest"),
    *("derived_valence", "derived_arousal", "attention"),
)


@dataclass(frozen=True)
class Row:
    """The scores of one person, or of everyone together, in one window of a file.

    Attributes:
        person: number of the face track, 0 for the main face; None for everyone together.
        start_sec: where the window begins.
        end_sec: where it ends; both are 0 in a photograph.
        is_whole: whether the window is the whole file.
        n_faces: faces seen in it, counted in every frame.
        scores: one per label; None where there is nothing to go by.
        by_model: the scores of each model of a run; without one, those of face and voice.
        n_people: different people seen in it.
        speech_sec: seconds of speech heard in it.
        attention: by model of several features, how much each of them counted; no proof of cause.
        is_unsure: whether the most probable label is not probable enough to be an answer.
    """

    person: int | None
    start_sec: float
    end_sec: float
    is_whole: bool
    n_faces: int
    scores: tuple[float, ...] | None
    by_model: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    n_people: int = 0
    speech_sec: float = 0.0
    is_unsure: bool = False
    attention: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def middle_sec(self) -> float:
        """The middle of the window."""
        return (self.start_sec + self.end_sec) / 2


@dataclass(frozen=True)
class FilePrediction:
    """All rows of one file.

    Attributes:
        file: as it was named.
        task: what was asked; None where the file could not be read.
        duration_sec: of the file.
        rows: everyone first, then person by person; whole file and windows.
        reason: why the file could not be read; empty where it could.
        notes: what else there is to know.
        written: files made beside the scores.
    """

    file: str
    task: Task | None = None
    duration_sec: float = 0.0
    rows: tuple[Row, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in class order, or the name of the target."""
        return () if self.task is None else self.task.labels

    @property
    def is_label(self) -> bool:
        """Whether labels were asked for, and not a number."""
        return self.task is None or self.task.is_label

    def whole(self) -> list[Row]:
        """Return the rows about the whole file."""
        return [row for row in self.rows if row.is_whole]

    def windows(self, person: int | None) -> list[Row]:
        """Return the rows of one person, or of everyone, in the order of time."""
        return [row for row in self.rows if not row.is_whole and row.person == person]

    def answer(self, row: Row) -> str:
        """Return the most probable label of a row, or ``unsure``, or its number; empty for none."""
        if row.scores is None:
            return ""
        if isinstance(self.task, Several):
            told = self.task.name_of(self.task.decide(np.array([row.scores]))[0])
            named = zip(self.task.names, told, strict=True)
            return "; ".join(f"{n} {v}" if isinstance(v, str) else f"{n} {v:.3g}" for n, v in named)
        if not self.is_label:
            return f"{row.scores[0]:.4g}"
        return UNSURE if row.is_unsure else self.labels[row.scores.index(max(row.scores))]

    def nearest(self, row: Row) -> tuple[str, ...]:
        """Return the two most probable labels, where a row is unsure; else nothing."""
        return nearest_two(self.labels, row.scores) if row.scores and row.is_unsure else ()

    def about(self, row: Row) -> dict[str, Any]:
        """Return all that tables say of a row in front of its scores, by column.

        Valence and arousal are derived from the scores of the labels, where all of these have
        known positions.
        """
        places = None
        if row.scores and self.is_label:
            places = valence_arousal(self.labels, row.scores)
        return {
            "file": self.file,
            "person": row.person,
            "start_sec": row.start_sec,
            "end_sec": row.end_sec,
            "is_whole": row.is_whole,
            "n_people": row.n_people,
            "n_faces": row.n_faces,
            "speech_sec": round(row.speech_sec, 3),
            "rests_on": "+".join(row.by_model) if row.scores else "",
            "prediction": self.answer(row),
            "nearest": " or ".join(self.nearest(row)),
            "derived_valence": places[0] if places else None,
            "derived_arousal": places[1] if places else None,
            "attention": "; ".join(
                f"{model}: " + ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
                for model, shares in row.attention.items()
            ),
        }


def mean_over_time(rows: Sequence[Row], duration_sec: float) -> list[Row]:
    """Return one row of the whole file for everyone and for each person, from those of its parts.

    A part counts by its length, one of a person by the faces seen in it; parts without scores
    don't count.

    Examples:
        >>> parts = [Row(None, 0, 3, False, 9, (1.0, 0.0)), Row(None, 3, 4, False, 5, (0.0, 1.0))]
        >>> [row.scores for row in mean_over_time(parts, 4.0)]
        [(0.75, 0.25)]
    """
    found = []
    for person in dict.fromkeys(row.person for row in rows):
        own = [row for row in rows if row.person == person]
        spans = [row.end_sec - row.start_sec for row in own]
        weights = spans if person is None else [float(row.n_faces) for row in own]
        names = dict.fromkeys(name for row in own for name in row.by_model)
        means = {n: _mean([row.by_model.get(n) for row in own], weights) for n in names}
        by_model = {name: mean for name, mean in means.items() if mean is not None}
        scores = _mean([row.scores for row in own], weights)
        n_faces = sum(row.n_faces for row in own)
        found.append(Row(person, 0.0, duration_sec, True, n_faces, scores, by_model))
    return found


def _mean(
    scores: Sequence[tuple[float, ...] | None], weights: Sequence[float]
) -> tuple[float, ...] | None:
    known = [(row, weight) for row, weight in zip(scores, weights, strict=True) if row is not None]
    total = sum(weight for _, weight in known)
    if total <= 0:
        return None
    columns = zip(*(row for row, _ in known), strict=True)
    return tuple(
        sum(value * weight for value, (_, weight) in zip(column, known, strict=True)) / total
        for column in columns
    )


def prediction_frame(found: Sequence[FilePrediction]) -> pd.DataFrame:
    """Return the rows of :func:`as_csv` in pandas; ``person`` is missing for everyone together."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for one in found:
        if one.reason:
            rows.append({"file": one.file, "reason": one.reason})
        for row in one.rows:
            given = dict(zip(one.labels, row.scores or (), strict=False))
            reason = "" if row.scores else "nothing to go by"
            rows.append({**one.about(row), "reason": reason, **given})
    frame = pd.DataFrame(rows, columns=[*HEAD, *_labels(found), "reason"])
    counts = dict.fromkeys(("person", "n_people", "n_faces"), "Int64")
    values = dict.fromkeys(("derived_valence", "derived_arousal"), "Float64")
    return frame.astype({**counts, **values, "is_whole": "boolean"})


def _labels(found: Sequence[FilePrediction]) -> list[str]:
    return list(dict.fromkeys(label for one in found for label in one.labels))


def as_csv(found: Sequence[FilePrediction]) -> str:
    """Return every row as CSV; a file that could not be read has one row with the reason."""
    head, labels = HEAD, _labels(found)
    rows: list[Sequence[object]] = [[*head, *labels, "reason"]]
    for one in found:
        if one.reason:
            rows.append([one.file, *[""] * (len(head) - 1 + len(labels)), one.reason])
        for row in one.rows:
            given = dict(zip(one.labels, row.scores or (), strict=False))
            rows.append(
                [
                    *(_cell(value) for value in one.about(row).values()),
                    *(f"{given[name]:.{DECIMALS}f}" if name in given else "" for name in labels),
                    "" if row.scores else "nothing to go by",
                ]
            )
    return rows_as_csv(rows).decode()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3f}"
    return EVERYONE if value is None else value


def as_json(found: Iterable[FilePrediction]) -> list[dict[str, Any]]:
    """Return the same for JSON, with the scores of each model."""
    return [
        {
            "file": one.file,
            "duration_sec": round(one.duration_sec, 3),
            "reason": one.reason,
            "notes": list(one.notes),
            "written": list(one.written),
            "rows": [
                {
                    **{k: v for k, v in one.about(row).items() if k not in ("file", "nearest")},
                    "start_sec": round(row.start_sec, 3),
                    "end_sec": round(row.end_sec, 3),
                    "prediction": one.answer(row) or None,
                    "nearest": list(one.nearest(row)),
                    "attention": {m: dict(shares) for m, shares in row.attention.items()},
                    "scores": _named(one.labels, row.scores),
                    "models": {n: _named(one.labels, s) for n, s in row.by_model.items()},
                }
                for row in one.rows
            ],
        }
        for one in found
    ]


def _named(labels: Sequence[str], scores: Sequence[float] | None) -> dict[str, float] | None:
    if scores is None:
        return None
    return {label: round(s, DECIMALS) for label, s in zip(labels, scores, strict=True)}
