"""What a recipe may say about its ablation; light enough to import with the recipe."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from pydantic import Field

from emotiw.core.config import Strict

Combine = Literal["product", "one at a time"]
JudgedSplit = Literal["auto", "val", "train", "both", "test"]


class AblationKeywords(TypedDict, total=False):
    """Those options of an ablation that are simple, as keywords."""

    combine: Combine
    metric: str | None
    split: JudgedSplit


class AblationSettings(Strict):
    """The rows of an ablation table.

    Attributes:
        axes: what is varied, by name. ``modalities`` takes ``subsets``, ``leave one out``,
            ``alone``, or a list of combinations (``[voice, c3d+voice]``). ``fusion_point`` takes
            a list of ``early``, ``joint``, ``late``, ``joint + late`` and so on, or ``all`` that
            the recipe has models for; several models of a point are fused. ``fusion``,
            ``calibration``, ``seed`` and any key of the recipe (``features.voice.feature_set``,
            ``faces.min_face``) take a list of values. Any other name is an axis of your own: a
            mapping of names to the keys that each of them sets.
        combine: every setting with every other, or each axis on its own, the others as in the
            reference.
        reference: setting by axis of the row that all others are compared with; by default the
            recipe as it is.
        metric: what is judged; by default the challenge's own.
        split: the clips judged: validation clips where there are any, else training clips, out of
            fold (``auto``); test clips only where they are asked for.
    """

    axes: dict[str, Any] = Field(default_factory=dict)
    combine: Combine = "product"
    reference: dict[str, Any] = Field(default_factory=dict)
    metric: str | None = None
    split: JudgedSplit = "auto"
