"""What a fusion is worth: on unseen clips, how sure that is, and what it is better than."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError
from emotiw.core.notebook_views import AsTable
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.differences import Difference, compare, p_text
from emotiw.evaluation.metrics import Metric, metric_named, metrics_of
from emotiw.evaluation.notes import notes_of, over, unscored_notes
from emotiw.evaluation.reliability import expected_calibration_error
from emotiw.evaluation.results import (
    Result,
    evaluate,
    evaluate_all,
    results_frame,
    results_on,
)
from emotiw.evaluation.sample import Sample, chosen_sample, judged_on, not_held_out
from fusion.aligned import Scores
from fusion.cross_fit_folds import FoldCodes
from fusion.late import LateFusion
from fusion.single_answers import answers_of, is_plain
from fusion.training_rows import TrainingRows


@dataclass(frozen=True, repr=False)
class FusionResult(AsTable):
    """A fused table, the fusion behind it, and how good it is on clips that it has not seen.

    Attributes:
        table: fused scores. Clips that were fitted on, and others of their groups, are scored by
            a fusion fitted on the other folds' groups; test clips, and splits not fitted on, by
            the final fusion.
        fuser: the final fusion, fitted on all allowed rows.
        rows: the clips that were fitted on, with their labels or targets.
        fold_of_row: per row, the fold that held it out.
        unseen_scores: ``(n_rows, n_labels)`` fused scores, each of a fusion that has not seen the
            clip's group.
        by_final: ``(n_clips, n_labels)`` scores of every clip by the final fusion, which has.
        calibrated: ``(n_rows, n_modalities, n_labels)``, by calibrations that have not seen the
            clip's group.
        is_nested: False where some of the scores that a fold's fusion was fitted on come from
            models that have seen groups held out in that fold.
        learns: whether anything was fitted.
        cohort: the clips.
        tables: the scores that were fused.
        references: scores that the fusion is compared with.
        metric: the metric of comparisons, by name.
        test_prior: frequency of labels that test clips were adjusted to; None where they were not.
        seed: of everything random.
    """

    table: ScoreTable
    fuser: LateFusion
    rows: TrainingRows
    fold_of_row: FoldCodes
    unseen_scores: Scores
    by_final: Scores
    calibrated: Scores
    is_nested: bool
    learns: bool
    cohort: Cohort
    tables: Mapping[str, ScoreTable]
    references: Mapping[str, ScoreTable] = field(default_factory=dict)
    metric: str = ""
    test_prior: Mapping[str, float] | None = None
    seed: int = 0

    def __repr__(self) -> str:
        """Return what was fused in one line; ``summary()`` has what it is worth."""
        names = ", ".join(self.tables)
        return f"<FusionResult of {names} by {self.fuser.method!r}: {len(self.table)} clips>"

    def to_frame(self) -> pd.DataFrame:
        """Return what it is worth in pandas: a row per split and metric."""
        return results_frame(self.results)

    @property
    def n_clips(self) -> int:
        """How many clips were fitted on."""
        return len(self.rows)

    @property
    def n_groups(self) -> int:
        """How many groups they come from."""
        return len(self.rows.seen)

    @property
    def folds(self) -> dict[int, int]:
        """The number of clips per fold."""
        numbers, counts = np.unique(self.fold_of_row, return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))

    @property
    def judged_by(self) -> tuple[Metric, ...]:
        """The metric of comparisons, then all others that suit the task."""
        return metrics_of(self.table.task, self.metric)

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """Every metric of the fused scores, per split; no clip's fusion has seen its group.

        Where nothing is fitted, the models behind it may have: then that is all there is to judge.
        """
        about, judged = ([self.table], self.cohort, self.judged_by), ("train", "val")
        found = evaluate_all(*about, splits=judged)
        return tuple(found or evaluate_all(*about, splits=judged, in_sample=True))

    @cached_property
    def sample(self) -> Sample:
        """What comparisons are about: validation clips, or training clips where there are none."""
        try:
            return chosen_sample(self.table, self.cohort)[0]
        except ConfigError:
            for sample, *_ in not_held_out(self.table, self.cohort):
                return sample
            raise

    @property
    def cross_fitted(self) -> dict[str, float]:
        """Values by metric on :attr:`sample`, each clip scored by a fusion that has not seen it."""
        return {r.metric.name: r.value for r in self.results if r.split == self.sample.split}

    @cached_property
    def in_sample(self) -> dict[str, float]:
        """The same of the final fusion, on clips that it was fitted on."""
        scores = replace(self.table, scores=self.by_final).aligned_to(self.sample.clip_ids)
        decided = self.rows.task.decide(scores)
        found = results_on(self.sample, "in sample", decided, self.judged_by)
        return {result.metric.name: result.value for result in found}

    @property
    def optimism(self) -> dict[str, float]:
        """By how much each metric is larger in-sample than cross-fitted."""
        return {name: self.in_sample[name] - self.cross_fitted[name] for name in self.cross_fitted}

    @cached_property
    def modalities(self) -> dict[str, dict[str, float]]:
        """Per modality, values by metric on :attr:`sample`."""
        values: dict[str, dict[str, float]] = {}
        tables = [replace(table, name=name) for name, table in self.tables.items()]
        only = (self.sample.split,)
        for result in evaluate_all(tables, self.cohort, self.judged_by, splits=only):
            values.setdefault(result.name, {})[result.metric.name] = result.value
        return values

    def result(self, metric: str = "") -> Result:
        """Return value and interval of the fused scores by any metric, on :attr:`sample`."""
        name = metric or self.metric
        for found in self.results:
            if (found.metric.name, found.split) == (name, self.sample.split):
                return found
        return evaluate(self.table, self.cohort, name, split=self.sample.split)

    def interval(self, metric: str) -> tuple[float, float]:
        """Return the 95 % interval over groups of a cross-fitted value."""
        found = self.result(metric)
        return found.low, found.high

    @cached_property
    def comparisons(self) -> tuple[Difference, ...]:
        """The fusion against every single modality, then against the references."""
        found = []
        for name, other in {**self.tables, **self.references}.items():
            try:
                named = replace(other, name=name)
                found.append(
                    compare(self.table, named, self.cohort, self.metric, split=self.sample.split)
                )
            except ConfigError:  # it has no held-out scores there
                continue
        return tuple(found)

    @cached_property
    def calibration_errors(self) -> dict[str, tuple[float, float]]:
        """Expected calibration error per modality, before and after (cross-fitted) calibration."""
        found = {}
        answers = [answer for answer in answers_of(self.rows.task) if answer.task.is_label]
        for answer, (m, name) in product(answers, enumerate(self.rows.names)):
            known, truth = answer.known(self.rows.targets)
            before, after = (
                expected_calibration_error(answer.scores(scores[known, m]), truth)
                for scores in (self.rows.scores, self.calibrated)
            )
            found[name if is_plain(self.rows.task) else f"{name} {answer.name}"] = before, after
        return found

    def summary(self) -> str:
        """Return all of this as text for a person."""
        rows, sample = self.rows, self.sample
        knows = self.cohort.knows_groups
        of_groups = f" of {self.n_groups:,} groups" if knows else ""
        lines = [
            f"fused {len(rows.names)} modalities by {self.fuser.method!r}: {', '.join(rows.names)}",
            f"cross-fitted on {self.n_clips:,} clips{of_groups} in "
            f"{len(self.folds)} folds ({', '.join(map(str, self.folds.values()))} clips)",
            "nested: no model behind a fold's fusion has seen groups held out in it"
            if self.is_nested
            else "not nested: some models behind the scores have seen groups that a fold of the "
            "fusion holds out, so its values may be slightly too good",
        ]
        lines += notes_of([r for r in self.results if r.metric is self.judged_by[0]])
        lines += unscored_notes(other.theirs for other in self.comparisons)
        for where in dict.fromkeys(result.judged_on for result in self.results):
            lines += ["", f"{where}, 95 % intervals {over(knows)}:"]
            for result in (r for r in self.results if r.judged_on == where):
                line = f"  {result}"
                if result.split == sample.split:
                    metric, name = result.metric, result.metric.name
                    line += f"; in sample {metric.shown(self.in_sample[name]) or 'undefined'}"
                    if np.isfinite(self.optimism[name]):
                        line += f", optimism {metric.shown(self.optimism[name], sign=True)}"
                lines.append(line)
        if told := self._told_comparisons():
            lines += ["", *told]
        if self.calibration_errors:
            lines += ["", f"expected calibration error, calibration {self.fuser.calibration!r}:"]
            for name, (before, after) in self.calibration_errors.items():
                lines.append(f"  {name}: {100 * before:.1f} before, {100 * after:.1f} after")
        lines += ["", *self._learnt()]
        if self.test_prior is not None:
            prior = ", ".join(f"{label} {share:.3f}" for label, share in self.test_prior.items())
            lines.append(f"test clips were adjusted to their own label frequencies: {prior}")
        return "\n".join(lines).rstrip() + "\n"

    def _told_comparisons(self) -> list[str]:
        metric, split = metric_named(self.metric, self.rows.task), self.sample.split
        test = (
            f"paired test {over(self.cohort.knows_groups)}"
            if metric.parts
            else f"no test: {metric.no_interval}"
        )
        if not self.comparisons or len(self.tables) + len(self.references) < 2:
            return []  # with itself nothing is compared
        where = judged_on(split, adapted_on=self.table.adapted_for(split))
        lines = [f"{metric.title}, {where}, {test}:"]
        for other in self.comparisons:
            a, b = (metric.shown(one.value) or "undefined" for one in (other.ours, other.theirs))
            line = f"  fused {a}, {other.theirs.name} {b} (n = {other.ours.n:,})"
            if np.isfinite(other.value):
                line += f": difference {metric.shown(other.value, sign=True)}"
            for text, form in (
                (metric.span(other.low, other.high), " ({})"),
                (p_text(other.p, "p"), ", {}"),
                (p_text(other.mcnemar_p, "McNemar p"), ", {}"),
            ):
                line += form.format(text) if text else ""
            lines.append(line)
        return lines

    def _learnt(self) -> list[str]:
        state = self.fuser.combiner_.to_dict()
        told = list(_told_of_rule(state))
        for name, own in state.get("answers", {}).items():
            told += [f"{name}: {line}" for line in _told_of_rule(own)]
        return [*told, *self.fuser.post_.told()]


def _told_of_rule(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a fusion rule learnt, in words."""
    if "chosen" in state:
        inner = ", ".join(f"{name} {v:.4f}" for name, v in state["inner_figures"].items())
        yield f"method chosen inside: {state['chosen']} ({inner})"
    weights = state.get("weights", {})
    if weights and all(isinstance(weight, float) for weight in weights.values()):
        text = ", ".join(f"{name} {weight:.3f}" for name, weight in weights.items())
        yield f"weights: {text}; sharpness {state['sharpness']:.2f}"
