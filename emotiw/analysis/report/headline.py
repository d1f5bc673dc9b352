"""The figure that counts, how sure it is, and what others have."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from emotiw.analysis.leaderboard import Standing, published
from emotiw.analysis.report.snapshot import RunSnapshot, told_split
from emotiw.evaluation.metrics import METRICS
from emotiw.runs.stages.fuse import FUSED

METRIC_NAMES = {
    "accuracy": "accuracy",
    "uar": "UAR (mean recall of the classes)",
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "mse": "mean squared error",
    "rmse": "root mean squared error",
    "ccc": "concordance correlation",
}


def headline(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return the official figure with its interval, and a line for everything to compare it with.

    Published figures are left out where the clips are synthetic: there is nothing to compare.
    """
    if not facts.standings:
        return None
    metric = facts.spec.official_metric
    best = facts.standings[0]
    others = [] if facts.is_synthetic else published(facts.spec)
    lines = [*facts.standings, *others]
    low, high = _scale(facts, lines)
    groups = facts.manifest.groups()
    return {
        "figure": shown(best.value, facts.spec.metric),
        "metric": METRIC_NAMES.get(metric.name, metric.name),
        "low": shown(best.low, facts.spec.metric),
        "high": shown(best.high, facts.spec.metric),
        "who": best.who,
        "n": best.n,
        "n_groups": len({groups[c] for c in facts.judged}),
        "judged_on": told_split(facts.judged_on),
        "chance": _chance(facts),
        "chance_at": _place(_chance(facts), low, high),
        "is_higher_better": metric.is_higher_better,
        "lines": [_line(one, facts.spec.metric, low, high) for one in lines],
        "has_published": bool(others),
        "ticks": [{"at": _place(t, low, high), "text": f"{t:g}"} for t in _round_ticks(low, high)],
        "comparison": _comparison(facts),
        "fitted": None
        if facts.fusion is None
        else {"n": facts.fusion.n_clips, "is_nested": facts.fusion.is_nested},
        "gain": _gain(facts),
    }


def shown(value: float, metric: str, *, is_scaled: bool = True) -> str:
    """Return a figure as people write it; nothing where it is unknown.

    Args:
        is_scaled: whether percentages are already times 100.
    """
    if not math.isfinite(value):
        return ""
    if METRICS[metric].is_percent:
        return f"{value if is_scaled else 100 * value:.2f} %"
    return f"{value:.4f}"


def _line(one: Standing, metric: str, low: float, high: float) -> dict[str, Any]:
    return {
        "who": one.who,
        "kind": one.kind,
        "is_ours": one.kind == "run",
        "is_fused": one.kind == "run" and one.who == FUSED,
        "value": shown(one.value, metric),
        "split": one.split,
        "test": shown(one.test, metric),
        "low": shown(one.low, metric),
        "high": shown(one.high, metric),
        "at": _place(one.value, low, high),
        "test_at": _place(one.test, low, high),
        "low_at": _place(one.low, low, high),
        "high_at": _place(one.high, low, high),
        "certainty": one.certainty,
    }


def _scale(facts: RunSnapshot, lines: Iterable[Standing]) -> tuple[float, float]:
    if facts.spec.official_metric.is_percent:
        return 0.0, 100.0
    values = [v for one in lines for v in (one.value, one.low, one.high, one.test)]
    known = [v for v in values if math.isfinite(v)]
    return min(0.0, *known), max(known) * 1.05 or 1.0


def _place(value: float | None, low: float, high: float) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(100 * (value - low) / (high - low), 2)


def _round_ticks(low: float, high: float) -> list[float]:
    from emotiw.visualization.svg_charts import ticks

    return ticks(low, high, most=6)


def _chance(facts: RunSnapshot) -> float | None:
    """Return what knowing only the commonest label gives, in percent; None where it makes none."""
    if facts.spec.metric == "uar":
        return 100 / len(facts.spec.labels)
    if facts.spec.metric == "accuracy":
        counts = Counter(facts.answers[c] for c in facts.judged)
        return 100 * max(counts.values()) / counts.total()
    return None


def _gain(facts: RunSnapshot) -> dict[str, str] | None:
    fused, *alone = facts.standings
    if fused.who != FUSED or not alone or facts.spec.task != "classification":
        return None
    best = max(alone, key=lambda one: (one.value, one.who))
    points = fused.value - best.value
    if not facts.spec.official_metric.is_percent:
        return None
    return {"points": f"{points:+.2f}", "over": best.who}


def _comparison(facts: RunSnapshot) -> list[dict[str, str]]:
    if facts.fusion is None:
        return []
    is_label = facts.fusion.rows.task == "classification"
    unit = "accuracy" if is_label else "mse"
    return [
        {
            "other": one.other,
            "n": str(one.n_clips),
            "fused": shown(one.fused, unit, is_scaled=False),
            "theirs": shown(one.theirs, unit, is_scaled=False),
            "p": p_text(one.permutation_p),
            "mcnemar": "" if one.mcnemar_p is None else p_text(one.mcnemar_p),
        }
        for one in facts.fusion.comparisons
    ]


def p_text(p: float) -> str:
    """Return a p-value as papers print it.

    Examples:
        >>> p_text(0.00001), p_text(0.0321), p_text(0.5)
        ('< 0.001', '0.032', '0.50')
    """
    if not math.isfinite(p):
        return ""
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
