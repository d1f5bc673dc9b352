"""A recurrent network that meets the faces from the smallest to the largest."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.models.aggregation.aggregation import Aggregation

if TYPE_CHECKING:
    from emotiw.models.aggregation.aggregation import Pool


class RecurrentOptions(Strict):
    """Options of :class:`Recurrent`.

    Attributes:
        hidden: units of the network, and values of a group.
    """

    hidden: int = Field(default=32, ge=1)


class Recurrent(Aggregation):
    """The last state of a GRU over the faces by size; the largest, met last, is remembered best.

    Faces of one size go by their place, from the left and then from above.

    Source:
        Sun et al. 2016 and other entries to EmotiW 2016 put an LSTM over the faces of a group.
    """

    Options = RecurrentOptions
    is_learned: ClassVar[bool] = True
    options: RecurrentOptions

    def width(self, dim: int) -> int:
        """Return the number of units."""
        return self.options.hidden

    def pool(self, dim: int) -> Pool:
        """Return the network."""
        from emotiw.models.networks.group_net import FaceRecurrence

        return FaceRecurrence(dim, self.options.hidden)
