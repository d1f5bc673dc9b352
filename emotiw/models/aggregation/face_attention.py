"""A network decides who counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.models.aggregation.aggregation import Aggregation

if TYPE_CHECKING:
    from emotiw.models.aggregation.aggregation import Pool


class AttentionOptions(Strict):
    """Options of :class:`Attention`.

    Attributes:
        hidden: units that look at a face before it gets its weight.
    """

    hidden: int = Field(default=32, ge=1)


class Attention(Aggregation):
    """The mean over the faces by weights that are learned, from each face, its size and place."""

    Options = AttentionOptions
    is_learned: ClassVar[bool] = True
    options: AttentionOptions

    def pool(self, dim: int) -> Pool:
        """Return the network."""
        from emotiw.models.networks.group_net import FaceAttention

        return FaceAttention(dim, self.options.hidden)
