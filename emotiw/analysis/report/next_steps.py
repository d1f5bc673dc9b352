"""What to look at and try next, from held-out clips alone; where nothing is sure, that it isn't."""

from __future__ import annotations

from typing import Any

from emotiw.analysis.report.data_costs import data_costs
from emotiw.analysis.report.doubted_clips import doubted_clips
from emotiw.analysis.report.modality_gain import modality_gain
from emotiw.analysis.report.next_ablations import next_ablations
from emotiw.analysis.report.snapshot import JUDGED_ON, RunSnapshot
from emotiw.analysis.report.weakest_label import weakest_label
from emotiw.evaluation.intervals import FEW_GROUPS
from emotiw.evaluation.notes import over

FINDINGS = {
    "weakest": weakest_label,
    "modality": modality_gain,
    "doubted": doubted_clips,
    "data": data_costs,
}


def next_steps(facts: RunSnapshot) -> dict[str, Any] | None:
    """Return every finding, and the ablations that follow; None where nothing can be judged.

    ``sets`` are the clips behind the findings, by what they are, for the clip browser.
    """
    if not facts.results or facts.sample is None:
        return None
    found = {name: finding(facts) for name, finding in FINDINGS.items()}
    first, sample = facts.results[0], facts.sample
    sets = {
        name: ids
        for each in found.values()
        for name, ids in ((each or {}).get("sets") or {}).items()
        if ids
    }
    return {
        **found,
        "who": first.name,
        "value": str(first),
        "judged_on": JUDGED_ON.get(sample.split, sample.split),
        "n": len(sample),
        "n_groups": sample.n_groups,
        "knows_groups": sample.cohort.knows_groups,
        "over": over(sample.cohort.knows_groups),
        "is_few": sample.n_groups < FEW_GROUPS,
        "ablations": next_ablations(facts, found),
        "sets": sets,
    }
