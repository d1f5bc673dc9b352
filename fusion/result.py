"""What a fusion is worth: figures on unseen clips, how sure they are, what they are better than."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.metrics import METRICS
from emotiw.evaluation.reliability import expected_calibration_error
from emotiw.evaluation.significance import (
    RESAMPLED,
    bootstrap_interval,
    mcnemar,
    paired_permutation,
)
from fusion.aligned import Scores
from fusion.cross_fit_folds import FoldCodes
from fusion.late import LateFusion
from fusion.training_rows import TrainingRows

HEADLINE = {"classification": "accuracy", "regression": "mse"}


@dataclass(frozen=True)
class Comparison:
    """The fusion against something else, on the clips that both have scores for.

    Attributes:
        other: its name.
        n_clips: how many clips that are.
        fused: the fusion's accuracy, or mean squared error.
        theirs: the other's.
        permutation_p: two-sided, sides swapped per group.
        mcnemar_p: two-sided, clips taken as independent; None in regression.
    """

    other: str
    n_clips: int
    fused: float
    theirs: float
    permutation_p: float
    mcnemar_p: float | None


@dataclass(frozen=True)
class FusionResult:
    """A fused table, the fusion behind it, and how good it is on clips that it has not seen.

    Attributes:
        table: fused scores. Clips that were fitted on, and others of their groups, are scored by
            a fusion fitted on the other folds' groups; test clips, and splits not fitted on, by
            the final fusion.
        fuser: the final fusion, fitted on all allowed rows.
        rows: the clips that were fitted on and judged, with their answers.
        fold_of_row: per row, the fold that held it out.
        unseen_scores: ``(n_rows, n_labels)`` fused scores, each of a fusion that has not seen the
            clip's group.
        seen_scores: the same of the final fusion, which has.
        calibrated: ``(n_rows, n_modalities, n_labels)``, by calibrations that have not seen the
            clip's group.
        is_nested: False where some of the scores that a fold's fusion was fitted on come from
            models that have seen groups held out in that fold.
        references: ``(n_rows, n_labels)`` scores of what the fusion is compared with.
        test_prior: frequency of labels that test clips were adjusted to; None where they were not.
        seed: of resampling.
    """

    table: ScoreTable
    fuser: LateFusion
    rows: TrainingRows
    fold_of_row: FoldCodes
    unseen_scores: Scores
    seen_scores: Scores
    calibrated: Scores
    is_nested: bool
    references: Mapping[str, Scores] = field(default_factory=dict)
    test_prior: Mapping[str, float] | None = None
    seed: int = 0

    @property
    def n_clips(self) -> int:
        """How many clips were fitted on and judged."""
        return len(self.rows)

    @property
    def n_groups(self) -> int:
        """How many groups they come from."""
        return len(self.rows.seen)

    @property
    def folds(self) -> dict[int, int]:
        """The number of clips per fold."""
        numbers, counts = np.unique(self.fold_of_row, return_counts=True)
        return {int(n): int(count) for n, count in zip(numbers, counts, strict=True)}

    @cached_property
    def cross_fitted(self) -> dict[str, float]:
        """Figures of merit by name, each clip scored by a fusion that has not seen it."""
        return figures(self.rows, self.unseen_scores)

    @cached_property
    def in_sample(self) -> dict[str, float]:
        """The same figures of the final fusion on the clips it was fitted on."""
        return figures(self.rows, self.seen_scores)

    @property
    def optimism(self) -> dict[str, float]:
        """By how much each figure of merit is larger in-sample than cross-fitted."""
        return {name: self.in_sample[name] - self.cross_fitted[name] for name in self.cross_fitted}

    @cached_property
    def modalities(self) -> dict[str, dict[str, float]]:
        """Per modality, figures on those of the clips that it has scores for."""
        scores = self.rows.scores
        return {name: figures(self.rows, scores[:, m]) for m, name in enumerate(self.rows.names)}

    def interval(
        self, metric: str, *, confidence: float = 0.95, n_resamples: int = 2000
    ) -> tuple[float, float]:
        """Return the bootstrap interval over groups of a cross-fitted figure."""
        there = ~np.isnan(self.unseen_scores).any(axis=1)
        return bootstrap_interval(
            self.rows.answers[there],
            _decided(self.rows, self.unseen_scores)[there],
            self.rows.groups[there],
            metric,
            n_resamples=n_resamples,
            confidence=confidence,
            seed=self.seed,
        )

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The fusion against every single modality, then against the references."""
        alone = {name: self.rows.scores[:, m] for m, name in enumerate(self.rows.names)}
        others = {**alone, **self.references}
        return tuple(
            compare(self.rows, self.unseen_scores, scores, name, seed=self.seed)
            for name, scores in others.items()
            if not np.isnan(scores).any(axis=1).all()
        )

    @cached_property
    def calibration_errors(self) -> dict[str, tuple[float, float]]:
        """Expected calibration error per modality, before and after (cross-fitted) calibration."""
        if self.rows.task == "regression":
            return {}
        truth = self.rows.answers
        return {
            name: (
                expected_calibration_error(self.rows.scores[:, m], truth),
                expected_calibration_error(self.calibrated[:, m], truth),
            )
            for m, name in enumerate(self.rows.names)
        }

    def summary(self) -> str:
        """Return all of this as text for a person."""
        return summary_of(self)


