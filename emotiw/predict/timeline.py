"""Scores over time as an image: everyone together, faces, voice, then person by person."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from emotiw.core.files import atomic_write
from emotiw.predict.one_answer import FACE, VOICE
from emotiw.predict.prediction_rows import FilePrediction, Row
from emotiw.visualization.boxes import COLOURS

MOST_PEOPLE = 5


def plot_timeline(found: FilePrediction, target: Path) -> Path:
    """Write a PNG of the scores of every window, and return its path.

    A window without scores breaks the lines, one that is unsure has a grey ground. Where there are
    faces and a voice, each has a panel of its own. Of more than five people, those with most faces
    have one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    people = sorted(
        {row.person for row in found.rows if row.person is not None and not row.is_whole},
        key=lambda person: (-sum(row.n_faces for row in found.windows(person)), person),
    )
    everyone = found.windows(None)
    lanes = [(told(found, None), everyone)]
    if all(any(name in row.by_model for row in everyone) for name in (FACE, VOICE)):
        lanes += [(f"{name} alone", lane_of(everyone, name)) for name in (FACE, VOICE)]
    lanes += [(told(found, person), found.windows(person)) for person in people[:MOST_PEOPLE]]
    figure = Figure(figsize=(10, 1.3 + 2.1 * len(lanes)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(lanes), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    is_label = found.is_label
    for axis, (title, rows) in zip(axes, lanes, strict=True):
        points = with_gaps(rows)
        for number, label in enumerate(found.labels):
            times = [t for t, _ in points]
            values = [
                float("nan") if row is None else (row.scores or ())[number] for _, row in points
            ]
            colour = COLOURS[number % len(COLOURS)]
            style = "-" if number < len(COLOURS) else "--"
            axis.plot(times, values, style, color=colour, label=label, marker=".", markersize=4)
        for row in rows:
            if row.is_unsure:
                axis.axvspan(row.start_sec, row.end_sec, color="0.5", alpha=0.15, linewidth=0)
        axis.set_title(title, fontsize=10, loc="left")
        axis.set_ylabel("score" if len(found.labels) > 1 else found.labels[0])
        if is_label:
            axis.set_ylim(0, 1)
        axis.set_xlim(0, max(found.duration_sec, 1e-3))
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("time (s)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(8, len(labels)))
    figure.suptitle(Path(found.file).name, fontsize=11)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    atomic_write(target, buffer.getvalue())
    return target


def lane_of(rows: list[Row], name: str) -> list[Row]:
    """Return the windows with the scores of one modality alone.

    Examples:
        >>> rows = [Row(None, 0, 2, False, 1, (0.7,), {"face": (0.6,)})]
        >>> [row.scores for row in lane_of(rows, "face")], lane_of(rows, "voice")[0].scores
        ([(0.6,)], None)
    """
    return [replace(row, scores=row.by_model.get(name), is_unsure=False) for row in rows]


def with_gaps(rows: list[Row]) -> list[tuple[float, Row | None]]:
    """Return (middle, row) in the order of time, with None where scores pause.

    Examples:
        >>> def row(start, scores):
        ...     return Row(None, start, start + 2, False, 1, scores)
        >>> [(t, r is None) for t, r in with_gaps([row(0, (1.0,)), row(1, (1.0,)), row(9, (1.0,))])]
        [(1.0, False), (2.0, False), (6.0, True), (10.0, False)]
    """
    known = sorted((row for row in rows if row.scores is not None), key=lambda r: r.middle_sec)
    points: list[tuple[float, Row | None]] = []
    for number, row in enumerate(known):
        if number and row.start_sec > known[number - 1].end_sec:
            points.append(((row.middle_sec + known[number - 1].middle_sec) / 2, None))
        points.append((row.middle_sec, row))
    return points


def told(found: FilePrediction, person: int | None) -> str:
    """Return what is to be seen of a person, or of everyone, in words."""
    who = "everyone together" if person is None else f"person {person}"
    rows = [row for row in found.windows(person) if row.scores is not None]
    if not rows:
        return f"{who}: nothing to go by"
    if not found.is_label:
        means = [
            fmean(row.scores[n] for row in rows if row.scores) for n in range(len(found.labels))
        ]
        if len(means) == 1:
            return f"{who}: {means[0]:.3g} on average"
        named = ", ".join(f"{n} {mean:.3g}" for n, mean in zip(found.labels, means, strict=True))
        return f"{who}, on average: {named}"
    answers = [found.answer(row) for row in rows]
    most = max(dict.fromkeys(answers), key=answers.count)
    return f"{who}: {most} in {answers.count(most)} of {len(rows)} windows"
