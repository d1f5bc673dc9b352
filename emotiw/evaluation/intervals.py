"""How sure a value is: the one place where intervals are made.

Clips of one speaker are alike, so it is the spread of whole groups (speakers, source videos) that
says how sure a value is: each is left out once, and Student's t makes an interval of that, with as
many degrees of freedom as groups of equal size would have. Values with limits are spread on a
scale without, where few groups err as often to either side. Errors without an upper limit are
mostly those of a few groups, whose spread is itself less sure: they have fewer degrees of freedom.
``benchmarks/coverage.py`` counts how often the truth is inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.evaluation.metric import Metric

Numbers = npt.NDArray[np.float64]
Interval = tuple[float, float]
Scale = tuple[Callable[[Any], Any], Callable[[Any], Any]]  # there, and back
LEVEL = 0.95
FEWEST_GROUPS = 3  # two say nothing of how much a third would differ
FEW_GROUPS = 10
OFF_LIMITS = 0.1  # of a group: so far are shares held off 0 and 1 before they are spread
ERRORS = (0.0, np.inf)  # the limits of a metric that only grows with errors
NOTHING = (float("nan"), float("nan"))


def interval(metric: Metric, parts: Numbers, sizes: Numbers, *, level: float = LEVEL) -> Interval:
    """Return the interval of a metric's value; NaN of fewer than three groups.

    Groups that are all alike show no spread, and a share is then as sure as if each of them were
    a single clip.

    Args:
        metric: that adds up over groups.
        parts: ``(n_groups, *shape)``, what adds up to it.
        sizes: ``(n_groups,)`` clips in each.
        level: how often it is to hold the truth.

    Source:
        Efron 1982, The Jackknife, the Bootstrap and Other Resampling Plans, ch. 3; the degrees of
        freedom after Carter, Schnepel and Steigerwald 2017, Asymptotic Behavior of a t-Test Robust
        to Cluster Heterogeneity, and of errors after Satterthwaite 1946, An Approximate
        Distribution of Estimates of Variance Components. Clopper and Pearson 1934 where groups are
        all alike.

    Examples:
        >>> from emotiw.evaluation.group_sums import moments
        >>> from emotiw.evaluation.single_metrics import MSE
        >>> errors = np.array([1.0, 2.0, 3.0, 2.0])
        >>> parts = moments(np.zeros(4), errors, np.arange(4), 0)
        >>> low, high = interval(MSE, parts, np.ones(4))
        >>> print(f"{low:.2f} < {MSE.of_sums(parts.sum(axis=0)):.2f} < {high:.2f}")
        0.95 < 4.50 < 21.22
    """
    assert metric.of_sums is not None
    if len(parts) < FEWEST_GROUPS:
        return NOTHING
    total = parts.sum(axis=0)
    value, without = metric.of_sums(total), metric.of_sums(total - parts)
    if _are_alike(metric, parts):
        return _of_alike(float(value), len(parts), level)
    there, back = _scale(metric.limits, len(parts))
    is_skew = metric.limits == ERRORS
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _spread(there(value), there(without), sizes, level, is_skew=is_skew)
    if not np.isfinite([low, high]).all():  # a value at its limit, that has no place on the scale
        there, back = _plain, _plain
        low, high = _spread(value, without, sizes, level, is_skew=is_skew)
    return _between(back(low), back(high), metric.limits)


def interval_of_difference(
    metric: Metric, ours: Numbers, theirs: Numbers, sizes: Numbers, *, level: float = LEVEL
) -> Interval:
    """Return the interval of how much two predictions of the same clips differ; as ``interval``."""
    assert metric.of_sums is not None
    if len(ours) < FEWEST_GROUPS:
        return NOTHING
    a, b = ours.sum(axis=0), theirs.sum(axis=0)
    value = metric.of_sums(a) - metric.of_sums(b)
    without = metric.of_sums(a - ours) - metric.of_sums(b - theirs)
    smallest, largest = metric.limits
    low, high = _spread(value, without, sizes, level)
    return _between(low, high, (smallest - largest, largest - smallest))


def interval_between(
    metric: Metric,
    some: Numbers,
    others: Numbers,
    sizes: tuple[Numbers, Numbers],
    *,
    level: float = LEVEL,
) -> Interval:
    """Return the interval of how much a metric differs between two sets of clips of these groups.

    There are as many degrees of freedom as the smaller set's groups allow. A set whose groups are
    all alike shows no spread: then the sets' own intervals are added.

    Args:
        metric: that adds up over groups.
        some: ``(n_groups, *shape)``, what adds up to it on the first set; zeros for a group that
            has none of its clips.
        others: the same of the second set.
        sizes: ``(n_groups,)`` clips of each group in either set.
        level: how often it is to hold the truth.

    Source:
        Newcombe 1998, Interval estimation for the difference between independent proportions,
        method 10 (square and add), where a set's groups are all alike.
    """
    sides = [(parts[n > 0], n[n > 0]) for parts, n in zip((some, others), sizes, strict=True)]
    if min(len(parts) for parts, _ in sides) < FEWEST_GROUPS:
        return NOTHING
    if not any(_are_alike(metric, parts) for parts, _ in sides):
        fewer = min(sizes, key=lambda n: float(n.sum()))
        with np.errstate(invalid="ignore", divide="ignore"):
            return interval_of_difference(metric, some, others, fewer, level=level)
    assert metric.of_sums is not None
    (a, low_a, high_a), (b, low_b, high_b) = (
        (float(metric.of_sums(parts.sum(axis=0))), *interval(metric, parts, n, level=level))
        for parts, n in sides
    )
    low, high = np.hypot(a - low_a, high_b - b), np.hypot(high_a - a, b - low_b)
    return float(a - b - low), float(a - b + high)


def doubt(n_groups: int, *, are_clips: bool = False) -> str:
    """Return why there is no interval, or how far to trust one of few groups; else nothing.

    Examples:
        >>> doubt(2)
        '2 groups: too few to say how sure this is'
        >>> doubt(24)
        ''
    """
    one = "clip" if are_clips else "group"
    counted = f"{n_groups} {one}" if n_groups == 1 else f"{n_groups} {one}s"
    if n_groups < FEWEST_GROUPS:
        return f"{counted}: too few to say how sure this is"
    if n_groups < FEW_GROUPS:
        return f"only {counted}: the interval holds as far as others are like these"
    return ""


def _spread(
    value: Any, without: Numbers, sizes: Numbers, level: float, *, is_skew: bool = False
) -> Interval:
    """Return the interval of a value by those that it has without each group."""
    from scipy.special import stdtrit

    n_groups = len(without)
    error = np.sqrt((n_groups - 1) / n_groups * ((without - value) ** 2).sum())
    n_equal = sizes.sum() ** 2 / (sizes**2).sum()  # groups of equal size that would say as much
    freedom = n_equal - 1
    if is_skew:
        freedom = max(1 / (1 / freedom + _unsure_of_spread(without)), min(freedom, 2.0))
    half = error * stdtrit(max(freedom, 1.0), (1 + level) / 2)
    return float(value - half), float(value + half)


def _unsure_of_spread(without: Numbers) -> float:
    """Return what skew groups add to 1 over the degrees of freedom.

    That is their excess kurtosis over twice their number, and the kurtosis is 1.5 times the squared
    skewness, as in sums of squares (Pearson's type III), which few groups tell better.
    """
    off = without - without.mean()
    off /= np.sqrt((off**2).sum()) or 1.0
    return float(0.75 * (off**3).sum() ** 2)


def _are_alike(metric: Metric, parts: Numbers) -> bool:
    """Return whether a share is the same whichever group is left out."""
    assert metric.of_sums is not None
    total = parts.sum(axis=0)
    without = metric.of_sums(total - parts)
    return metric.limits == (0.0, 1.0) and bool((without == metric.of_sums(total)).all())


def _of_alike(value: float, n_groups: int, level: float) -> Interval:
    from scipy.special import betaincinv

    right, wrong, tail = value * n_groups, (1 - value) * n_groups, (1 - level) / 2
    low = betaincinv(right, wrong + 1, tail) if right > 0 else 0.0
    high = betaincinv(right + 1, wrong, 1 - tail) if wrong > 0 else 1.0
    return float(low), float(high)


def _scale(limits: Interval, n_groups: int) -> Scale:
    """Return what takes values of these limits to a scale without any, and back."""
    if limits == (0.0, 1.0):
        off, all_of_it = OFF_LIMITS, n_groups + 2 * OFF_LIMITS
        return (
            lambda share: np.log(share * n_groups + off) - np.log((1 - share) * n_groups + off),
            lambda log_odds: (all_of_it / (1 + np.exp(-log_odds)) - off) / n_groups,
        )
    if limits == (-1.0, 1.0):
        return np.arctanh, np.tanh
    if limits == ERRORS:
        return np.log, np.exp
    return _plain, _plain


def _plain(value: Any) -> Any:
    return value


def _between(low: Any, high: Any, limits: Interval) -> Interval:
    low, high = np.clip([low, high], *limits)
    return float(low), float(high)
