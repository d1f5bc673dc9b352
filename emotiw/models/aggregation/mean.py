"""Everyone counts the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emotiw.models.aggregation.aggregation import Aggregation, weighted_mean

if TYPE_CHECKING:
    from torch import Tensor

    from emotiw.models.aggregation.aggregation import Pool


class Mean(Aggregation):
    """The mean over the faces."""

    def pool(self, dim: int) -> Pool:
        """Return the mean."""
        return _mean


def _mean(faces: Tensor, mask: Tensor, _: Tensor) -> Tensor:
    return weighted_mean(faces, mask.to(faces.dtype))
