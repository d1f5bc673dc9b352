"""How an image must be turned, mirrored and stretched to be seen as a player shows it.

Phones store images as their sensor lies and say beside them how they are to be shown: by a display
matrix, which can turn and mirror. DVDs and their copies store pixels that aren't square.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Values = TypeVar("Values", bound=npt.NDArray[Any])
Size = tuple[int, int]  # width and height, px
WIDEST = 4  # a pixel that is said to be longer than so many times its other side is not believed


@dataclass(frozen=True)
class Turn:
    """One of the eight ways to lay an image: transposed or not, then mirrored either way.

    Attributes:
        is_transposed: rows become columns.
        is_mirrored: then left becomes right.
        is_flipped: and top becomes bottom.
    """

    is_transposed: bool = False
    is_mirrored: bool = False
    is_flipped: bool = False

    @classmethod
    def of_matrix(cls, data: bytes) -> Turn:
        """Return the one that a display matrix means: nine 16.16 numbers, in this machine's order.

        Of a matrix between two ways the nearer one is taken.

        Source:
            ISO/IEC 14496-12, 6.2.2: x' = a·x + c·y, y' = b·x + d·y.

        Examples:
            >>> Turn.of_matrix(struct.pack("9i", -65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
            Turn(is_transposed=False, is_mirrored=True, is_flipped=False)
        """
        a, b, _, c, d, *_ = struct.unpack("9i", data[:36])
        if abs(b) + abs(c) > abs(a) + abs(d):
            return cls(True, c < 0, b < 0)
        return cls(False, a < 0, d < 0)

    def __call__(self, values: Values) -> Values:
        """Return ``(height, width, …)`` laid so; a view of what it was given.

        Examples:
            >>> Turn(is_transposed=True, is_mirrored=True)(np.array([[1, 2], [3, 4]])).tolist()
            [[3, 1], [4, 2]]
        """
        laid: Any = values.swapaxes(0, 1) if self.is_transposed else values
        laid = laid[:, ::-1] if self.is_mirrored else laid
        return laid[::-1] if self.is_flipped else laid  # type: ignore[no-any-return]

    def size(self, size: Size) -> Size:
        """Return the size of an image of that size once it is laid so."""
        return (size[1], size[0]) if self.is_transposed else size


AS_STORED = Turn()


@dataclass(frozen=True)
class Geometry:
    """From an image as it is stored to the one that is shown.

    Attributes:
        square: its size with square pixels, before it is turned.
        turn: how it is laid.
        shown: the size of what is shown: that of the clip's first image. Another image is brought
            into it as a player does, whole, in the middle of black.
    """

    square: Size
    turn: Turn
    shown: Size

    @classmethod
    def of(
        cls, stored: Size, aspect: Fraction | None, turn: Turn, shown: Size | None = None
    ) -> Geometry:
        """Return the geometry of an image.

        Args:
            stored: its size in the file.
            aspect: of a pixel, width by height; None or 0 where nobody says.
            turn: how it is laid.
            shown: the size of the clip's first image; of this one where None.

        Examples:
            >>> Geometry.of((720, 576), Fraction(64, 45), AS_STORED).shown
            (1024, 576)
            >>> Geometry.of((720, 576), Fraction(64, 45), Turn(is_transposed=True)).shown
            (576, 1024)
        """
        square = squared(stored, aspect)
        return cls(square, turn, shown or turn.size(square))

    def lay(self, values: Values) -> Values:
        """Return the ``(height, width, …)`` image of square pixels as it is shown."""
        laid = self.turn(values)
        if laid.shape[1::-1] != self.shown:
            return fitted(laid, self.shown)
        return np.ascontiguousarray(laid)  # type: ignore[return-value]


def squared(stored: Size, aspect: Fraction | None) -> Size:
    """Return the size of an image once its pixels are square: as high, and as wide as it takes.

    Examples:
        >>> squared((352, 480), Fraction(20, 11)), squared((640, 480), None)
        ((640, 480), (640, 480))
    """
    if not aspect or not Fraction(1, WIDEST) <= aspect <= WIDEST:
        return stored
    return (max(1, round(stored[0] * aspect)), stored[1])


def fitted(values: Values, size: Size) -> Values:
    """Return an image brought to a size as a player does: whole, in the middle of black.

    Examples:
        >>> fitted(np.full((2, 2, 3), 9, np.uint8), (4, 2))[0, :, 0].tolist()
        [0, 9, 9, 0]
    """
    import cv2

    height, width = values.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.zeros((size[1], size[0], *values.shape[2:]), values.dtype)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    small = cv2.resize(np.ascontiguousarray(values), inner, interpolation=cv2.INTER_AREA)
    canvas[top : top + inner[1], left : left + inner[0]] = small
    return canvas  # type: ignore[return-value]


class Geometries:
    """How the images of a clip are shown: the same for all that are stored alike."""

    def __init__(self) -> None:
        self._by_shape: dict[tuple[int, int, int], Geometry] = {}
        self._shown: Size | None = None

    def of(self, frame: Any) -> Geometry | None:
        """Return how a frame is shown, if one like it was noted."""
        return self._by_shape.get((frame.width, frame.height, frame.rotation))

    def note(self, frame: Any, stream: Any) -> Geometry:
        """Return how the first frame of its kind is shown."""
        size = (frame.width, frame.height)
        made = Geometry.of(size, stream.sample_aspect_ratio, turn_of_frame(frame), self._shown)
        self._shown = made.shown
        self._by_shape[(*size, frame.rotation)] = made
        return made


def turn_of_frame(frame: Any) -> Turn:
    """Return how a frame of PyAV says that it is laid."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return AS_STORED if matrix is None else Turn.of_matrix(bytes(matrix))
