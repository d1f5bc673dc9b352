"""Gated fusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emotiw.models.joint.joint_model import JointModel, JointOptions

if TYPE_CHECKING:
    from emotiw.models.networks.joint_net import JointNetwork


class Gated(JointModel):
    """Several features, each weighed clip by clip by gates that see all of them."""

    Options = JointOptions

    def network_over(self, dims: tuple[int, ...], n_outputs: int, **more: Any) -> JointNetwork:
        """Return the network."""
        from emotiw.models.networks.gated_net import GatedNetwork

        return GatedNetwork(dims, n_outputs, **more)
