"""What a page of several runs shows beyond that of one: differences, modalities, recipes, clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from emotiw.analysis.comparison import Side, settings_of
from emotiw.analysis.report import confusion_matrices
from emotiw.analysis.report.headline import ladder
from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.errors import ConfigError
from emotiw.evaluation.differences import Difference, compare, holm, p_text
from emotiw.evaluation.results import evaluate
from emotiw.runs.run import FUSED

ALPHA = 0.05
MOST_CLIPS = 30


@dataclass(frozen=True)
class RunsTogether:
    """Several runs on the clips that all of them have.

    Attributes:
        snapshot: the first run, with the scores of every run by its name in place of models.
        sides: what each run has of its own, by name.
        main: by run, the model whose scores count.
        beyond: by run, clips that are judged there and not in all.
    """

    snapshot: RunSnapshot
    sides: Mapping[str, Side]
    main: Mapping[str, str]
    beyond: Mapping[str, tuple[str, ...]]


def values(together: RunsTogether) -> dict[str, Any]:
    """Return the official metric of every run with its interval, and all pairs with their tests.

    The p-values of all pairs are corrected together (Holm).
    """
    facts = together.snapshot
    metric, split = facts.spec.official_metric, _split(facts)
    pairs = [
        compare(facts.tables[a], facts.tables[b], facts.cohort, metric, split=split)
        for a, b in combinations(facts.tables, 2)
    ]
    corrected = holm([pair.p if np.isfinite(pair.p) else 1.0 for pair in pairs])
    return {
        **ladder(facts),
        "is_label": facts.run.task.is_label,
        "pairs": [_pair(pair, p) for pair, p in zip(pairs, corrected, strict=True)],
    }


def _pair(found: Difference, p_holm: float) -> dict[str, Any]:
    metric = found.ours.metric
    has_test = bool(np.isfinite(found.p))
    is_sure = has_test and p_holm <= ALPHA
    better = found.ours if metric.signed(found.value) > 0 else found.theirs
    return {
        "names": f"{found.ours.name} against {found.theirs.name}",
        "ours": metric.shown(found.ours.value),
        "theirs": metric.shown(found.theirs.value),
        "difference": metric.number(found.value, sign=True),
        "span": metric.span(found.low, found.high),
        "p": p_text(found.p),
        "p_holm": p_text(p_holm) if has_test else "",
        "mcnemar": p_text(found.mcnemar_p),
        "gained": found.gained,
        "lost": found.lost,
        "verdict": f"{better.name} is better" if is_sure else "no sure difference",
    }


def confusion(together: RunsTogether) -> dict[str, Any] | None:
    """Return the confusion matrix of every run, and the recall of every label."""
    return confusion_matrices.confusion(together.snapshot)


def scatters(together: RunsTogether) -> list[dict[str, Any]]:
    """Return, in regression, predictions against targets of every run."""
    return confusion_matrices.scatters(together.snapshot)


def modalities(together: RunsTogether) -> dict[str, Any] | None:
    """Return the official metric of every model of every run, on the common clips."""
    facts = together.snapshot
    names = dict.fromkeys(name for side in together.sides.values() for name in side.tables)
    ordered = sorted(names, key=lambda name: name != FUSED)
    rows = []
    for name in ordered:
        cells = []
        for side in together.sides.values():
            value = ""
            if name in side.tables:
                value = _value(facts, side, name)
            cells.append(value)
        rows.append({"name": name, "values": cells})
    return {
        "metric": facts.spec.official_metric.title,
        "runs": list(together.sides),
        "rows": rows,
    }


def _value(facts: RunSnapshot, side: Side, name: str) -> str:
    metric = facts.spec.official_metric
    try:
        found = evaluate(side.tables[name], facts.cohort, metric, split=_split(facts))
    except ConfigError:  # nothing held out among these clips
        return "no held-out scores"
    span = metric.span(found.low, found.high)
    return metric.shown(found.value) + (f" [{span}]" if span else "")


def recipes(together: RunsTogether) -> dict[str, Any]:
    """Return what differs in the recipes and versions."""
    table = settings_of(together.sides)
    rows = [{"key": key, "values": values} for key, *values in table.to_numpy().tolist()]
    return {"runs": list(together.sides), "rows": rows}


def only_right(together: RunsTogether) -> dict[str, Any] | None:
    """Return the clips that one run alone gets right, by run; None in regression."""
    facts = together.snapshot
    sample, task = facts.sample, facts.run.task
    if sample is None or not task.is_label:
        return None
    said = np.array([sample.predictions(table) for table in facts.tables.values()])
    right = said == sample.y_true  # (runs, clips)
    ids = np.array(sample.clip_ids, dtype=object)
    by_run, sets = [], {}
    for number, name in enumerate(facts.tables):
        rows = np.flatnonzero(right[number] & (right.sum(axis=0) == 1))
        sets[f"right in {name} alone"] = ids[rows].tolist()
        by_run.append(
            {
                "name": name,
                "n": len(rows),
                "set": f"right in {name} alone",
                "clips": [
                    {
                        "clip_id": ids[row],
                        "label": task.name_of(sample.y_true[row]),
                        "said": [task.name_of(one) or "no score" for one in said[:, row]],
                    }
                    for row in rows[:MOST_CLIPS].tolist()
                ],
            }
        )
    nobody = "wrong in every run"
    sets[nobody] = ids[~right.any(axis=0)].tolist()
    return {
        "runs": by_run,
        "names": list(facts.tables),
        "n": len(sample),
        "n_all": int(right.all(axis=0).sum()),
        "nobody": nobody,
        "n_nobody": len(sets[nobody]),
        "sets": sets,
    }


def _split(facts: RunSnapshot) -> str:
    assert facts.sample is not None
    return facts.sample.split
