"""Codebooks of descriptors, and how often a clip uses each of their words."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from emotiw.models.column_scales import divisors
from emotiw.models.model import Examples
from emotiw.models.tabular.preparation import FEWEST_CLIPS, Standardise

Rows = npt.NDArray[np.float32]
Scale = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
MOST_ROWS_FOR_K_MEANS = 50_000
ROWS_OF_A_TYPICAL_CLIP = 1000


class CodebookOptions(Strict):
    """How rows become words.

    Attributes:
        size: words per codebook.
        n_codebooks: the columns are split into this many neighbouring parts, each with a
            codebook of its own.
        method: ``random`` takes rows of the training clips as words, ``k_means`` their centres.
        n_assignments: each row counts for this many nearest words.
        by_length: count as if every clip had 1000 rows, so that long clips have no larger words.
    """

    size: int = Field(default=500, ge=2)
    n_codebooks: int = Field(default=8, ge=1)
    method: Literal["random", "k_means"] = "random"
    n_assignments: int = Field(default=1, ge=1)
    by_length: bool = True


class Codebooks:
    """Learns words from the rows of training clips and counts them in any clip.

    Rows are standardised before: by all rows of the training clips, or those of each speaker's
    clips (as in :class:`emotiw.models.tabular.preparation.PreparationOptions`).

    Source:
        Schmitt and Schuller 2017 (openXBOW): logarithmic term frequencies, split codebooks.
    """

    def __init__(
        self,
        options: CodebookOptions,
        standardise: Standardise,
        *,
        seed: int,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.options = options
        self.standardise = standardise
        self.seed = seed
        self.state: dict[str, Any] = {} if state is None else state

    def fit(self, examples: Examples) -> None:
        """Learn the scale of rows and the words."""
        arrays = list(_present_rows(examples))
        self.state["mean"], self.state["sd"] = _scale_of(arrays)
        rows = np.concatenate(list(self._scaled(arrays, examples.groups)))
        rng = np.random.default_rng(self.seed)
        parts = np.array_split(np.arange(rows.shape[1]), self.options.n_codebooks)
        self.state["parts"] = [part for part in parts if len(part)]
        self.state["words"] = [self._words(rows[:, part], rng) for part in self.state["parts"]]

    def count(self, examples: Examples) -> Rows:
        """Return ``(n, n_words)``: the logarithm of 1 + how often each clip uses each word."""
        scaled = self._scaled(list(_present_rows(examples)), examples.groups)
        return np.array([self._counts(rows) for rows in scaled], dtype=np.float32)

    def _words(self, rows: Rows, rng: np.random.Generator) -> Rows:
        size = min(self.options.size, len(rows))
        if self.options.method == "random":
            return rows[np.sort(rng.choice(len(rows), size, replace=False))]
        from sklearn.cluster import MiniBatchKMeans

        n_rows = min(MOST_ROWS_FOR_K_MEANS, len(rows))
        sample = rows[np.sort(rng.choice(len(rows), n_rows, replace=False))]
        found = MiniBatchKMeans(size, random_state=self.seed, n_init=1).fit(sample)
        return np.asarray(found.cluster_centers_, dtype=np.float32)

    def _counts(self, rows: Rows) -> npt.NDArray[np.float64]:
        histograms = []
        for part, words in zip(self.state["parts"], self.state["words"], strict=True):
            nearest = nearest_words(rows[:, part], words, self.options.n_assignments)
            histograms.append(np.bincount(nearest.ravel(), minlength=len(words)))
        counts = np.concatenate(histograms).astype(np.float64)
        if self.options.by_length:
            counts *= ROWS_OF_A_TYPICAL_CLIP / len(rows)
        return np.log1p(counts)

    def _scaled(self, arrays: Sequence[Rows], speakers: Sequence[str]) -> Iterator[Rows]:
        scales = self._scales(arrays, speakers)
        for array, group in zip(arrays, speakers, strict=True):
            mean, sd = scales[group]
            yield ((array - mean) / sd).astype(np.float32)

    def _scales(self, arrays: Sequence[Rows], speakers: Sequence[str]) -> dict[str, Scale]:
        """Return the scale of each group: its own, where it has enough different clips."""
        everyone: Scale = (self.state["mean"], self.state["sd"])
        if self.standardise == "none":
            everyone = (np.zeros_like(everyone[0]), np.ones_like(everyone[1]))
        scales = dict.fromkeys(speakers, everyone)
        if self.standardise != "speaker":
            return scales
        of_group: dict[str, dict[bytes, Rows]] = defaultdict(dict)
        for array, group in zip(arrays, speakers, strict=True):
            of_group[group][hashlib.sha256(array.tobytes()).digest()] = array
        for group, distinct in of_group.items():
            if len(distinct) >= FEWEST_CLIPS:
                scales[group] = _scale_of([distinct[key] for key in sorted(distinct)])
        return scales


def nearest_words(rows: Rows, words: Rows, n: int) -> npt.NDArray[np.intp]:
    """Return ``(n_rows, n)``: the nearest words of each row, by Euclidean distance.

    Examples:
        >>> rows, words = np.array([[0.2], [5.0]]), np.array([[0.0], [1.0], [9.0]])
        >>> nearest_words(rows, words, 1).tolist()
        [[0], [1]]
    """
    # |row|² is the same for every word
    distances = (words**2).sum(axis=1) - 2 * rows @ words.T
    if n == 1:
        return np.asarray(distances.argmin(axis=1))[:, None]
    n = min(n, len(words))
    return np.asarray(np.argpartition(distances, n - 1, axis=1)[:, :n])


def _present_rows(examples: Examples) -> Iterator[Rows]:
    for array in examples.arrays():
        yield np.asarray(array.values[array.present], dtype=np.float32)


def _scale_of(arrays: Sequence[Rows]) -> Scale:
    rows = np.concatenate(arrays).astype(np.float64)
    mean = rows.mean(axis=0)
    return mean, divisors(mean, rows.std(axis=0))
