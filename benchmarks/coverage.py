"""Count how often a 95 % interval over groups holds the truth, and how often one of no difference
excludes none.

Usage: python benchmarks/coverage.py [DRAWS]

Speakers differ in how well a model understands them (accuracy 0.6 or 0.8 ± 0.1 over speakers,
some labels better than others; in regression a bias of each speaker). They have 8 or 60 clips
each, or unequally many of unequally frequent labels. One line per metric and number of speakers:
the share of draws in which the interval holds the truth, in the worst setting, on average and in
the best; and the share in which the interval of two equally good predictions of the same clips
excludes 0, in the worst and on average. DRAWS (10,000) is a multiple of 500; of 2,000, the worst of
36 settings is half a point beside what it is.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from emotiw.evaluation.intervals import interval, interval_of_difference
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.single_metrics import ACCURACY, CCC, MACRO_F1, PEARSON, RMSE, UAR

N_SPEAKERS = (3, 4, 8, 24)
N_FOR_THE_TRUTH = 20_000
AT_ONCE = 500  # draws
Array = npt.NDArray[np.float64] | npt.NDArray[np.intp]
Clips = tuple[Array, Array, Array, npt.NDArray[np.intp]]  # truth, two predictions, speaker
Draw = Callable[[np.random.Generator, int], Clips]


def speakers(
    rng: np.random.Generator, n: int, clips: int, *, unequal: bool
) -> npt.NDArray[np.intp]:
    """Return whose clip each one is."""
    sizes = rng.integers(clips // 4, 2 * clips - clips // 4, n) if unequal else np.full(n, clips)
    return np.repeat(np.arange(n), sizes)


def labelled(n_labels: int, mean: float, clips: int, *, unequal: bool) -> Draw:
    """Return what draws clips with labels."""
    share = 0.7 ** np.arange(n_labels) if unequal else np.ones(n_labels)
    easier = np.linspace(-0.1, 0.1, n_labels)
    strength = mean * (1 - mean) / 0.1**2 - 1

    def draw(rng: np.random.Generator, n: int) -> Clips:
        of = speakers(rng, n, clips, unequal=unequal)
        truth = rng.choice(n_labels, len(of), p=share / share.sum())
        said = []
        for _ in range(2):
            understood = rng.beta(mean * strength, (1 - mean) * strength, n)[of] + easier[truth]
            off = rng.integers(1, n_labels, len(of)) * (rng.random(len(of)) > understood)
            said.append((truth + off) % n_labels)
        return truth, said[0], np.where(rng.random(len(of)) < 0.5, said[1], said[0]), of

    return draw


def numbered(slope: float, clips: int, *, unequal: bool) -> Draw:
    """Return what draws clips with targets."""

    def draw(rng: np.random.Generator, n: int) -> Clips:
        of = speakers(rng, n, clips, unequal=unequal)
        truth = rng.normal(0, 0.9, len(of)) + rng.normal(0, 0.4, n)[of]
        ours, theirs = (
            slope * truth + rng.normal(0, 0.3, n)[of] + rng.normal(0, 0.6, len(of))
            for _ in range(2)
        )
        return truth, ours, theirs, of

    return draw


def main() -> None:
    n_draws = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    shapes = ((60, False), (8, False), (24, True))
    settings: list[tuple[Draw, int, tuple[Metric, ...]]] = [
        (labelled(n_labels, mean, clips, unequal=unequal), n_labels, (ACCURACY, UAR, MACRO_F1))
        for n_labels in (2, 3, 4, 7, 8)
        for mean in (0.6, 0.8)
        for clips, unequal in shapes
    ]
    settings += [
        (numbered(slope, clips, unequal=unequal), 0, (CCC, PEARSON, RMSE))
        for slope in (0.4, 0.8)
        for clips, unequal in shapes
    ]
    held, excluded = defaultdict(list), defaultdict(list)
    for draw, n_labels, metrics in settings:
        rng = np.random.default_rng(0)
        truth, said, _, of = draw(rng, N_FOR_THE_TRUTH)
        expected = {m: m.value(truth, said, n_labels) for m in metrics}
        for n in N_SPEAKERS:
            counts = {m: np.zeros(2) for m in metrics}
            for _ in range(n_draws // AT_ONCE):
                truth, *pair, of = draw(rng, n * AT_ONCE)
                sizes = np.bincount(of).astype(float).reshape(AT_ONCE, n)
                for m in metrics:
                    assert m.parts is not None
                    sums = (m.parts(truth, each, of, n_labels) for each in pair)
                    both = [each.reshape(AT_ONCE, n, *each.shape[1:]) for each in sums]
                    for ours, theirs, clips in zip(*both, sizes, strict=True):
                        low, high = interval(m, ours, clips)
                        apart = interval_of_difference(m, ours, theirs, clips)
                        counts[m] += low <= expected[m] <= high, not apart[0] <= 0 <= apart[1]
            for m, (n_held, n_excluded) in counts.items():
                held[m.title, n].append(n_held / n_draws)
                excluded[m.title, n].append(n_excluded / n_draws)
    print("metric     speakers   holds the truth: worst, mean, best   excludes 0: worst, mean")
    for (title, n), shares in held.items():
        worst, mean, best = (f"{100 * f(shares):.1f}" for f in (min, np.mean, max))
        other = excluded[title, n]
        print(f"{title:10} {n:8} {worst:>24}  {mean}  {best} {100 * max(other):>19.1f}"
              f"  {100 * np.mean(other):.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
