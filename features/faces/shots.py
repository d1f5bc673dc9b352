"""Where one shot ends and the next begins."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from emotiw.core.media.lazy_pictures import Pixels, grey_of

Thumbnail = npt.NDArray[np.float32]
CELLS = 48  # along the shorter side
CUT, CUT_RATIO = 14.0, 3.0  # grey levels, and times what is usual in this shot
CUT_SHARE = 0.4  # of the image: more than somebody who steps in
HELD = 0.3  # of points all over the image that are found again: it is the same shot


def thumbnail(pixels: Pixels) -> Thumbnail:
    """Return the grey of every so many px of an image, about 48 along the short side.

    Examples:
        >>> thumbnail(np.zeros((480, 960, 3), np.uint8)).shape
        (48, 96)
    """
    step = max(1, min(pixels.shape[:2]) // CELLS)
    return grey_of(pixels)[step // 2 :: step, step // 2 :: step].astype(np.float32)


class Shots:
    """Tells hard cuts from motion, light and camera work.

    At a cut the image changes much, all over, and much more than from frame to frame before, and
    hardly a point of it is found again, as many are where the camera pans. The change of light is
    taken out first, so that a flash is none; somebody who steps in changes only a part. Fades and
    dissolves are not seen.
    """

    def __init__(self) -> None:
        self._before: Thumbnail | None = None
        self._usual: deque[float] = deque(maxlen=12)

    def is_cut(self, now: Thumbnail, held: float = 0.0) -> bool:
        """Return whether the image begins a new shot; the first one of a clip doesn't.

        Args:
            now: the image.
            held: the share of points of the image before that are found again in this one.
        """
        before, self._before = self._before, now
        if before is None or before.shape != now.shape:
            return before is not None
        difference = now - before
        changes = np.abs(difference - _median(difference[::2, ::2]))
        change = float(changes.mean())
        if not self._usual:  # nobody knows yet what is usual in this shot
            self._usual.append(change)
            return False
        usual = sorted(self._usual)[len(self._usual) // 2]
        is_everywhere = float((changes > CUT / 2).mean()) > CUT_SHARE
        if change > CUT and change > CUT_RATIO * usual and is_everywhere and held < HELD:
            self._usual.clear()
            return True
        self._usual.append(change)
        return False


def _median(values: Thumbnail) -> float:
    # numpy's own takes longer than all the rest
    flat = values.ravel()
    return float(np.partition(flat, flat.size // 2)[flat.size // 2])
