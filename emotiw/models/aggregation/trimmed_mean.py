"""The mean without the extremes, so that one false detection doesn't speak for a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.models.aggregation.aggregation import Aggregation

if TYPE_CHECKING:
    from torch import Tensor

    from emotiw.models.aggregation.aggregation import Pool


class TrimmedMeanOptions(Strict):
    """Options of :class:`TrimmedMean`.

    Attributes:
        share: of the faces, left out at each end; rounded down, so that of few faces none is.
    """

    share: float = Field(default=0.2, ge=0, lt=0.5)


class TrimmedMean(Aggregation):
    """The mean over the faces, value by value, without the smallest and largest ones."""

    Options = TrimmedMeanOptions
    options: TrimmedMeanOptions

    def pool(self, dim: int) -> Pool:
        """Return the trimmed mean."""
        return self._trimmed_mean

    def _trimmed_mean(self, faces: Tensor, mask: Tensor, _: Tensor) -> Tensor:
        ordered = faces.masked_fill(~mask[..., None], float("inf")).sort(1).values
        count = mask.sum(1, keepdim=True)  # (batch, 1)
        cut = (self.options.share * count + 1e-6).floor()  # 0.3 of 10 is 3, whatever the rounding
        rank = mask.new_ones(mask.shape).cumsum(1) - 1  # (batch, n)
        kept = (rank >= cut) & (rank < count - cut)
        total: Tensor = ordered.masked_fill(~kept[..., None], 0).sum(1)
        return total / kept.sum(1, keepdim=True)
