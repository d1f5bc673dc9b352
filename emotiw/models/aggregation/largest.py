"""The largest face speaks for the group: the rule to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emotiw.models.aggregation.aggregation import Aggregation, weighted_mean

if TYPE_CHECKING:
    from torch import Tensor

    from emotiw.models.aggregation.aggregation import Pool


class Largest(Aggregation):
    """The face with the longest side; the mean of them where several have it."""

    def pool(self, dim: int) -> Pool:
        """Return the largest face."""
        return _largest


def _largest(faces: Tensor, mask: Tensor, places: Tensor) -> Tensor:
    side = places[..., 0].masked_fill(~mask, float("-inf"))
    longest = side.sort(1, descending=True).values[:, :1]
    is_largest = (side == longest) & mask
    return weighted_mean(faces, is_largest.to(faces.dtype))
