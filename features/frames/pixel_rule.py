"""What a network expects of its pixels: order of colours, mean and scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class PixelRule:
    """From 8-bit RGB to a network's input: ``(value - mean) / deviation``, in its colour order.

    Most ports of a network forget one of these, and its weights then see images unlike any they
    were trained on.

    Attributes:
        order: the colour order of the network's input.
        mean: per channel in that order, on the scale of 0 to 255.
        deviation: likewise.
    """

    order: Literal["rgb", "bgr"]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


# for networks that start from random weights: -1 to 1
PLAIN = PixelRule("rgb", (127.5, 127.5, 127.5), (127.5, 127.5, 127.5))
