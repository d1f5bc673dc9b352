"""Whether two sets of scores of the same clips differ by more than luck, and by how much."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from emotiw.core.cohort import Cohort
from emotiw.core.notebook_views import AsTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Decisions
from emotiw.evaluation.intervals import interval_of_difference
from emotiw.evaluation.metrics import Metric, metric_named
from emotiw.evaluation.results import Result, results_on
from emotiw.evaluation.sample import Sample, chosen_sample

if TYPE_CHECKING:
    import pandas as pd

Numbers = npt.NDArray[np.float64]
MAX_EXACT_GROUPS = 13
N_PERMUTATIONS = 9999
SEED = 0  # the same tables, cohort and metric have the same p wherever it is printed
CELLS_AT_ONCE = 10_000_000
ROUNDING = 1e-9
SMALLEST_SHOWN = 0.0001


@dataclass(frozen=True, repr=False)
class Difference(AsTable):
    """One table's metric less the other's, on the same clips.

    Attributes:
        ours: the result of the first table.
        theirs: the result of the second.
        value: ours less theirs; NaN where the metric has no test.
        low: lower end of its 95 % interval over groups.
        high: its upper end.
        p: of the paired permutation test over groups, two-sided.
        gained: clips that ours has right and theirs wrong; 0 in regression.
        lost: clips that theirs has right and ours wrong.
        mcnemar_p: of McNemar's exact test, which takes clips as independent and copies of one clip
            as that one; NaN in regression.
    """

    ours: Result
    theirs: Result
    value: float
    low: float
    high: float
    p: float
    gained: int = 0
    lost: int = 0
    mcnemar_p: float = float("nan")

    def __repr__(self) -> str:
        """Return it in one line."""
        metric, names = self.ours.metric, f"{self.ours.name} less {self.theirs.name}"
        span, told = metric.span(self.low, self.high), p_text(self.p, "p")
        value = metric.shown(self.value, sign=True) or "undefined"
        words = f"{value} ({span})" if span else value
        told = f", {told}" if told else ""
        return f"<Difference, {names}: {metric.title} {words}{told}>"

    def to_frame(self) -> pd.DataFrame:
        """Return one row in pandas."""
        import pandas as pd

        names = ("value", "low", "high", "p", "gained", "lost", "mcnemar_p")
        own = {name: getattr(self, name) for name in names}
        about = {"ours": self.ours.name, "theirs": self.theirs.name}
        return pd.DataFrame([{**about, "metric": self.ours.metric.name, **own}])


def compare(
    ours: ScoreTable,
    theirs: ScoreTable,
    cohort: Cohort,
    metric: str | Metric = "",
    *,
    split: str = "auto",
) -> Difference:
    """Test one table against another on the clips of a split.

    A clip without scores counts as in :func:`~emotiw.evaluation.results.evaluate`; in regression
    only clips that both score are compared.

    Args:
        ours: the scores.
        theirs: what they are compared with.
        cohort: the clips.
        metric: by name; accuracy or RMSE by default.
        split: as in ``evaluate``; what ``auto`` means is decided by ``ours``.

    Raises:
        ConfigError: if no clip can be judged, or the metric doesn't suit the task.
    """
    if not isinstance(metric, Metric):
        metric = metric_named(metric or ours.task.main_metric, ours.task)
    sample, decisions = chosen_sample(ours, cohort, split)
    pair = (decisions, sample.held_out(theirs))
    found = difference_on(sample, pair, metric, names=(ours.name, theirs.name))
    return replace(
        found,
        ours=replace(found.ours, adapted_on=ours.adapted_for(sample.split)),
        theirs=replace(found.theirs, adapted_on=theirs.adapted_for(sample.split)),
    )


def difference_on(
    sample: Sample,
    pair: tuple[Decisions, Decisions],
    metric: Metric,
    *,
    names: tuple[str, str] = ("ours", "theirs"),
) -> Difference:
    """Return the difference between two ``(n,)`` predictions of a sample's clips."""
    rows = sample.judged(*pair)
    known = sample if rows.all() else sample.subset(rows)
    a, b = sample.task.shared(pair[0][rows], pair[1][rows])
    ours = results_on(known, names[0], a, [metric])[0]
    theirs = results_on(known, names[1], b, [metric])[0]
    nan = float("nan")
    gained = lost = 0
    mcnemar_p = nan
    if sample.task.is_label:
        from scipy.stats import binomtest

        right, other = a == known.y_true, b == known.y_true
        gained, lost = int((right & ~other).sum()), int((other & ~right).sum())
        once = known.is_original
        sides = [int((x & ~y)[once].sum()) for x, y in ((right, other), (other, right))]
        mcnemar_p = float(binomtest(sides[0], sum(sides)).pvalue) if any(sides) else 1.0
    if metric.of_sums is None:
        return Difference(ours, theirs, ours.value - theirs.value, nan, nan, nan)
    parts_a, parts_b = known.parts(metric, a), known.parts(metric, b)
    low, high = interval_of_difference(metric, parts_a, parts_b, known.sizes)
    value = ours.value - theirs.value
    p = _swapped_p(parts_a, parts_b, metric, value)
    return Difference(ours, theirs, value, low, high, p, gained, lost, mcnemar_p)


