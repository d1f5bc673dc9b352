"""Parts of a decoded picture against all of it."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import ColorRange, Colorspace

from emotiw.core.media.lazy_pictures import MOST_CONVERTERS, Converters, DecodedPixels, grey_of
from emotiw.core.media.upright import Geometry, Turn

# quarter turns to the left
TURNS = (Turn(), Turn(True, False, True), Turn(False, True, True), Turn(True, True, False))


def pixels_of(frame: av.VideoFrame, turns: int, converters: Converters) -> DecodedPixels:
    geometry = Geometry.of((frame.width, frame.height), None, TURNS[turns])
    return DecodedPixels(frame, geometry, converters)


def decoded(kind: str = "yuv420p", size: tuple[int, int] = (160, 120)) -> av.VideoFrame:
    blocks = np.random.default_rng(1).integers(0, 255, (-(-size[1] // 4), -(-size[0] // 4), 3))
    picture = blocks.repeat(4, axis=0).repeat(4, axis=1)[: size[1], : size[0]].astype(np.uint8)
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=kind)


def places(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    chance = np.random.default_rng(2)
    yield slice(0, height), slice(0, width)
    yield slice(0, 1), slice(width - 1, width)
    yield slice(height - 7, height), slice(0, 9)
    yield slice(5, 5), slice(3, 20)
    for _ in range(40):
        (top, bottom), (left, right) = (
            np.sort(chance.integers(0, side + 1, 2)).tolist() for side in (height, width)
        )
        yield slice(top, bottom), slice(left, right)


@pytest.mark.parametrize(
    ("kind", "size", "turns", "has_parts"),
    [
        ("yuv420p", (160, 120), 0, True),
        ("yuvj420p", (160, 120), 0, True),
        ("yuv420p", (118, 94), 0, True),
        ("yuv420p", (24, 22), 0, False),  # less than the least part
        ("yuv420p", (160, 120), 1, False),
        ("yuv420p", (161, 121), 0, False),
        ("yuv444p", (160, 120), 0, False),
        ("gray", (160, 120), 2, False),
        ("yuv420p10le", (160, 120), 0, False),
    ],
)
def test_a_part_has_the_values_of_the_whole(
    kind: str, size: tuple[int, int], turns: int, has_parts: bool
) -> None:
    frame, converters = decoded(kind, size), Converters()
    whole = np.rot90(frame.to_ndarray(format="rgb24"), turns)
    made_parts = False
    for where in places(*whole.shape[:2]):
        pixels = pixels_of(frame, turns, converters)
        assert pixels.shape == whole.shape
        part: npt.NDArray[np.uint8] = pixels[where]
        np.testing.assert_array_equal(part, whole[where])
        made_parts |= part.size > 0 and "whole" not in vars(pixels)
        np.testing.assert_array_equal(pixels.whole, whole)
    assert made_parts == has_parts


@pytest.mark.parametrize("space", [Colorspace.ITU709, Colorspace.ITU601])
@pytest.mark.parametrize("reach", [ColorRange.MPEG, ColorRange.JPEG])
def test_colours_mean_what_the_file_says(space: Colorspace, reach: ColorRange) -> None:
    frame = decoded()
    frame.colorspace, frame.color_range = space, reach
    where = slice(20, 60), slice(30, 90)
    part = pixels_of(frame, 0, Converters())[where]
    np.testing.assert_array_equal(part, frame.to_ndarray(format="rgb24")[where])


def test_one_converter_per_size_and_not_too_many() -> None:
    frame, converters = decoded(size=(1200, 200)), Converters()
    pixels = pixels_of(frame, 0, converters)
    whole = frame.to_ndarray(format="rgb24")
    for bottom, right in [(b, r) for b in (20, 60, 80) for r in range(10, 590, 10)] * 2:
        np.testing.assert_array_equal(pixels[10:bottom, 8:right], whole[10:bottom, 8:right])
    assert "whole" not in vars(pixels)
    assert 1 < len(converters._by_size) <= MOST_CONVERTERS


def test_grey_is_how_bright_it_is_and_upright() -> None:
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, 48:] = 255
    for kind in ("yuv420p", "rgb24", "yuv420p10le"):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=kind)
        for turns in range(4):
            grey = grey_of(pixels_of(frame, turns, Converters()))
            bright = np.rot90(picture[..., 1], turns) > 0
            assert grey.shape == bright.shape
            assert grey[bright].min() > 200 > 30 > grey[~bright].max()
