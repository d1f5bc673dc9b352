"""The figure that counts, how sure it is, and what others have."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from emotiw.analysis.leaderboard import Standing, protocol_of, published, standing_of
from emotiw.analysis.report.snapshot import JUDGED_ON, RunSnapshot
from emotiw.evaluation.differences import p_text
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.notes import over
from emotiw.evaluation.sample import adapted_words
from emotiw.runs.run import FUSED
from emotiw.visualization.svg_charts import ticks


def headline(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return the official metric, all that it is compared with, and every other metric."""
    if not facts.results:
        return None
    comparison = _comparison(facts)
    fitted = None
    if comparison and facts.fusion is not None:
        fitted = {"n": facts.fusion.n_clips, "is_nested": facts.fusion.is_nested}
    more = {"comparison": comparison, "fitted": fitted, "gain": _gain(facts)}
    return {**ladder(facts), **more, "figures": _figures(facts)}


def ladder(facts: RunSnapshot) -> dict[str, Any]:
    """Return the official metric with its interval, and a line for everything to compare it with.

    Published values are left out where the clips are synthetic: there is nothing to compare.
    """
    metric, best = facts.spec.official_metric, facts.results[0]
    others = [] if facts.is_synthetic else _comparable(facts, best.split)
    lines = [*(standing_of(result, result.name) for result in facts.results), *others]
    low, high = _scale(facts, lines)
    chance = _chance(facts)
    return {
        "figure": metric.shown(best.value),
        "metric": metric.title,
        "span": metric.span(best.low, best.high),
        "note": best.note,
        "who": best.name,
        "n": best.n,
        "n_groups": best.n_groups,
        "knows_groups": best.knows_groups,
        "over": over(best.knows_groups),
        "judged_on": JUDGED_ON.get(best.split, best.split) + adapted_words(best.adapted_on),
        "chance": chance,
        "chance_at": _place(chance, low, high),
        "is_higher_better": metric.is_higher_better,
        "lines": [_line(one, metric, low, high) for one in lines],
        "has_published": bool(others),
        "ticks": [{"at": _place(t, low, high), "text": f"{t:g}"} for t in ticks(low, high)],
    }


def _comparable(facts: RunSnapshot, split: str) -> list[Standing]:
    """Return what was published on the challenge's own splits, or by the run's protocol."""
    allowed = {"", protocol_of(facts.spec, facts.run.folder) if split == "train" else ""}
    return [
        replace(line, who=f"{line.who}, {line.protocol} folds" if line.protocol else line.who)
        for line in published(facts.spec)
        if line.protocol in allowed
    ]


def _line(one: Standing, metric: Metric, low: float, high: float) -> dict[str, Any]:
    value, start, end, test = (x / metric.scale for x in (one.value, one.low, one.high, one.test))
    return {
        "who": one.who,
        "kind": one.kind,
        "is_ours": one.kind == "run",
        "is_fused": one.kind == "run" and one.who == FUSED,
        "value": metric.shown(value),
        "split": one.split,
        "test": metric.shown(test),
        "span": metric.span(start, end),
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


def _chance(facts: RunSnapshot) -> float | None:
    """Return what knowing only the commonest label gives, in percent; None where it makes none."""
    if facts.sample is None:
        return None
    if facts.spec.metric == "uar":
        return 100 / len(np.unique(facts.sample.y_true))  # only what occurs has a recall
    if facts.spec.metric == "accuracy":
        return 100 * float(facts.run.task.prior_scores(facts.sample.y_true).max())
    return None


def _gain(facts: RunSnapshot) -> dict[str, str] | None:
    metric = facts.spec.official_metric
    fused, *alone = facts.results
    if fused.name != FUSED or not alone or not metric.is_percent:
        return None
    best = max(alone, key=lambda one: (metric.signed(one.value), one.name))
    return {"points": metric.number(fused.value - best.value, sign=True), "over": best.name}


def _comparison(facts: RunSnapshot) -> list[dict[str, str]]:
    if facts.fusion is None or FUSED not in facts.tables:
        return []
    return [
        {
            "other": one.theirs.name,
            "n": f"{one.ours.n:,}",
            "fused": one.ours.metric.shown(one.ours.value),
            "theirs": one.ours.metric.shown(one.theirs.value),
            "p": p_text(one.p),
            "mcnemar": p_text(one.mcnemar_p),
        }
        for one in facts.fusion.comparisons
    ]


def _figures(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return every metric of every table, on all splits with answers."""
    results = facts.all_results
    if not results:
        return None
    metrics = list(dict.fromkeys(result.metric for result in results))
    rows = []
    for (name, where), part in groupby(results, key=lambda one: (one.name, one.judged_on)):
        value_of = {result.metric: result for result in part}
        first = next(iter(value_of.values()))
        rows.append(
            {
                "modality": name,
                "split": where,
                "n": first.n,
                "n_scored": first.n_scored,
                "values": [
                    metric.shown(value_of[metric].value) if metric in value_of else ""
                    for metric in metrics
                ],
            }
        )
    return {"metrics": [metric.title for metric in metrics], "rows": rows}