def p_text(p: float, name: str = "") -> str:
    """Return a p-value as every text prints it; nothing where there is no test.

    Examples:
        >>> p_text(0.03125), p_text(1e-7), p_text(float("nan"))
        ('0.0312', '< 0.0001', '')
        >>> p_text(0.03125, "p"), p_text(1e-7, "p")
        ('p = 0.0312', 'p < 0.0001')
    """
    if not np.isfinite(p):
        return ""
    if p < SMALLEST_SHOWN:
        return f"{name} < {SMALLEST_SHOWN}".lstrip()
    return f"{name} = {p:.4f}" if name else f"{p:.4f}"


def smallest_p(n_groups: int) -> float:
    """Return the smallest p-value that a comparison over so many groups can find.

    Examples:
        >>> smallest_p(5)
        0.0625
    """
    exact = 2.0 ** (1 - n_groups)
    return exact if n_groups <= MAX_EXACT_GROUPS else max(exact, 1 / (N_PERMUTATIONS + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected so that a whole table errs in at most that share of cases.

    Source:
        Holm 1979, A simple sequentially rejective multiple test procedure.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def _swapped_p(a: Numbers, b: Numbers, metric: Metric, value: float) -> float:
    """Return how often a difference as large comes up when whole groups swap sides.

    With up to 13 groups that differ every swap is looked at, otherwise a seeded sample.
    """
    of_sums = metric.of_sums
    assert of_sums is not None
    if not np.isfinite(value):
        return float("nan")
    shape = a.shape[1:]
    middle = ((a + b) / 2).sum(axis=0)
    halves = ((a - b) / 2).reshape(len(a), -1)
    halves = halves[(halves != 0).any(axis=1)]  # swapping nothing changes nothing
    n_groups, observed = len(halves), abs(value) - ROUNDING

    def count(signs: Numbers) -> int:
        moved = (signs @ halves).reshape(len(signs), *shape)
        swapped = of_sums(middle + moved) - of_sums(middle - moved)
        return int((np.abs(swapped) >= observed).sum())

    if n_groups <= MAX_EXACT_GROUPS:
        every = _every_swap(n_groups)
        return count(every) / len(every)
    rng = np.random.default_rng(SEED)
    batch = max(1, CELLS_AT_ONCE // max(n_groups, halves.shape[1]))
    as_large = 0
    for done in range(0, N_PERMUTATIONS, batch):
        size = (min(batch, N_PERMUTATIONS - done), n_groups)
        as_large += count(np.where(rng.integers(0, 2, size=size), 1.0, -1.0))
    return (as_large + 1) / (N_PERMUTATIONS + 1)


@lru_cache(maxsize=4)
def _every_swap(n_groups: int) -> Numbers:
    return np.array(list(itertools.product((-1.0, 1.0), repeat=n_groups)))
