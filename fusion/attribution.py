"""What each modality is worth to the fusion: left out, added in any order, clip by clip."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import factorial
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from emotiw.core.cohort import Cohort
from emotiw.core.several import THRESHOLD
from emotiw.core.task import Decisions, Task
from emotiw.evaluation.differences import difference_on
from emotiw.evaluation.group_sums import mean_of_sums, sums_of
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.sample import Sample
from fusion.aligned import Scores
from fusion.cross_fit_folds import FoldCodes
from fusion.held_out import cross_fitted_scores
from fusion.late import LateFusion
from fusion.result import FusionResult
from fusion.single_answers import answers_of, is_plain
from fusion.training_rows import TrainingRows

EXACT_UP_TO = 10  # modalities: 1,023 fusions
N_PAIRS = 16  # of orders, each with its reverse, where not all selections are fused
Gains = npt.NDArray[np.float64]
Merits = Callable[[tuple[int, ...]], Gains]


@dataclass(frozen=True)
class Attribution:
    """The share of each modality in what the fusion gets right.

    Attributes:
        modalities: indexed by modality: ``weight`` in the final fusion (NaN where the method has
            no single one), ``leave_one_out``: what the figure loses without it, ``low`` and
            ``high``: the 95 % interval of that over groups, ``p``: two-sided, of the permutation
            test over groups that this is luck, ``shapley``: its mean gain over
            all orders of adding modalities, and ``shapley_error``: the standard error of that
            where only some orders were drawn; 0 where all count. The figure is accuracy, or minus
            the mean squared error; of several answers the mean of these, squared errors in units
            of the targets' variance. Shapley values sum to its rise above knowing nothing but the
            targets' distribution.
        recalls: Shapley value of each modality (rows) for the recall of each label (columns);
            empty in regression.
        rescued: by modality, the clips that are right with it and wrong without.
        ruined: by modality, the clips that are wrong with it and right without.
    """

    modalities: pd.DataFrame
    recalls: pd.DataFrame
    rescued: Mapping[str, tuple[str, ...]]
    ruined: Mapping[str, tuple[str, ...]]


def attribute(result: FusionResult, *, exact_up_to: int = EXACT_UP_TO) -> Attribution:
    """Fuse selections of modalities anew, cross-fitted in the same folds, and compare.

    Post-processing is left out. A clip that a selection knows nothing of counts as the commonest
    label (the mean target) of the clips fitted on. With many modalities Shapley values are means
    over drawn orders, and come with their standard error.

    Args:
        result: of :func:`~fusion.cross_fitting.fuse`.
        exact_up_to: modalities of which every selection is fused: 2 to the power of it.
    """
    rows, names = result.rows, result.rows.names
    everyone = tuple(range(len(names)))
    told = result.cohort if result.learns else None

    @cache
    def decided(selection: tuple[int, ...]) -> Decisions:
        scores = _scores_of(selection, result.fuser, rows, result.fold_of_row, told)
        return rows.task.decide(scores)

    @cache
    def merits(selection: tuple[int, ...]) -> Gains:
        return _merit(rows, decided(selection))

    if len(names) <= exact_up_to:
        values = [_shapley(position, merits, len(names)) for position in everyone]
        errors = [0.0] * len(names)
    else:
        values, errors = _sampled_shapley(merits, len(names), seed=result.seed)
    full = merits(everyone)
    metric = _merit_metric(rows)
    sample = Sample(result.cohort, rows.task, "both", rows.clip_ids, rows.targets, rows.groups)
    table = []
    rescued, ruined = {}, {}
    shapley = dict(zip(names, values, strict=True))
    ids = np.array(rows.clip_ids)
    for position, name in enumerate(names):
        others = tuple(other for other in everyone if other != position)
        gain = full - merits(others)
        found = difference_on(sample, (decided(everyone), decided(others)), metric)
        ends = (metric.signed(found.low), metric.signed(found.high))
        table.append(
            {
                "modality": name,
                "weight": _weight(result.fuser, name),
                "leave_one_out": float(gain.mean()),
                "low": min(ends),
                "high": max(ends),
                "p": found.p,
                "shapley": float(shapley[name].mean()),
                "shapley_error": errors[position],
            }
        )
        if rows.task.is_label:
            rescued[name] = tuple(sorted(ids[gain > 0].tolist()))
            ruined[name] = tuple(sorted(ids[gain < 0].tolist()))
    return Attribution(
        modalities=pd.DataFrame(table).set_index("modality"),
        recalls=_recalls(rows, shapley),
        rescued=rescued,
        ruined=ruined,
    )


def _scores_of(
    selection: tuple[int, ...],
    fuser: LateFusion,
    rows: TrainingRows,
    fold_of_row: FoldCodes,
    cohort: Cohort | None,
) -> Scores:
    """Return cross-fitted scores of some modalities; where they say nothing, of none."""
    scores = _know_nothing(rows, fold_of_row)
    chosen = rows.only(selection)
    there = np.asarray(~np.isnan(chosen.scores).all(axis=(1, 2)))
    if selection and there.any():
        fusion: Any = clone(fuser).set_params(post=())
        if fuser.weights is not None:
            kept = {name: fuser.weights[name] for name in chosen.names}
            if sum(kept.values()) == 0:
                kept = dict.fromkeys(chosen.names, 1.0)
            fusion.set_params(weights=kept)
        own, folds = chosen.subset(there), fold_of_row[there]
        found = cross_fitted_scores(own, folds, fusion, cohort)
        scores[there] = np.where(np.isnan(found), scores[there], found)
    return scores


def _know_nothing(rows: TrainingRows, fold_of_row: FoldCodes) -> Scores:
    scores = np.zeros((len(rows), len(rows.labels)))
    for fold in np.unique(fold_of_row):
        scores[fold_of_row == fold] = rows.task.prior_scores(rows.targets[fold_of_row != fold])
    return scores


def _merit(rows: TrainingRows, decided: Decisions) -> Gains:
    """Return per clip 1 where the prediction is right, or minus the squared error."""
    return merit(rows.task, rows.targets, decided, _units(rows))


def _units(rows: TrainingRows) -> Gains:
    """Return what each answer's squared errors are counted in: its variance among several."""
    answers = answers_of(rows.task)
    if len(answers) == 1:
        return np.ones(1)
    spread = np.array([answer.known(rows.targets)[1].var() for answer in answers])
    return np.where(spread > 0, spread, 1.0)


