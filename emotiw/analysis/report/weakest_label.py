"""The label that is found least often, and what it is taken for."""

from __future__ import annotations

from typing import Any

import numpy as np

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.evaluation.group_sums import confusions
from emotiw.evaluation.single_metrics import ACCURACY
from emotiw.evaluation.subsets import contrast

MOST_TAKEN_FOR = 3


def weakest_label(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return the label of smallest recall against all others; None in regression.

    That it is the weakest was seen in the same clips: its interval is as wide as for all labels.
    """
    sample, task = facts.sample, facts.run.task
    if sample is None or not task.is_label:
        return None
    decided = sample.predictions(facts.main)
    codes = np.unique(sample.y_true).tolist()
    if len(codes) < 2:
        return None
    found = {
        code: contrast(
            sample,
            facts.main.name,
            decided,
            ACCURACY,
            sample.y_true == code,
            n_looked_at=len(codes),
        )
        for code in codes
    }
    code = min(codes, key=lambda each: (found[each].some.value, each))
    own, label = found[code], task.labels[code]
    everyone = np.zeros(len(sample), dtype=np.intp)
    counts = confusions(sample.y_true, decided, everyone, len(task.labels))[0, code].astype(int)
    counts[code] = 0
    names = [*task.labels, "no score"]
    order = np.argsort(-counts, kind="stable")[:MOST_TAKEN_FOR].tolist()
    ids = np.array(sample.clip_ids, dtype=object)
    missed = ids[(sample.y_true == code) & (decided != code)].tolist()
    return {
        "label": label,
        "is_sure": own.is_sure,
        "recall": ACCURACY.shown(own.some.value),
        "span": ACCURACY.span(own.some.low, own.some.high),
        "n": own.some.n,
        "points": ACCURACY.number(abs(own.value)),
        "difference": ACCURACY.number(own.value, sign=True),
        "difference_span": ACCURACY.span(own.low, own.high),
        "n_labels": len(codes),
        "taken_for": [{"name": names[c], "n": int(counts[c])} for c in order if counts[c]],
        "sets": {f"{label}, taken for another label": missed},
    }