def figures(rows: TrainingRows, scores: Scores) -> dict[str, float]:
    """Return the figures of merit of the task, on the rows that have scores.

    Args:
        rows: whose answers are the truth.
        scores: ``(n, n_labels)`` in the order of the rows; NaN where there are none.

    Returns:
        By the name of the metric; empty where no row has scores.
    """
    there = ~np.isnan(scores).any(axis=1)
    if not there.any():
        return {}
    truth: Any = rows.answers[there]
    prediction: Any = _decided(rows, scores)[there]
    return {
        metric.name: metric.function(truth, prediction)
        for metric in METRICS.values()
        if metric.task == rows.task and metric.name in RESAMPLED
    }


def compare(
    rows: TrainingRows, scores: Scores, others: Scores, name: str, *, seed: int = 0
) -> Comparison:
    """Test one set of scores against another on the rows where both are there."""
    there = ~np.isnan(scores).any(axis=1) & ~np.isnan(others).any(axis=1)
    truth = rows.answers[there]
    ours, theirs = _decided(rows, scores)[there], _decided(rows, others)[there]
    mcnemar_p = None
    if rows.task == "classification":
        right, other_right = ours == truth, theirs == truth
        gain = right.astype(float) - other_right
        merit, other_merit = right, other_right
        mcnemar_p = mcnemar(right, other_right)
    else:
        merit, other_merit = (ours - truth) ** 2, (theirs - truth) ** 2
        gain = other_merit - merit
    return Comparison(
        other=name,
        n_clips=int(there.sum()),
        fused=float(merit.mean()),
        theirs=float(other_merit.mean()),
        permutation_p=paired_permutation(gain, rows.groups[there], seed=seed),
        mcnemar_p=mcnemar_p,
    )


def _decided(rows: TrainingRows, scores: Scores) -> Any:
    if rows.task == "regression":
        return scores[:, 0]
    return np.nan_to_num(scores).argmax(axis=1)


def summary_of(result: FusionResult) -> str:
    """Return folds, figures with intervals, optimism, calibration and comparisons as text."""
    rows = result.rows
    lines = [
        f"fused {len(rows.names)} modalities by {result.fuser.method!r}: {', '.join(rows.names)}",
        f"cross-fitted on {result.n_clips} clips of {result.n_groups} groups in "
        f"{len(result.folds)} folds ({', '.join(map(str, result.folds.values()))} clips)",
        "nested: no model behind a fold's fusion has seen groups held out in it"
        if result.is_nested
        else "not nested: some models behind the scores have seen groups that a fold of the "
        "fusion holds out, so its figures may be slightly too good",
        "",
    ]
    for name, value in result.cross_fitted.items():
        low, high = result.interval(name)
        text = f"{name}: {_shown(name, value)} (95 % interval over groups {_shown(name, low)} "
        text += f"to {_shown(name, high)}; in-sample {_shown(name, result.in_sample[name])}, "
        lines.append(text + f"optimism {_shown(name, result.optimism[name])})")
    headline = HEADLINE[rows.task]
    lines += ["", f"{headline} on the same clips:"]
    for other in result.comparisons:
        text = f"  fused {_shown(headline, other.fused)}, {other.other} "
        text += f"{_shown(headline, other.theirs)} ({other.n_clips} clips): "
        text += f"permutation test over groups p = {other.permutation_p:.4f}"
        if other.mcnemar_p is not None:
            text += f", McNemar p = {other.mcnemar_p:.3g}"
        lines.append(text)
    if result.calibration_errors:
        lines += ["", f"expected calibration error, calibration {result.fuser.calibration!r}:"]
        for name, (before, after) in result.calibration_errors.items():
            lines.append(f"  {name}: {100 * before:.1f} before, {100 * after:.1f} after")
    lines += ["", *_learnt(result.fuser.combiner_.to_dict())]
    if result.test_prior is not None:
        prior = ", ".join(f"{label} {share:.3f}" for label, share in result.test_prior.items())
        lines.append(f"test clips were adjusted to label frequencies of the test clips: {prior}")
    return "\n".join(lines).rstrip() + "\n"


def _learnt(state: dict[str, Any]) -> list[str]:
    lines = []
    if "chosen" in state:
        inner = ", ".join(f"{name} {value:.4f}" for name, value in state["inner_figures"].items())
        lines.append(f"method chosen inside: {state['chosen']} ({inner})")
    weights = state.get("weights", {})
    if weights and all(isinstance(weight, float) for weight in weights.values()):
        text = ", ".join(f"{name} {weight:.3f}" for name, weight in weights.items())
        lines.append(f"weights: {text}; sharpness {state['sharpness']:.2f}")
    return lines


def _shown(name: str, value: float) -> str:
    return f"{100 * value:.2f}" if METRICS[name].is_percent else f"{value:.4f}"
