"""What scores are worth: one value of a metric, how sure it is, and on what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from emotiw.core.cohort import Cohort
from emotiw.core.notebook_views import AsTable
from emotiw.core.score_table import Provenance, ScoreTable
from emotiw.core.task import Decisions, Task
from emotiw.evaluation.intervals import doubt, interval
from emotiw.evaluation.metrics import Metric, metric_named, metrics_of
from emotiw.evaluation.sample import (
    EVERY,
    Sample,
    chosen_sample,
    held_out,
    judged_on,
    not_held_out,
)

if TYPE_CHECKING:
    import pandas as pd

ESTIMATED_GROUPS = (
    "speakers are estimated: one of them may be taken for two and be on both sides, and figures be "
    "too high"
)
COLUMNS = (
    "modality", "split", "metric", "value", "low", "high", "n", "n_scored", "n_groups",
    "knows_groups", "provenance", "adapted_on",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Result(AsTable):
    """How good a score table is by one metric.

    Attributes:
        name: of the table: the modality, or ``fused``.
        split: what it was judged on: ``train`` (out of fold), ``val``, ``both`` or ``test``.
        metric: the metric.
        value: of it; NaN where it is undefined.
        low: lower end of its 95 % interval over groups; NaN where there is none.
        high: its upper end.
        n: clips judged.
        n_scored: clips among them that have held-out scores.
        n_groups: groups that they come from.
        knows_groups: False where clips of unknown group stand for themselves: then the same
            speakers may be on both sides, and value and interval may be far too good.
        by_fold: the same metric in each fold.
        note: why there is no value or no interval, or that few groups make it.
        provenance: ``seen`` where the models behind it were trained on these clips or their
            groups: it says nothing of others. ``unknown`` where nothing is known of the models.
        adapted_on: the clips without labels that the models behind it were fitted to, in words.
    """

    name: str
    split: str
    metric: Metric
    value: float
    low: float
    high: float
    n: int
    n_scored: int
    n_groups: int
    knows_groups: bool
    by_fold: Mapping[int, float] = field(default_factory=dict)
    note: str = ""
    provenance: Provenance = "held out"
    adapted_on: tuple[str, ...] = ()

    @property
    def judged_on(self) -> str:
        """What it was judged on, in words."""
        return judged_on(self.split, self.provenance, self.adapted_on)

    def __repr__(self) -> str:
        """Return all but folds and notes in one line."""
        return f"<Result of {self.name} on {self.judged_on}: {self}>"

    def to_frame(self) -> pd.DataFrame:
        """Return one row of ``metrics.csv`` in pandas."""
        return results_frame([self])

    def __str__(self) -> str:
        """Return value, interval and clips as every text prints them."""
        metric = self.metric
        span = metric.span(self.low, self.high)
        words = [metric.shown(self.value) or "undefined", *([f"({span})"] if span else [])]
        scored = f", {self.n_scored:,} scored" if self.n_scored < self.n else ""
        return f"{metric.title} {' '.join(words)}, n = {self.n:,}{scored}"

    def to_dict(self) -> dict[str, Any]:
        """Return all of it for JSON; :func:`result_of` gives the same result back."""
        folds = {str(fold): value for fold, value in self.by_fold.items()}
        return {**vars(self), "metric": self.metric.name, "by_fold": folds}

    def row(self) -> dict[str, Any]:
        """Return one row of ``metrics.csv``."""
        own = {name: getattr(self, name) for name in COLUMNS if hasattr(self, name)}
        return {
            **own,
            "modality": self.name,
            "metric": self.metric.name,
            "adapted_on": " and ".join(self.adapted_on),
        }


def result_of(told: Mapping[str, Any], task: Task) -> Result:
    """Return the result that :meth:`Result.to_dict` told of.

    Raises:
        ConfigError: if there is no such metric for the task.
        TypeError: if anything is missing.
    """
    folds = {int(fold): value for fold, value in told["by_fold"].items()}
    adapted_on = tuple(told["adapted_on"])
    read = {"metric": metric_named(told["metric"], task), "by_fold": folds}
    return Result(**{**told, **read, "adapted_on": adapted_on})


def evaluate(
    scores: ScoreTable, cohort: Cohort, metric: str | Metric = "", *, split: str = "auto"
) -> Result:
    """Judge a score table on the clips of a split.

    In classification a clip without scores is wrong, whether its row is empty or missing: a
    value over the easy clips alone would flatter. In regression it is left out. A training clip's
    scores count only where their model has not seen its group.

    Args:
        scores: of one modality, or fused.
        cohort: the clips.
        metric: by name; accuracy or RMSE by default.
        split: ``auto`` takes validation clips, or training clips (out of fold) where the table has
            none; ``train``, ``val``, ``both`` or ``test``.

    Raises:
        ConfigError: if no clip can be judged, or the metric doesn't suit the task.
    """
    if not isinstance(metric, Metric):
        metric = metric_named(metric or scores.task.main_metric, scores.task)
    sample, decisions = chosen_sample(scores, cohort, split)
    provenance = _weakest(sample, scores)
    about: Any = {"provenance": provenance, "adapted_on": scores.adapted_for(sample.split)}
    return results_on(sample, scores.name, decisions, [metric], **about)[0]


def evaluate_all(
    tables: Iterable[ScoreTable],
    cohort: Cohort,
    metrics: Sequence[Metric] = (),
    *,
    splits: Sequence[str] = EVERY,
    in_sample: bool = False,
) -> list[Result]:
    """Judge several tables by several metrics, on every split where they have held-out scores.

    Args:
        tables: the scores.
        cohort: the clips.
        metrics: all that suit the task by default.
        splits: that are looked at.
        in_sample: judge training clips also where their models have seen them, or nobody knows;
            the results say so, and are of these clips alone.
    """
    found = []
    for table in tables:
        judged = [(*one, _weakest(one[0], table)) for one in held_out(table, cohort, splits)]
        if in_sample and "train" in splits:
            judged += not_held_out(table, cohort)
        for sample, decisions, kind in judged:
            chosen = metrics or metrics_of(table.task)
            about: Any = {"provenance": kind, "adapted_on": table.adapted_for(sample.split)}
            found += results_on(sample, table.name, decisions, chosen, **about)
    return found


def _weakest(sample: Sample, table: ScoreTable) -> Provenance:
    """Return what can be said of a split's scores that are no training clips' of seen models."""
    is_unknown = sample.split != "train" and "unknown" in sample.provenance(table)
    return "unknown" if is_unknown else "held out"


def results_on(
    sample: Sample,
    name: str,
    decisions: Decisions,
    metrics: Sequence[Metric],
    *,
    provenance: Provenance = "held out",
    adapted_on: tuple[str, ...] = (),
) -> list[Result]:
    """Return the results of ``(n,)`` predictions of a sample's clips, one per metric."""
    is_judged = sample.judged(decisions)
    n_scored = int(sample.task.is_decided(decisions).sum())
    known, own = sample.subset(is_judged), decisions[is_judged]
    parts: dict[Any, Any] = {}  # several metrics have the same
    found = []
    for metric in metrics:
        value = known.value(metric, own)
        low = high = float("nan")
        note = "" if np.isfinite(value) else f"{metric.title} is undefined on these clips"
        if metric.of_sums is None:
            note = note or metric.no_interval or "this metric has no interval"
        else:
            note = note or doubt(known.n_groups, are_clips=not sample.cohort.knows_groups)
            if sample.cohort.estimates_groups:
                note = "; ".join([ESTIMATED_GROUPS] + [note] * bool(note))
            key = metric.parts or metric.within
            if key not in parts:
                parts[key] = known.parts(metric, own)
            low, high = interval(metric, parts[key], known.sizes)
        by_fold = {
            int(fold): known.subset(rows).value(metric, own[rows])
            for fold in np.unique(known.folds[known.folds >= 0])
            for rows in (known.folds == fold,)
        }
        found.append(
            Result(
                name=name,
                split=sample.split,
                metric=metric,
                value=value,
                low=low,
                high=high,
                n=len(sample),
                n_scored=n_scored,
                n_groups=known.n_groups,
                knows_groups=sample.cohort.knows_groups,
                by_fold=by_fold if sample.split == "train" and provenance == "held out" else {},
                note=note,
                provenance=provenance,
                adapted_on=adapted_on,
            )
        )
    return found


def results_frame(results: Sequence[Result]) -> pd.DataFrame:
    """Return results in pandas, one row each: the rows of ``metrics.csv``."""
    import pandas as pd

    return pd.DataFrame([result.row() for result in results], columns=list(COLUMNS))


def folds_frame(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row per modality, metric and fold; fold ``all`` has the interval."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for result in results:
        if not result.by_fold:
            continue
        key = {"modality": result.name, "metric": result.metric.name}
        rows += [key | {"fold": str(f), "value": v} for f, v in result.by_fold.items()]
        whole = {name: getattr(result, name) for name in ("value", "low", "high", "n_groups")}
        rows.append(key | {"fold": "all"} | whole)
    columns = ["modality", "metric", "fold", "value", "low", "high", "n_groups"]
    return pd.DataFrame(rows, columns=columns).astype({"n_groups": "Int64"})
