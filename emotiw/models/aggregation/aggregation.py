"""What every aggregation promises: any number of faces in, one vector out, their order ignored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from emotiw.core.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    Pool = Callable[[Tensor, Tensor, Tensor], Tensor]

N_PLACE = 3  # side of the face as a share of the image's, and its centre from 0 to 1


class Aggregation(Part):
    """Turns the faces of a group into one vector.

    The order of the faces changes nothing, nor do rows of padding. Of no face at all nothing is
    known: the answer is NaN, never zeros that look like data.

    Attributes:
        is_learned: it has weights of its own, and so belongs into a network that is trained.
    """

    is_learned: ClassVar[bool] = False

    def __init__(self, options: Any = None) -> None:
        self.options = options if options is not None else self.Options()

    def width(self, dim: int) -> int:
        """Return how many values a group has whose faces have ``dim``."""
        return dim

    def pool(self, dim: int) -> Pool:
        """Return what does it: a function, or a network to be trained.

        It is called with ``faces`` ``(batch, n, dim)``, ``mask`` ``(batch, n)``, True for faces
        that are there, and ``places`` ``(batch, n, 3)``: the side of the face's box as a share of
        the image's (geometric means of width and height), and x and y of its centre from 0 to 1.
        It returns ``(batch, width)``; NaN for a group without faces.
        """
        raise NotImplementedError


def weighted_mean(faces: Tensor, weights: Tensor) -> Tensor:
    """Return ``(batch, dim)``, the mean of faces by their ``(batch, n)`` weights, 0 for padding.

    Examples:
        >>> import torch
        >>> faces = torch.tensor([[[1.0], [4.0], [99.0]], [[1.0], [1.0], [1.0]]])
        >>> weighted_mean(faces, torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])).tolist()
        [[2.0], [nan]]
    """
    if not faces.shape[1]:
        return faces.new_full((len(faces), faces.shape[2]), float("nan"))
    shares = weights / weights.sum(1, keepdim=True)  # 0 / 0 where there is nobody
    known = faces.masked_fill((weights == 0)[..., None], 0)
    mean: Tensor = (shares[..., None] * known).sum(1)
    return mean
