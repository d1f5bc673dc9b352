"""Low-rank tensor fusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from emotiw.models.joint.joint_model import JointModel, JointOptions

if TYPE_CHECKING:
    from emotiw.models.networks.joint_net import JointNetwork


class LowRankOptions(JointOptions):
    """Options of :class:`LowRank`.

    Attributes:
        rank: of the tensor that all products of the features go through.
    """

    rank: int = Field(default=4, ge=1)


class LowRank(JointModel):
    """Several features and all their products, through a tensor of low rank (LMF)."""

    Options = LowRankOptions
    options: LowRankOptions

    def network_over(self, dims: tuple[int, ...], n_outputs: int, **more: Any) -> JointNetwork:
        """Return the network."""
        from emotiw.models.networks.low_rank_net import LowRankNetwork

        return LowRankNetwork(dims, n_outputs, **more)
