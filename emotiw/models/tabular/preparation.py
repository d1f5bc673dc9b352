"""Vectors made comparable before a model sees them: scaled, without constant columns, shorter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from emotiw.core.config import Strict
from emotiw.models.column_scales import divisors
from emotiw.models.tabular.coral import recoloured, recolouring

Vectors = npt.NDArray[np.float32]
Standardise = Literal["global", "corpus", "speaker", "none"]
FEWEST_CLIPS = 8


class PreparationOptions(Strict):
    """How vectors are prepared.

    Attributes:
        standardise: ``global``: by mean and standard deviation of the training clips. ``none``:
            values stay as they are, where their unit means something (probabilities, say).
            ``speaker``: each group by those of its own clips, in prediction too. This uses the
            unlabelled clips of a test speaker together, so say so where results are compared;
            a group of fewer than eight different clips is standardised globally.
            ``corpus``: each corpus by those of its own clips: of its training and unlabelled clips
            where there are any, else, likewise, of all its clips that are asked about together.
        align: ``coral``: training clips are given the mean and covariance of the unlabelled clips
            of other corpora, after they have been standardised; see
            :func:`~emotiw.models.tabular.coral.recolouring`.
        nuisance_projection: soft nuisance attribute projection, which weakens the directions in
            which training speakers differ from each other, each by as much as it tells them apart.
            It is learned from training speakers alone (those with at least eight clips), so a test
            clip is still judged by itself.
        clip_z: standardised values are held within ± this many standard deviations.
        min_variance: columns whose variance in training is not above this are left out.
        signed_sqrt: each value becomes its square root with its sign, before all else, so that a
            few large values don't outweigh the rest.
        pca: keep this many principal components, or this share of the variance.
    """

    standardise: Standardise = "global"
    align: Literal["none", "coral"] = "none"
    nuisance_projection: bool = False
    clip_z: float | None = Field(default=None, gt=0)
    min_variance: float = Field(default=0.0, ge=0)
    signed_sqrt: bool = False
    pca: int | float | None = Field(default=None, gt=0)

    @property
    def goes_by_corpora(self) -> bool:
        """Whether it goes by what whole corpora are like, and so learns from unlabelled clips."""
        return self.standardise == "corpus" or self.align == "coral"

    @model_validator(mode="before")
    @classmethod
    def _may_be_none_at_all(cls, written: Any) -> Any:
        return {"standardise": "none"} if written == "none" else written

    @model_validator(mode="after")
    def _aligns_whole_corpora(self) -> Self:
        if self.align == "coral" and self.standardise == "speaker":
            raise ValueError("align: coral takes corpora as a whole; standardise global or corpus")
        return self


class Preparation:
    """Learns from training vectors how to prepare others like them.

    Examples:
        >>> preparation = Preparation(PreparationOptions())
        >>> vectors = np.array([[1, 7, 5], [3, 7, 9]], dtype=np.float32)
        >>> preparation.fit(vectors, ["a", "b"]).tolist()
        [[-1.0, -1.0], [1.0, 1.0]]
        >>> preparation.apply(vectors[:1] + 1, ["c"]).tolist()
        [[0.0, -0.5]]
    """

    def __init__(self, options: PreparationOptions, state: dict[str, Any] | None = None) -> None:
        self.options = options
        self.state: dict[str, Any] = state or {}

    def fit(
        self,
        vectors: Vectors,
        speakers: Sequence[str],
        corpora: Sequence[str] = (),
        unlabelled: tuple[Vectors, Sequence[str]] | None = None,
    ) -> Vectors:
        """Learn from ``(n, dim)`` vectors and return them prepared.

        Args:
            vectors: of the training clips.
            speakers: of each.
            corpora: of each.
            unlabelled: vectors and corpora of clips that only tell what their corpora are like.
        """
        vectors = self._rooted(vectors)
        beside, their_corpora = unlabelled or (vectors[:0], ())
        beside = self._rooted(beside)
        wide = vectors.astype(np.float64)
        self.state["keep"] = (np.ptp(wide, axis=0) > 0) & (
            wide.var(axis=0) > self.options.min_variance
        )
        if not self.state["keep"].any():
            self.state["keep"][:] = True  # nothing varies: keep the shape, and learn a constant
        kept = wide[:, self.state["keep"]]
        mean = kept.mean(axis=0)
        self.state |= {"mean": mean, "sd": divisors(mean, kept.std(axis=0))}
        if self.options.standardise == "none":
            self.state |= {"mean": np.zeros_like(mean), "sd": np.ones_like(mean)}
        if self.options.standardise == "corpus":
            both = np.concatenate([kept, beside[:, self.state["keep"]]])
            globally = (both - self.state["mean"]) / self.state["sd"]
            self.state["corpora"] = _scales_of_many(globally, [*corpora, *their_corpora])
        scaled = self._scaled(vectors, speakers, corpora)
        if self.options.align == "coral":
            own = set(corpora or [""])
            is_other = [corpus not in own for corpus in their_corpora]
            others = self._scaled(beside, their_corpora, their_corpora)[is_other]
            self.state["recolouring"] = recolouring(scaled, others)
            self.state["recoloured"] = sorted(own)
            scaled = self._recoloured(scaled, corpora)
        if self.options.nuisance_projection:
            self.state |= _speaker_directions(scaled, speakers)
            scaled = self._projected(scaled)
        if self.options.pca is None:
            return scaled
        from sklearn.decomposition import PCA

        wanted = self.options.pca
        if wanted >= 1:
            wanted = min(int(wanted), *scaled.shape)
        self.state["pca"] = PCA(wanted, svd_solver="full").fit(scaled)
        return self._rotated(scaled)

    def apply(
        self, vectors: Vectors, speakers: Sequence[str], corpora: Sequence[str] = ()
    ) -> Vectors:
        """Return ``(n, dim)`` vectors prepared as those that were learned from."""
        scaled = self._scaled(self._rooted(vectors), speakers, corpora)
        scaled = self._projected(self._recoloured(scaled, corpora))
        return self._rotated(scaled) if "pca" in self.state else scaled

    def _rooted(self, vectors: Vectors) -> Vectors:
        if not self.options.signed_sqrt:
            return vectors
        return np.asarray(np.sign(vectors) * np.sqrt(np.abs(vectors)), dtype=np.float32)

    def _scaled(self, vectors: Vectors, speakers: Sequence[str], corpora: Sequence[str]) -> Vectors:
        kept = vectors[:, self.state["keep"]].astype(np.float64)
        scaled = (kept - self.state["mean"]) / self.state["sd"]
        by: Sequence[str] = {"speaker": speakers, "corpus": corpora}.get(
            self.options.standardise, ()
        )
        scales = {**_scales_of_many(scaled, by), **self.state.get("corpora", {})}
        for name, rows in _rows_of(by).items():
            if name in scales:
                centre, spread = scales[name]
                scaled[rows] = (scaled[rows] - centre) / spread
        if self.options.clip_z is not None:
            scaled = scaled.clip(-self.options.clip_z, self.options.clip_z)
        return np.asarray(scaled, dtype=np.float32)

    def _recoloured(self, scaled: Vectors, corpora: Sequence[str]) -> Vectors:
        """Return clips of the training corpora as if they were of the others."""
        if "recolouring" not in self.state:
            return scaled
        names = np.array(corpora or [""] * len(scaled), dtype=str)
        own = np.isin(names, self.state["recoloured"])
        return np.where(own[:, None], recoloured(scaled, self.state["recolouring"]), scaled)

    def _projected(self, scaled: Vectors) -> Vectors:
        if "directions" not in self.state:
            return scaled
        directions = self.state["directions"]  # (n_directions, dim), orthonormal
        along = scaled @ directions.T  # (n, n_directions)
        return np.asarray(scaled - (along * self.state["taken"]) @ directions, dtype=np.float32)

    def _rotated(self, scaled: Vectors) -> Vectors:
        return np.asarray(self.state["pca"].transform(scaled), dtype=np.float32)


def _speaker_directions(scaled: Vectors, speakers: Sequence[str]) -> dict[str, Any]:
    """Return orthonormal directions between speakers, and how much of each is taken away.

    Along a direction, speakers' means have variance ``between`` and each speaker's clips
    ``within``; the direction is scaled by the root of ``within / (within + between)``.

    Source:
        Solomonoff et al. 2005 (nuisance attribute projection); Hatch et al. 2006 (within-class
        covariance normalisation). Differs: directions are weakened and not removed.
    """
    names = np.array(speakers)
    counts = {name: int((names == name).sum()) for name in sorted(set(speakers))}
    known = [name for name, count in counts.items() if count >= FEWEST_CLIPS]
    if len(known) < 2:
        return {}
    wide = scaled.astype(np.float64)
    means = np.array([wide[names == name].mean(axis=0) for name in known])
    residuals = np.concatenate(
        [wide[names == name] - mean for name, mean in zip(known, means, strict=True)]
    )
    _, lengths, directions = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    is_real = lengths > 1e-6 * lengths[0]  # the last one is 0: the means have been centred
    directions = directions[is_real]
    between = lengths[is_real] ** 2 / len(known)
    within = (residuals @ directions.T).var(axis=0)
    taken = 1 - np.sqrt(within / (within + between))
    return {"directions": directions.astype(np.float32), "taken": taken.astype(np.float32)}


def _rows_of(names: Sequence[str]) -> dict[str, list[int]]:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        rows_of[name].append(row)
    return rows_of


def _scales_of_many(
    scaled: npt.NDArray[np.float64], names: Sequence[str]
) -> dict[str, list[npt.NDArray[np.float64]]]:
    """Return mean and deviation of the rows of each name that has enough different ones."""
    scales = {}
    for name, rows in _rows_of(names).items():
        distinct = _distinct(scaled[rows])
        if len(distinct) >= FEWEST_CLIPS:
            mean = distinct.mean(axis=0)
            scales[name] = [mean, divisors(mean, distinct.std(axis=0))]
    return scales


def _distinct(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each different row once, in an order that is the same however they came."""
    by_content = {row.tobytes(): row for row in rows}
    return np.array([by_content[key] for key in sorted(by_content)])
