"""Images brought to the size of a network's input."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]
C3D_FRAME = (128, 171)  # (height, width) to which Tran et al. brought every frame
C3D_SIZE = 112  # of which they took the middle


def resized(pictures: Pictures, height: int, width: int) -> Pictures:
    """Return ``(n, height, width, 3)`` images; averaged where they shrink.

    Examples:
        >>> resized(np.zeros((2, 8, 8, 3), dtype=np.uint8), 4, 4).shape
        (2, 4, 4, 3)
    """
    if pictures.shape[1:3] == (height, width):
        return pictures
    if not len(pictures):
        return np.zeros((0, height, width, 3), dtype=np.uint8)
    import cv2

    shrinks = height * width < pictures.shape[1] * pictures.shape[2]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    shrunk = [cv2.resize(picture, (width, height), interpolation=how) for picture in pictures]
    return np.asarray(np.stack(shrunk), dtype=np.uint8)


def centre_cropped(pictures: Pictures, size: int) -> Pictures:
    """Return the ``(n, size, size, 3)`` middle of images.

    Examples:
        >>> wide = np.arange(171, dtype=np.uint8)[None, None, :, None] * np.ones((1, 128, 1, 3))
        >>> middle = centre_cropped(wide.astype(np.uint8), 112)
        >>> middle.shape, int(middle[0, 0, 0, 0])
        ((1, 112, 112, 3), 29)
    """
    top, left = (pictures.shape[1] - size) // 2, (pictures.shape[2] - size) // 2
    return pictures[:, top : top + size, left : left + size]


def whole_frames(frames: Pictures, size: int = C3D_SIZE) -> Pictures:
    """Return what C3D was trained to see of whole frames: 128×171, and of that the middle 112×112.

    The shape of the frame is not kept, as in the authors' own preparation; for another size
    both are in proportion. A square face crop needs none of this: it is only resized.

    Examples:
        >>> whole_frames(np.zeros((2, 480, 640, 3), dtype=np.uint8)).shape
        (2, 112, 112, 3)
    """
    height, width = (round(side * size / C3D_SIZE) for side in C3D_FRAME)
    return centre_cropped(resized(frames, height, width), size)
