"""Which label was taken for which, by every model; or targets against predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.group_sums import confusions
from emotiw.visualization.svg_charts import Series, chart

NO_ANSWER = ""
MOST_POINTS = 2000  # of a chart


def confusion(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return the matrices, and the recall of every label; None in regression."""
    matrices = matrices_of(facts)
    return {"matrices": matrices, "recalls": recalls(matrices)} if matrices else None


def matrices_of(facts: RunSnapshot) -> list[dict[str, Any]]:
    """Return one matrix of counts per model, the fusion first; rows are true labels.

    A clip without scores is in the last column, "no score", which is there only where one is.
    """
    sample = facts.sample
    if sample is None or not facts.run.task.is_label:
        return []
    everyone = np.zeros(len(sample), dtype=np.intp)
    matrices = []
    for name, table in facts.by_rank.items():
        labels = [*table.labels, NO_ANSWER]
        decided = sample.predictions(table)
        counts = confusions(sample.y_true, decided, everyone, len(table.labels))[0].astype(int)
        if not counts[:, -1].any():
            counts, labels = counts[:, :-1], labels[:-1]
        totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        matrices.append(
            {
                "name": name,
                "columns": [label or "no score" for label in labels],
                "rows": [
                    {
                        "label": label,
                        "n": int(counts[row].sum()),
                        "cells": [
                            {
                                "n": int(counts[row, column]),
                                "share": round(float(counts[row, column] / totals[row, 0]), 4),
                                "is_right": row == column,
                            }
                            for column in range(len(labels))
                        ],
                    }
                    for row, label in enumerate(table.labels)
                ],
                "told": _told(name, counts, table.labels),
            }
        )
    return matrices


def recalls(matrices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return per label the share of its clips that each model finds, from the matrices."""
    if not matrices:
        return []
    return [
        {
            "label": row["label"],
            "n": row["n"],
            "shares": [
                {"name": m["name"], "share": m["rows"][number]["cells"][number]["share"]}
                for m in matrices
            ],
        }
        for number, row in enumerate(matrices[0]["rows"])
        if row["n"]
    ]


def scatters(facts: RunSnapshot) -> list[dict[str, Any]]:
    """Return a chart of predictions against targets per model, fusion first, and per number."""
    if facts.sample is None:
        return []
    return [
        _scatter(facts, name, table, place)
        for place, answer in enumerate(facts.run.task.answers)
        if answer.kind == "regression"
        for name, table in facts.by_rank.items()
    ]


def _scatter(facts: RunSnapshot, name: str, table: ScoreTable, place: int) -> dict[str, Any]:
    assert facts.sample is not None
    every = max(1, len(facts.sample) // MOST_POINTS)
    pair = facts.sample.predictions(table), facts.sample.y_true
    predicted, targets = (each.reshape(len(each), -1)[::every, place].tolist() for each in pair)
    points = list(zip(targets, predicted, strict=True))
    known = [v for v in (*targets, *predicted) if np.isfinite(v)]
    span = (min(known, default=0.0), max(known, default=1.0) + 1e-9)
    what = facts.run.task.answers[place].labels[0]
    off = np.nanmean(np.array(predicted) - targets) if known and targets else 0.0
    of_many = f" of {what}" if len(facts.run.task.answers) > 1 else ""
    title = f"{name}{of_many}: {off:+.2g} from the line on average, where all would be right"
    svg = chart(
        [Series(name, points, colour=0, style="points")],
        title=title,
        x_label=f"true {what}",
        y_label=f"predicted {what}",
        x_span=span,
        y_span=span,
        has_diagonal=True,
    )
    return {"name": name, "title": title, "svg": svg}


def _told(name: str, counts: Any, labels: tuple[str, ...]) -> str:
    off = np.array(counts[:, : len(labels)])
    np.fill_diagonal(off, 0)
    if not off.any():
        return f"{name} confuses no two labels"
    row, column = np.unravel_index(int(off.argmax()), off.shape)
    return (
        f"{name} takes {labels[row]} for {labels[column]} most often "
        f"({off[row, column]} of {counts[row].sum()})"
    )
