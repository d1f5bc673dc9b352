"""Several channels → one, without losing the voice that is in one of them.

The plain mean halves a voice that is in one of two channels, loses one in the centre of 5.1 among
the others, and cancels one whose channels are in opposite phase. What is done instead depends on
the whole track, and is told in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Rule = Literal["auto", "mean"]
Samples = npt.NDArray[np.float32]
SILENT = 1e-3  # of the loudest channel's power: 30 dB below it
OPPOSITE = -0.3  # correlation below which the mean would lose more than half of the power
# one channel from many, ITU-R BS.775, table 2; whatever else there is counts as a surround channel
FRONT, CENTRE, SURROUND = 0.5**0.5, 1.0, 0.5
PLACES = {"FL": FRONT, "FR": FRONT, "FC": CENTRE, "LFE": 0.0, "LFE2": 0.0}


@dataclass
class Channels:
    """What is heard in each channel of a track, block by block.

    Attributes:
        names: of the channels, as FFmpeg has them: ``FL``, ``FR``, ``FC``, …
    """

    names: tuple[str, ...]
    _power: npt.NDArray[np.float64] = field(init=False)
    _shared: float = 0.0

    def __post_init__(self) -> None:
        self._power = np.zeros(len(self.names))

    def hear(self, block: Samples) -> None:
        """Take the next samples, ``(n_channels, n)``."""
        if len(self.names) == 1:
            return
        heard = block - block.mean(axis=1, keepdims=True)
        if not np.isfinite(heard).all():
            heard = np.nan_to_num(heard, posinf=0.0, neginf=0.0)
        self._power += np.einsum("cn,cn->c", heard, heard)
        self._shared += float(heard[0] @ heard[1])

    def weights(self, rule: Rule = "auto") -> tuple[str, npt.NDArray[np.float32]]:
        """Return what is done with the channels, in a word, and the weight of each.

        ``mono``, ``mean``, ``only FL`` (all others are silent), ``FL-FR`` (in opposite phase) or
        ``ITU`` (more than two channels).

        Args:
            rule: ``mean`` takes the mean whatever is heard.

        Examples:
            >>> stereo = Channels(("FL", "FR"))
            >>> stereo.hear(np.array([[0.1, -0.1], [-0.1, 0.1]], np.float32))
            >>> print(*stereo.weights())
            FL-FR [ 0.5 -0.5]
        """
        n = len(self.names)
        if n == 1:
            return "mono", np.ones(1, np.float32)
        loud = np.flatnonzero(self._power > SILENT * self._power.max(initial=0.0))
        if rule == "auto" and len(loud) == 1:
            return f"only {self.names[loud[0]]}", np.eye(n, dtype=np.float32)[loud[0]]
        is_pair = loud.tolist() == [0, 1]
        if rule == "auto" and is_pair:
            is_opposite = self._shared < OPPOSITE * float(np.sqrt(self._power[:2].prod()))
            way = np.zeros(n, np.float32)
            way[:2] = (0.5, -0.5) if is_opposite else 0.5
            return f"{self.names[0]}-{self.names[1]}" if is_opposite else "mean", way
        if rule == "auto" and n > 2 and set(PLACES) & set(self.names):
            places = [PLACES.get(name, SURROUND) for name in self.names]
            return "ITU", np.array(places, np.float32)
        return "mean", np.full(n, 1 / n, np.float32)