def merit(task: Task, targets: Decisions, decided: Decisions, units: Gains) -> Gains:
    """Return ``(n,)``: how right each prediction is, the mean over the answers that are known.

    Args:
        task: what is asked.
        targets: as in :class:`~fusion.training_rows.TrainingRows`.
        decided: predictions alike.
        units: ``(n_answers,)`` what squared errors are divided by.
    """
    columns = np.full((len(targets), len(units)), np.nan)
    for answer, unit, column in zip(answers_of(task), units, columns.T, strict=True):
        known, truth = answer.known(targets)
        own = answer.targets(decided)[known]
        if not answer.task.is_label:
            column[known] = -((own - truth) ** 2) / unit
        else:
            column[known] = (own if answer.asked.is_label else own >= THRESHOLD) == truth
    return columns[:, 0] if len(units) == 1 else np.asarray(np.nanmean(columns, axis=1))


def _merit_metric(rows: TrainingRows) -> Metric:
    if is_plain(rows.task):
        return metric_named("accuracy" if rows.task.is_label else "mse", rows.task)
    task, units = rows.task, _units(rows)

    def parts(y_true: Any, y_pred: Any, group_codes: Any, n_labels: int) -> Gains:
        each = merit(task, y_true, y_pred, units)
        return sums_of(group_codes, each, np.ones_like(each))

    return Metric("merit", "merit", task.kind, (-np.inf, 1.0), parts=parts, of_sums=mean_of_sums)


def _shapley(position: int, merits: Merits, size: int) -> Gains:
    """Return the modality's Shapley value for every clip.

    Source:
        Shapley 1953: the mean gain over all orders in which modalities can be added.
    """
    total = np.zeros_like(merits(()))
    others = [other for other in range(size) if other != position]
    for n_before in range(size):
        share = factorial(n_before) * factorial(size - n_before - 1) / factorial(size)
        for selection in itertools.combinations(others, n_before):
            larger = tuple(sorted((*selection, position)))
            total += share * (merits(larger) - merits(selection))
    return total


def _sampled_shapley(merits: Merits, size: int, *, seed: int) -> tuple[list[Gains], list[float]]:
    """Return the modalities' Shapley values for every clip from drawn orders, and their errors.

    Their sum is exact, as that of any single order is.

    Source:
        Castro et al. 2009 (mean over random orders). Differs: each order is followed by its
        reverse, as by Mitchell et al. 2022, because early and late gains balance each other.
    """
    rng = np.random.default_rng(seed)
    gains = np.zeros((N_PAIRS, size, len(merits(()))))
    for pair in range(N_PAIRS):
        order = rng.permutation(size).tolist()
        for one in (order, order[::-1]):
            for place, position in enumerate(one):
                larger = merits(tuple(sorted(one[: place + 1])))
                gains[pair, position] += (larger - merits(tuple(sorted(one[:place])))) / 2
    errors = gains.mean(axis=2).std(axis=0, ddof=1) / np.sqrt(N_PAIRS)
    return list(gains.mean(axis=0)), errors.tolist()


def _recalls(rows: TrainingRows, shapley: Mapping[str, npt.NDArray[np.float64]]) -> pd.DataFrame:
    if not rows.task.is_label:
        return pd.DataFrame()
    means = {
        name: [
            float(values[rows.targets == label].mean()) if (rows.targets == label).any() else np.nan
            for label in range(len(rows.labels))
        ]
        for name, values in shapley.items()
    }
    return pd.DataFrame.from_dict(means, orient="index", columns=list(rows.labels))


def _weight(fuser: LateFusion, name: str) -> float:
    state = fuser.combiner_.to_dict()
    weights = [
        own.get("weights", {}).get(name) for own in state.get("answers", {"": state}).values()
    ]
    return fmean(weights) if all(isinstance(w, float) for w in weights) else float("nan")
