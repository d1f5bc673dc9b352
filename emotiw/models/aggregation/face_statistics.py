"""How the faces of a group are spread, value by value, and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import field_validator

from emotiw.core.config import Strict
from emotiw.models.aggregation.aggregation import Aggregation, weighted_mean

if TYPE_CHECKING:
    from torch import Tensor

    from emotiw.models.aggregation.aggregation import Pool


class StatisticsOptions(Strict):
    """Options of :class:`Statistics`.

    Attributes:
        quantiles: beside mean, standard deviation, minimum and maximum; between 0 and 1.
    """

    quantiles: tuple[float, ...] = (0.25, 0.5, 0.75)

    @field_validator("quantiles")
    @classmethod
    def _are_shares(cls, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 <= quantile <= 1 for quantile in quantiles):
            raise ValueError("quantiles lie between 0 and 1")
        return quantiles


class Statistics(Aggregation):
    """Mean, standard deviation (of the population), minimum, maximum, quantiles, and the count.

    Source:
        Knyazev et al. 2017 pool frames by mean, deviation, minimum and maximum.
    """

    Options = StatisticsOptions
    options: StatisticsOptions

    def width(self, dim: int) -> int:
        """Return so many times ``dim``, and one more for the count."""
        return (4 + len(self.options.quantiles)) * dim + 1

    def pool(self, dim: int) -> Pool:
        """Return the statistics, all means first."""
        return self._statistics

    def _statistics(self, faces: Tensor, mask: Tensor, _: Tensor) -> Tensor:
        import torch

        if not faces.shape[1]:
            return faces.new_full((len(faces), self.width(faces.shape[2])), float("nan"))
        is_there = mask.to(faces.dtype)
        mean = weighted_mean(faces, is_there)
        variance = weighted_mean((faces - mean[:, None]).square(), is_there)
        holes = ~mask[..., None]
        shares = faces.new_tensor(self.options.quantiles)
        quantiles = faces.masked_fill(holes, float("nan")).nanquantile(shares, dim=1)
        parts = [
            mean,
            variance.sqrt(),
            faces.masked_fill(holes, float("inf")).amin(1),
            faces.masked_fill(holes, float("-inf")).amax(1),
            *quantiles,
            is_there.sum(1, keepdim=True),
        ]
        return torch.cat(parts, 1).masked_fill(~mask.any(1, keepdim=True), float("nan"))
