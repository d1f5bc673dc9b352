"""What all models of one vector per clip may be told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from emotiw.core.config import Strict
from emotiw.models.tabular.preparation import PreparationOptions


def _check_positive(value: float | tuple[float, ...]) -> float | tuple[float, ...]:
    values = value if isinstance(value, tuple) else (value,)
    if not values or min(values) <= 0:
        raise ValueError(f"expected one positive number, or several, got {value}")
    return value


Pooling = Literal["mean", "std", "min", "max", "quantiles", "slope", "change", "segments"]
Several = Annotated[float | tuple[float, ...], AfterValidator(_check_positive)]


class TabularOptions(Strict):
    """Options that all models of one vector per clip share.

    Attributes:
        pooling: what a clip's rows become where a feature has several: ``mean``, ``std``, ``min``,
            ``max``, ``quantiles`` (five), ``slope`` (how much a straight line through them rises
            over the clip), ``change`` (how far it is from one row to the next, on average),
            ``segments`` (the means of ten stretches of the clip).
        preparation: how vectors are standardised, filtered and shortened.
        inner_folds: folds over the groups of the training clips, on which hyper-parameters are
            chosen and probabilities calibrated; fewer where there are fewer groups.
        scoring: the metric by which hyper-parameters are chosen; in a run that of the challenge,
            else ``uar``, or ``ccc`` in regression.
    """

    pooling: tuple[Pooling, ...] = Field(default=("mean", "std", "min", "max"), min_length=1)
    preparation: PreparationOptions = PreparationOptions()
    inner_folds: int = Field(default=4, ge=2)
    scoring: str | None = None


def several(value: Several) -> tuple[float, ...]:
    """Return the values to try, where a recipe gives one or several."""
    return value if isinstance(value, tuple) else (value,)
