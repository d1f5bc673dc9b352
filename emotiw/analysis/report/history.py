"""What happened before: attempts at the challenge, epochs of training, the ablation."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import EmotiwError
from emotiw.core.task import Task
from emotiw.evaluation.differences import p_text
from emotiw.evaluation.metrics import metric_named
from emotiw.runs.stages.trained import model_folder, read_model_keys
from emotiw.visualization.svg_charts import Series, chart, ticks
from submissions.attempts import Attempts

CHECKPOINT = "checkpoint/checkpoint.safetensors"
ABLATION = "ablation/ablation.csv"
MOST_ROWS = 200
FIGURES = (
    *("metric", "value", "low", "high", "difference", "difference_low", "difference_high"),
    *("p_holm", "is_significant", "n", "seconds", "megabytes"),
)


def attempts(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return validation and test figures of every attempt at this challenge; None without any."""
    ledger = Attempts(facts.run.folder.parent)
    try:
        rows = ledger.rows(facts.spec.name)
    except EmotiwError as error:
        facts.problems.append(str(error))
        return None
    if not rows:
        return None
    nan = math.nan
    val = [(row.number, nan if row.val is None else row.val) for row in rows]
    test = [(row.number, nan if row.test is None else row.test) for row in rows]
    gaps = [row.gap for row in rows if row.gap is not None]
    told = "no attempt has both figures yet"
    if gaps:
        told = f"test is {sum(gaps) / len(gaps):+.2f} against validation, on average"
    return {
        "rows": [
            {
                "number": row.number,
                "date": row.date[:10],
                "run": row.run,
                "val": "" if row.val is None else f"{row.val:.4g}",
                "test": "" if row.test is None else f"{row.test:.4g}",
                "gap": "" if row.gap is None else f"{row.gap:+.4g}",
                "note": row.note,
                "is_this": row.run == facts.run.recipe.name,
            }
            for row in rows
        ],
        "left": ledger.left(facts.spec),
        "told": told,
        "title": f"Attempts: {told}",
        "svg": chart(
            [Series("validation", val, 0, "marked"), Series("test", test, 1, "marked")],
            title=f"Attempts: {told}",
            x_label="attempt",
            y_label=facts.spec.metric + (" (%)" if facts.spec.official_metric.is_percent else ""),
            x_span=(min(n for n, _ in val) - 0.5, max(n for n, _ in val) + 0.5),
            x_ticks=[n for n, _ in val][:20],
        ),
    }


def curves(facts: RunSnapshot) -> list[dict[str, Any]]:
    """Return the training curves of every network of the run, all folds in one chart."""
    found = []
    for name in facts.run.recipe.models:
        try:
            keys = read_model_keys(facts.run, name)
        except EmotiwError:
            continue
        losses, inner = [], []
        best: list[int] = []
        for fold, key in keys.items():
            notes = _notes(facts, key)
            records = notes.get("records", [])
            if not records:
                continue
            who = "final model" if fold is None else f"fold {fold}"
            losses.append(Series(f"{who}, training", _points(records, "loss"), 0, "line"))
            if any(r["inner_loss"] is not None for r in records):
                points = _points(records, "inner_loss")
                inner.append(Series(f"{who}, inner part", points, 1, "dashed"))
            best.append(int(notes.get("best_epoch") or 0))
        if not losses:
            continue
        epochs = max(len(s.points) for s in losses)
        first, last = (np.mean([s.points[end][1] for s in losses]) for end in (0, -1))
        title = f"{name}: training loss from {first:.2g} to {last:.2g} in {epochs} epochs"
        kept = f"{min(best)}" if min(best) == max(best) else f"{min(best)} to {max(best)}"
        found.append(
            {
                "title": title,
                "told": f"{len(losses)} fits of up to {epochs} epochs; kept: epoch {kept}",
                "has_inner": bool(inner),
                "svg": chart(
                    [*losses, *inner],
                    title=title,
                    x_label="epoch",
                    y_label="loss",
                    x_ticks=[t for t in ticks(1, max(epochs, 2)) if t == int(t)],
                ),
            }
        )
    return found


def ablation(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return the table of ``emotiw ablate`` as it stands in the run's folder; None without one."""
    path = facts.run.folder / ABLATION
    if not path.is_file():
        return None
    try:
        frame = read_frame(path)
    except EmotiwError as error:
        facts.problems.append(str(error))
        return None
    is_whole = len(frame) and {"row", *FIGURES} <= set(frame.columns)
    shown = _as_people_read(frame, facts.run.task) if is_whole else frame
    rows = [[_rounded(cell) for cell in row] for row in shown.to_numpy().tolist()]
    return {
        "columns": [str(column).replace("_", " ") for column in shown.columns],
        "rows": rows[:MOST_ROWS],
        "left_out": max(0, len(rows) - MOST_ROWS),
    }


def _as_people_read(frame: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return the columns of an ablation that tell something, figures with their intervals."""
    metric = metric_named(str(frame["metric"].iloc[0]), task)

    def spanned(row: pd.Series, value: str) -> str:
        ends = ("low", "high") if value == "value" else (f"{value}_low", f"{value}_high")
        middle, *sides = (float(row[end]) if row[end] else math.nan for end in (value, *ends))
        number = metric.number(middle, sign=value == "difference")
        return f"{number} [{metric.span(*sides)}]" if number and metric.span(*sides) else number

    columns = {
        "row": frame["row"],
        f"{metric.heading} [95 %]": frame.apply(spanned, axis=1, value="value"),
        "difference [95 %]": frame.apply(spanned, axis=1, value="difference"),
        "p (Holm)": [p_text(float(p)) if p else "" for p in frame["p_holm"]],
        "significant": frame["is_significant"].map({"true": "yes", "false": "no"}).fillna(""),
        "clips": frame["n"],
        "seconds": frame["seconds"],
        "MB": frame["megabytes"],
    }
    return pd.DataFrame(columns)


def _notes(facts: RunSnapshot, key: str) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    path = model_folder(facts.run, key) / CHECKPOINT
    try:
        with safe_open(path, framework="numpy") as file:
            noted: dict[str, Any] = json.loads((file.metadata() or {}).get("emotiw", "{}"))
            return noted
    except (OSError, SafetensorError, ValueError):
        return {}


def _points(records: list[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    nan = math.nan
    return [(float(r["epoch"]), nan if r[name] is None else float(r[name])) for r in records]


def _rounded(cell: str) -> str:
    try:
        value = float(cell)
    except ValueError:
        return cell
    return cell if len(cell) <= 7 else f"{value:.4g}"
