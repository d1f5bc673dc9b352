"""Problems of the data by what they cost: the metric on such clips and on all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from emotiw.analysis.report.quality import problems_of
from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.evaluation.subsets import Contrast, contrast


def data_costs(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return the problems that judged clips have, the dearest first; None where nothing is judged.

    The cost of a problem is what the official metric would be higher if its clips came out like
    all others: much for a rare problem that spoils clips, or a frequent one that harms them.
    """
    sample = facts.sample
    if sample is None:
        return None
    metric = facts.spec.official_metric
    decided = sample.predictions(facts.main)
    ids = np.array(sample.clip_ids, dtype=object)
    rows_of = {
        what: np.isin(ids, list(problem.clips))
        for what, problem in problems_of(facts.run.ledger()).items()
    }
    judged = {what: rows for what, rows in rows_of.items() if 0 < rows.sum() < len(ids)}
    found = {
        what: contrast(sample, facts.main.name, decided, metric, rows, n_looked_at=len(judged))
        for what, rows in judged.items()
    }
    dearest = sorted(found, key=lambda what: (-np.nan_to_num(found[what].cost), what))
    return {
        "metric": metric.title,
        "rows": [{"what": what, **_row(found[what])} for what in dearest],
        "sets": {what: ids[judged[what]].tolist() for what in dearest},
    }


def _row(found: Contrast) -> dict[str, Any]:
    metric = found.whole.metric
    return {
        "n": found.some.n,
        "some": metric.shown(found.some.value),
        "others": metric.shown(found.others.value),
        "difference": metric.number(found.value, sign=True),
        "span": metric.span(found.low, found.high),
        "cost": metric.number(found.cost, sign=True),
        "is_sure": found.is_sure,
    }
