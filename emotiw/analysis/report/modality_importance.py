"""Whether probabilities mean what they say, and what each modality is worth to the fusion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.evaluation.differences import p_text
from emotiw.evaluation.reliability import expected_calibration_error, reliability_diagram
from emotiw.runs.run import FUSED
from emotiw.visualization.svg_charts import Series, chart

N_BINS = 10
ABOUT = 2.0  # points


def reliability(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return a reliability diagram per modality, before and after calibration, and of the fusion.

    After calibration means by calibrations that have not seen the clip's group.
    """
    result = facts.fusion
    if result is None or not result.rows.task.is_label:
        return None
    truth = result.rows.targets
    found = []
    drawn = {}
    if FUSED in facts.tables:
        drawn[FUSED] = [("fused", result.unseen_scores, 0, "marked")]
    for m, name in enumerate(result.rows.names):
        before, after = result.rows.scores[:, m], result.calibrated[:, m]
        drawn[name] = [("before", before, 1, "dashed"), ("after", after, 0, "marked")]
    for name, pairs in drawn.items():
        lines, errors, last = [], [], None
        for what, scores, colour, style in pairs:
            if np.isnan(scores).any(axis=1).all():
                continue
            last = scores
            bins = reliability_diagram(scores, truth, n_bins=N_BINS)
            points = list(zip(bins["confidence"].tolist(), bins["accuracy"].tolist(), strict=True))
            lines.append(Series(what, points, colour, style))
            errors.append((what, 100 * expected_calibration_error(scores, truth)))
        if last is None:
            continue
        title = f"{name}: {_sureness(last, truth)}"
        found.append(
            {
                "name": name,
                "title": title,
                "errors": [{"what": what, "ece": f"{ece:.1f} %"} for what, ece in errors],
                "legend": [{"name": s.name, "colour": s.colour, "style": s.style} for s in lines],
                "svg": chart(
                    lines,
                    title=title,
                    x_label="score of the most probable label",
                    y_label="share that is right",
                    x_span=(0, 1),
                    y_span=(0, 1),
                    has_diagonal=True,
                ),
            }
        )
    return {"calibration": facts.run.recipe.fusion.calibration, "diagrams": found}


def _sureness(scores: npt.NDArray[np.float64], truth: npt.NDArray[Any]) -> str:
    """Return in words how far scores are from being right as often as they say, and how."""
    there = ~np.isnan(scores).any(axis=1)
    right = scores[there].argmax(axis=1) == truth[there]
    off = 100 * float(scores[there].max(axis=1).mean() - right.mean())
    error = 100 * expected_calibration_error(scores, truth)
    which = "above and below" if abs(off) < ABOUT else "too sure" if off > 0 else "not sure enough"
    return f"{error:.0f} points from the diagonal, {which}"


def shares(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return weights, Shapley values and losses without each modality; None for one alone."""
    found = facts.attribution
    if found is None:
        return None
    is_percent = facts.run.task.is_label
    scale, decimals, unit = 1, 4, "mean squared error"
    if is_percent:
        scale, decimals, unit = 100, 2, "points of accuracy"
    elif facts.run.task.kind == "several":
        unit = "mean over answers of the share that is right, or of squared errors by variance"
    rows = []
    largest = max(float(found.modalities["shapley"].abs().max()), 1e-12)
    for name, row in found.modalities.iterrows():
        shapley = float(row["shapley"])
        rows.append(
            {
                "name": str(name),
                "weight": _number(float(row["weight"]), 3),
                "weight_at": _share(float(row["weight"])),
                "shapley": _number(scale * shapley, decimals),
                "shapley_error": _number(scale * float(row["shapley_error"]), decimals),
                "shapley_at": _share(shapley / largest),
                "without": _number(scale * float(row["leave_one_out"]), decimals),
                "p": p_text(float(row["p"])),
                "rescued": len(found.rescued.get(str(name), ())),
                "ruined": len(found.ruined.get(str(name), ())),
            }
        )
    labels = [str(label) for label in found.recalls.columns]
    recalls = {
        str(name): [_number(100 * float(v), 1) for v in row.tolist()]
        for name, row in found.recalls.iterrows()
    }
    return {
        "method": facts.run.recipe.fusion.method,
        "unit": unit,
        "rows": rows,
        "labels": labels,
        "recalls": recalls,
        "has_weights": any(row["weight"] for row in rows),
        "has_shapley": any(row["shapley"] for row in rows),
        "is_sampled": bool((found.modalities["shapley_error"] > 0).any()),
        "is_classification": is_percent,
    }


def _number(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else ""


def _share(value: float) -> float:
    return round(100 * min(max(value, 0.0), 1.0), 1) if math.isfinite(value) else 0.0
