"""Networks in which features attend to each other: over time, or people and scene together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from emotiw.models.joint.joint_model import JointModel, JointOptions

if TYPE_CHECKING:
    from emotiw.models.networks.joint_net import JointNetwork


class CrossAttentionOptions(JointOptions):
    """Options of :class:`CrossAttention`.

    Attributes:
        heads: of attention; they share the channels.
    """

    heads: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _heads_share_the_channels(self) -> Self:
        if self.channels % self.heads:
            raise ValueError(f"channels {self.channels} can't be shared by {self.heads} heads")
        return self


class JointAttentionOptions(CrossAttentionOptions):
    """Options of :class:`JointAttention`.

    Attributes:
        layers: of self-attention over all rows.
    """

    layers: int = Field(default=1, ge=0)


class CrossAttention(JointModel):
    """Several sequences, each of which attends to every other (a small MulT)."""

    Options = CrossAttentionOptions
    options: CrossAttentionOptions

    def network_over(self, dims: tuple[int, ...], n_outputs: int, **more: Any) -> JointNetwork:
        """Return the network."""
        from emotiw.models.networks.attending_net import CrossAttentionNetwork

        return CrossAttentionNetwork(dims, n_outputs, **more)


class JointAttention(JointModel):
    """Self-attention over the rows of all features together: people and scene, say."""

    Options = JointAttentionOptions
    options: JointAttentionOptions

    def network_over(self, dims: tuple[int, ...], n_outputs: int, **more: Any) -> JointNetwork:
        """Return the network."""
        from emotiw.models.networks.attending_net import JointAttentionNetwork

        return JointAttentionNetwork(dims, n_outputs, **more)
