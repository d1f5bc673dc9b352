"""What a network expects of its pixels: order of colours, mean and scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from emotiw.core.weights import WeightsCard


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
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @classmethod
    def of(cls, card: WeightsCard) -> PixelRule:
        """Return the rule on a weights card, which counts from 0 to 1.

        Examples:
            >>> card = WeightsCard(name="x", backbone="c3d", size=112, embedding=4096, colour="bgr",
            ...                    mean=(0.2, 0.4, 0.6), std=(0.5, 0.5, 0.5))
            >>> PixelRule.of(card)
            PixelRule(order='bgr', mean=(51.0, 102.0, 153.0), deviation=(127.5, 127.5, 127.5))
        """
        return cls(
            "bgr" if card.colour == "bgr" else "rgb",
            tuple(255 * value for value in card.mean),
            tuple(255 * value for value in card.std),
        )


# for networks that start from random weights: -1 to 1
PLAIN = PixelRule("rgb", (127.5, 127.5, 127.5), (127.5, 127.5, 127.5))
