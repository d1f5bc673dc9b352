"""The modality that helps the fusion most, or hurts it: what it loses when one is left out."""

from __future__ import annotations

from typing import Any

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.evaluation.differences import holm, p_text, smallest_p
from emotiw.evaluation.metrics import metric_named

ALPHA = 0.05


def modality_gain(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return the modality of the largest proven loss or gain when left out; None for one alone.

    The p-values of all modalities are corrected together (Holm). Where none is small enough, it is
    the one of the largest difference, and that it is within its interval.
    """
    if facts.attribution is None or facts.fusion is None:
        return None
    metric = metric_named("accuracy" if facts.run.task.is_label else "mse")
    table = facts.attribution.modalities
    p_of = dict(zip(table.index, holm(table["p"].fillna(1.0).tolist()), strict=True))
    proven = [name for name in table.index if p_of[name] <= ALPHA]
    name = max(proven or table.index, key=lambda each: abs(table.loc[each, "leave_one_out"]))
    gain, low, high = (float(table.loc[name, key]) for key in ("leave_one_out", "low", "high"))
    unit = "points of accuracy" if metric.is_percent else "of mean squared error"
    return {
        "name": str(name),
        "is_sure": bool(proven),
        "helps": gain > 0,
        "hurting": [str(n) for n in proven if table.loc[n, "leave_one_out"] < 0],
        "size": f"{metric.number(abs(gain))} {unit}",
        "span": metric.span(*((low, high) if gain >= 0 else (-high, -low))),
        "p": p_text(p_of[name], "p"),
        "n_modalities": len(table),
        "n_clips": facts.fusion.n_clips,
        "can_be_sure": smallest_p(facts.fusion.n_groups) * len(table) <= ALPHA,
        "n_groups": facts.fusion.n_groups,
    }
