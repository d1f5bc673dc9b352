"""Large faces near the middle of the group count more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.models.aggregation.aggregation import Aggregation, weighted_mean

if TYPE_CHECKING:
    from torch import Tensor

    from emotiw.models.aggregation.aggregation import Pool


class WeightedOptions(Strict):
    """Options of :class:`Weighted`.

    Attributes:
        by_size: the weight grows with this power of the face's side: 0 for not at all, 2 for its
            area.
        by_centre: how much less than one in the middle the one farthest from it counts.
        centre: the middle of the faces, or of the image.
    """

    by_size: float = Field(default=1.0, ge=0)
    by_centre: float = Field(default=0.5, ge=0, lt=1)
    centre: Literal["faces", "picture"] = "faces"


class Weighted(Aggregation):
    """The mean over the faces by size and by distance from the centre.

    Source:
        The global weighted model of Dhall et al. 2015 (HAPPEI): size relative to the others, and
        distance from the centroid of the faces. Differs: size by a power, distance in shares of
        the largest one (or of half a diagonal of the image).
    """

    Options = WeightedOptions
    options: WeightedOptions

    def pool(self, dim: int) -> Pool:
        """Return the weighted mean."""
        return self._weighted_mean

    def _weighted_mean(self, faces: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        return weighted_mean(faces, self.weights(mask, places.to(faces.dtype)))

    def weights(self, mask: Tensor, places: Tensor) -> Tensor:
        """Return ``(batch, n)`` weights, not yet summing to 1; 0 for padding."""
        side, centre = places[..., 0], places[..., 1:]
        is_there = mask.to(places.dtype)
        middle = places.new_full((len(places), 2), 0.5)
        if self.options.centre == "faces":
            middle = weighted_mean(centre, is_there)
        away = (centre - middle[:, None]).norm(dim=2)  # (batch, n)
        reach = away.new_full((len(places), 1), 0.5**0.5)
        if self.options.centre == "faces" and mask.shape[1]:
            reach = away.masked_fill(~mask, 0).amax(1, keepdim=True).clamp(min=1e-9)
        weights: Tensor = side.pow(self.options.by_size) * (
            1 - self.options.by_centre * away / reach
        )
        return weights.masked_fill(~mask, 0)
