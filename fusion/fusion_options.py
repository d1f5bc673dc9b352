"""What a recipe may say about fusion; light enough to import for the command line's help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypedDict

from pydantic import Field, model_validator

from emotiw.core.config import Strict
from emotiw.core.parts_in_options import filled_in
from emotiw.core.registry import named_in
from emotiw.evaluation.metrics import METRICS
from fusion.registry import CALIBRATIONS, COMBINERS, POST, RULES

Pool = Literal["arithmetic", "geometric"]
FitOn = Literal["all", "train", "val"]
Prior = Literal["none", "em", "declared"]
PriorBase = Literal["fit", "even"]


class FusionKeywords(TypedDict, total=False):
    """The same options as keywords, for editors and type checkers; the metric is apart."""

    method: str
    pool: Pool
    calibration: str
    weights: Mapping[str, float] | None
    candidates: tuple[str, ...]
    target_range: tuple[float, float] | None
    post: Sequence[str | Mapping[str, Any]]
    post_metric: str
    fit_on: FitOn
    n_folds: int
    tolerance_sec: float | None
    nested: bool
    prior: Prior
    prior_weights: Mapping[str, float] | None
    prior_power: float
    prior_base: PriorBase


class FusionOptions(Strict):
    """How modalities are calibrated and fused, on what it is fitted, and how it is judged.

    Attributes:
        method: a rule without fitting (``mean``, ``geometric``, ``product``, ``max``, ``median``,
            ``majority``, ``rank``), weights (``weighted``: smallest log loss or squared error,
            pulled toward equal weights as hard as inner folds ask; ``metric_weighted``;
            ``class_weighted``; ``fixed``: typed in), a stacker (``logistic``, ``svm``,
            ``boosting``, ``cascade``), or ``auto``: the first of ``candidates``, unless an inner
            cross-validation clearly prefers another; or ``module:Class``, a rule of your own.
        pool: what weights multiply: probabilities (arithmetic) or their logarithms (geometric);
            in regression always the targets themselves.
        calibration: per modality, before fusion; regression has none. ``module:Class`` is your
            own.
        weights: per modality, scaled to sum to 1: those of ``fixed``; and what the weights of
            ``weighted`` are pulled toward where clips are few, a bundled network that has learnt
            from none of them, say. Equal by default.
        metric: what ``metric_weighted`` and ``auto`` look at; of labels.
        candidates: what ``auto`` chooses from.
        target_range: regression is clipped to it.
        post: what is done to fused scores at last, in this order: ``smooth`` (median,
            Savitzky-Golay, Gaussian), ``shift`` (the annotators' delay), ``scale`` (mean and
            deviation of the annotations), ``thresholds`` (of what is there or not), or
            ``module:Class``. Each by its name, or as ``{step: smooth, windows: [5, 9]}``. They are
            fitted on held-out scores, and left out where held-out groups don't clearly prefer them.
        post_metric: by which that is decided; the challenge's own by default, and where it says
            nothing of an answer CCC, F1 or accuracy.
        fit_on: the splits whose clips are fitted on. ``all`` takes training clips with
            out-of-fold scores and validation clips; each is then scored by a fusion that has not
            seen its group. Of ``train`` or ``val``, the other split is scored by the final fusion.
        n_folds: of cross-fitting, where no folds are published.
        tolerance_sec: of answers step by step, how far from a step of a modality its score may be
            used, where its steps are at other times; the modality's own usual step by default.
        nested: whether ``train`` makes inner scores as well, by a model for every pair of folds,
            so that the fusion of a fold is fitted on nothing that knows the fold. With five folds
            that is 16 fits of each model instead of 6; False saves them, and the fused values say
            that they are not nested. What learns nothing, or not from training clips, needs none.
        prior: ``em`` re-estimates how frequent labels are in the test clips, from their scores;
            ``declared`` takes ``prior_weights``. Both use statistics of the test clips, and say so.
        prior_weights: frequency of each label in the test clips, in any unit.
        prior_power: of the declared prior; the runner-up of 2017 used 0.5.
        prior_base: what a declared prior is relative to: the labels' share in the clips fitted
            on, or an even one.
    """

    method: Annotated[str, named_in(COMBINERS)] = "weighted"
    pool: Pool = "geometric"
    calibration: Annotated[str, named_in(CALIBRATIONS)] = "temperature"
    weights: Mapping[str, float] | None = None
    metric: Annotated[str, named_in(METRICS)] = "accuracy"
    candidates: tuple[Annotated[str, named_in(COMBINERS)], ...] = ("weighted", "mean", "logistic")
    target_range: tuple[float, float] | None = None
    post: tuple[Annotated[dict[str, Any], filled_in(POST), POST], ...] = ()
    post_metric: str = ""
    fit_on: FitOn = "all"
    n_folds: int = Field(default=5, ge=2)
    tolerance_sec: float | None = Field(default=None, ge=0)
    nested: bool = True
    prior: Prior = "none"
    prior_weights: Mapping[str, float] | None = None
    prior_power: float = Field(default=1.0, ge=0)
    prior_base: PriorBase = "fit"

    @property
    def learns(self) -> bool:
        """Whether anything is fitted: weights, a stacker, calibrations, or post-processing."""
        learns_method = self.method not in (*RULES, "fixed")
        return self.calibration != "none" or learns_method or bool(self.post)

    @property
    def asks_inner(self) -> bool:
        """Whether the fusion of a fold wants scores of models that have not seen the fold."""
        return self.nested and self.learns and self.fit_on != "val"

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.method == "fixed" and self.weights is None:
            raise ValueError("method 'fixed' needs weights")
        if self.weights is not None and self.method not in ("fixed", "weighted"):
            raise ValueError("weights are for methods 'fixed' and 'weighted'")
        if self.weights is not None and (
            min(self.weights.values(), default=0) < 0 or sum(self.weights.values()) <= 0
        ):
            raise ValueError("weights must not be negative and must not all be 0")
        if (self.prior == "declared") != (self.prior_weights is not None):
            raise ValueError("prior 'declared' and prior_weights go together")
        if self.prior_weights is not None and min(self.prior_weights.values(), default=0) <= 0:
            raise ValueError("prior_weights must be above 0")
        if self.method == "auto" and (not self.candidates or "auto" in self.candidates):
            raise ValueError("auto needs candidates other than itself")
        if self.target_range is not None and self.target_range[0] >= self.target_range[1]:
            raise ValueError("target_range must go from the smallest to the largest target")
        return self
