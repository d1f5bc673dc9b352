"""Clips that are likely mislabelled, by scores of models that have not seen them."""

from __future__ import annotations

from typing import Any

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.evaluation.label_doubts import RULE, label_doubts
from emotiw.runs.run import FUSED

MOST_LISTED = 15


def doubted_clips(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return the clips whose labels the held-out scores doubt, the most doubted first.

    None in regression. Beside each clip stands how many single models agree with the doubt.
    """
    sample, task = facts.sample, facts.run.task
    if sample is None or not task.is_label:
        return None
    scores = sample.scores(facts.main, of="held out")
    alone = [table for name, table in facts.tables.items() if name != FUSED]
    said = [sample.predictions(table, of="held out") for table in alone]
    found = label_doubts(scores, sample.y_true)
    return {
        "rule": RULE,
        "n": len(found),
        "n_scored": int(task.is_decided(task.decide(scores)).sum()),
        "n_models": len(alone),
        "rows": [
            {
                "clip_id": sample.clip_ids[doubt.row],
                "given": task.labels[doubt.given],
                "suggested": task.labels[doubt.suggested],
                "scores": " : ".join(
                    f"{100 * scores[doubt.row, code]:.0f} %"
                    for code in (doubt.given, doubt.suggested)
                ),
                "n_agreeing": sum(int(own[doubt.row]) == doubt.suggested for own in said),
            }
            for doubt in found[:MOST_LISTED]
        ],
        "sets": {"likely mislabelled": [sample.clip_ids[doubt.row] for doubt in found]},
    }
