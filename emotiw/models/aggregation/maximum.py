"""The strongest of each value, whoever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emotiw.models.aggregation.aggregation import Aggregation

if TYPE_CHECKING:
    from torch import Tensor

    from emotiw.models.aggregation.aggregation import Pool


class Maximum(Aggregation):
    """The maximum over the faces, value by value."""

    def pool(self, dim: int) -> Pool:
        """Return the maximum."""
        return _maximum


def _maximum(faces: Tensor, mask: Tensor, _: Tensor) -> Tensor:
    if not faces.shape[1]:
        return faces.new_full((len(faces), faces.shape[2]), float("nan"))
    highest: Tensor = faces.masked_fill(~mask[..., None], float("-inf")).amax(1)
    return highest.masked_fill(~mask.any(1, keepdim=True), float("nan"))
