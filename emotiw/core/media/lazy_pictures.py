"""Decoded images whose RGB is made only where somebody looks."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from emotiw.core.media.upright import AS_STORED, Geometry

Rgb = npt.NDArray[np.uint8]
HALF_COLOUR = {"yuv420p", "yuvj420p"}  # planes of bytes, colour at half the resolution both ways
STEP = 32  # sides of parts are multiples of it, for a converter per size is dear
MOST_CONVERTERS = 32


class Converters:
    """FFmpeg's conversion to RGB, kept ready for the sizes that were asked for before."""

    def __init__(self) -> None:
        self._by_size: dict[tuple[str, int, int], tuple[Any, Any]] = {}

    def rgb(self, frame: Any, left: int, top: int, width: int, height: int) -> Rgb:
        """Return a part of a frame of one of the formats of :data:`HALF_COLOUR`; ends are even."""
        part, converter = self._for(frame.format.name, width, height)
        for share, plane, copy in zip((1, 2, 2), frame.planes, part.planes, strict=True):
            rows = slice(top // share, (top + height) // share)
            columns = slice(left // share, (left + width) // share)
            _values(copy)[: height // share, : width // share] = _values(plane)[rows, columns]
        part.colorspace, part.color_range = frame.colorspace, frame.color_range
        made = converter.reformat(part, format="rgb24").planes[0]
        return _values(made)[:height, : 3 * width].reshape(height, width, 3)

    def _for(self, kind: str, width: int, height: int) -> tuple[Any, Any]:
        import av
        from av.video.reformatter import VideoReformatter

        size = (kind, width, height)
        if size not in self._by_size:
            if len(self._by_size) >= MOST_CONVERTERS:
                self._by_size.pop(next(iter(self._by_size)))
            self._by_size[size] = (av.VideoFrame(width, height, kind), VideoReformatter())
        return self._by_size[size]


class DecodedPixels:
    """An image as its codec left it; behaves like its ``(height, width, 3)`` uint8 RGB.

    ``pixels[top:bottom, left:right]`` converts little more than that part, to the same values that
    :attr:`whole` has there.

    Args:
        frame: PyAV's.
        geometry: how it is shown.
        converters: shared by the frames of a file.
    """

    def __init__(self, frame: Any, geometry: Geometry, converters: Converters) -> None:
        self._frame, self._geometry, self._converters = frame, geometry, converters
        width, height = geometry.shown
        self.shape = (height, width, 3)
        self._is_as_stored = geometry == Geometry(
            (frame.width, frame.height), AS_STORED, (frame.width, frame.height)
        )
        self._has_parts = (
            frame.format.name in HALF_COLOUR
            and self._is_as_stored
            and width % 2 == 0
            and height % 2 == 0
        )

    @cached_property
    def whole(self) -> Rgb:
        """The whole image."""
        if self._is_as_stored:
            return self._frame.to_ndarray(format="rgb24")  # type: ignore[no-any-return]
        width, height = self._geometry.square
        rgb: Rgb = self._frame.to_ndarray(format="rgb24", width=width, height=height)
        return self._geometry.lay(rgb)

    def __getitem__(self, where: tuple[slice, slice]) -> Rgb:
        """Return a part of the image; both slices need ends, and count px from the corner."""
        rows, columns = where
        height, width = self.shape[:2]
        top, tall = _stretched(rows, height)
        left, wide = _stretched(columns, width)
        is_empty = rows.stop <= rows.start or columns.stop <= columns.start
        is_most = 2 * tall * wide > height * width
        if not self._has_parts or "whole" in vars(self) or is_empty or is_most:
            return self.whole[rows, columns]
        part = self._converters.rgb(self._frame, left, top, wide, tall)
        return part[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]

    @property
    def grey(self) -> npt.NDArray[np.uint8]:
        """``(height, width)``: its brightness, or where that can't be had as it is, its green."""
        if self._frame.format.name not in HALF_COLOUR:
            return self.whole[..., 1]
        height, width = self._frame.height, self._frame.width
        grey = _values(self._frame.planes[0])[:height, :width]
        if self._is_as_stored:
            return grey
        if self._geometry.square != (width, height):
            import cv2

            grey = cv2.resize(np.ascontiguousarray(grey), self._geometry.square)  # type: ignore[assignment]
        return self._geometry.lay(grey)


Pixels: TypeAlias = Rgb | DecodedPixels


def grey_of(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """Return ``(height, width)`` grey levels at no cost: brightness, or else the green.

    Examples:
        >>> grey_of(np.full((2, 4, 3), 7, np.uint8)).tolist()
        [[7, 7, 7, 7], [7, 7, 7, 7]]
    """
    return pixels.grey if isinstance(pixels, DecodedPixels) else pixels[..., 1]


def _values(plane: Any) -> npt.NDArray[np.uint8]:
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)


def _stretched(asked: slice, size: int) -> tuple[int, int]:
    """Return where a longer part begins, of few possible lengths, and its length."""
    begin = asked.start // 2 * 2
    length = min(-(-(asked.stop - begin) // STEP) * STEP, size)
    return min(begin, size - length), length
