"""What a network expects of its pixels: order of colours, mean and scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class PixelRule:
    """From 8-bit RGB to a network's input: ``(value - mean) / deviation``, in its colour order.

    Most ports of a network forget one of these, and its weights then see pictures unlike any they
    were trained on.

    Attributes:
        order: the colour order of the network's input.
        mean: per channel in that order, on the scale of 0 to 255.
        deviation: likewise.
    """

    order: Literal["rgb", "bgr"]
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


def _from_unit(
    mean: tuple[float, float, float], deviation: tuple[float, float, float]
) -> PixelRule:
    r, g, b = (255 * value for value in mean)
    dr, dg, db = (255 * value for value in deviation)
    return PixelRule("rgb", (r, g, b), (dr, dg, db))


PIXEL_RULES: dict[str, PixelRule] = {
    # for networks that start from random weights: about [-1, 1]
    "plain": PixelRule("rgb", (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    # C3D on Sports-1M: Caffe read pictures as BGR, 0 to 255, and took away a mean cube
    # (train01_16_128_171_mean); these are its averages per channel
    "sports1m": PixelRule("bgr", (90.25, 97.66, 101.41), (1.0, 1.0, 1.0)),
    # torchvision's video networks
    "kinetics": _from_unit((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)),
    "kinetics_mvit": _from_unit((0.45, 0.45, 0.45), (0.225, 0.225, 0.225)),
    "imagenet": _from_unit((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
