"""Photographs and animated images, by Pillow: upright, on white, in eight bits of RGB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import escaped
from emotiw.core.errors import MediaError

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM", "GIF", "AVIF", "HEIF", "JPEG2000")
ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}  # further images of other formats are pages or depths
USUAL_SEC, SHORTEST_SEC = 0.1, 0.011  # browsers show images that claim less for as long as usual
FAULTS = (OSError, ValueError, SyntaxError, RuntimeError, EOFError)


@dataclass(frozen=True)
class Still:
    """What an image file says of itself.

    Attributes:
        size: width and height as stored, px.
        n_images: 1, or that of an animation.
    """

    size: tuple[int, int]
    n_images: int


def still_of(path: Path) -> Still | None:
    """Return what a file says of itself; None where it is no image.

    Raises:
        MediaError: if it is too large to be opened safely.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with _opened(path) as picture:
            return Still(picture.size, n_images(picture))
    except Image.DecompressionBombError as error:
        raise MediaError(
            f"{escaped(path.name)}: the image is too large to open safely ({error})"
        ) from error
    except (UnidentifiedImageError, *FAULTS):
        return None


def read_still(path: Path) -> npt.NDArray[np.uint8]:
    """Return a photograph as ``(height, width, 3)`` uint8 RGB, turned as its EXIF data says.

    Transparent parts become white, as on paper; palettes and greys become RGB. Of a phone's
    HEIC all tiles are put together.

    Raises:
        MediaError: if it can't be decoded.
    """
    with _faults_named(path), _opened(path) as picture:
        return _rgb(picture)


def read_animation(path: Path) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Yield the time in seconds and the RGB of each image of an animation.

    Raises:
        MediaError: if one of them can't be decoded.
    """
    with _faults_named(path), _opened(path) as picture:
        time = 0.0
        # of an animated PNG, the image for programs that show only one is none of the film
        first = 1 if picture.info.get("default_image") else 0
        for number in range(first, first + n_images(picture)):
            picture.seek(number)
            picture.load()  # which says how long it is shown
            yield time, _rgb(picture)
            lasts = float(picture.info.get("duration") or 0) / 1000
            time += lasts if lasts >= SHORTEST_SEC else USUAL_SEC


def n_images(picture: Any) -> int:
    """Return how many images are shown one after the other."""
    if picture.format not in ANIMATED:
        return 1
    return getattr(picture, "n_frames", 1) - bool(picture.info.get("default_image"))


def _opened(path: Path) -> Any:
    from PIL import Image

    _know_heif()
    return Image.open(path, formats=FORMATS)


@cache
def _know_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


class _faults_named:
    """Turns whatever Pillow raises into an error that names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: object) -> None:
        from PIL import Image

        if kind is not None and issubclass(kind, (*FAULTS, Image.DecompressionBombError)):
            raise MediaError(
                f"{escaped(self._path.name)}: the image can't be decoded ({error})"
            ) from error


def _rgb(picture: Any) -> npt.NDArray[np.uint8]:
    from PIL import Image, ImageOps

    if picture.mode == "F" or (picture.mode == "I" and picture.format == "TIFF"):
        raise ValueError("no range of values is known of 32-bit numbers: save it in 8 or 16 bits")
    upright: Any = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16-bit grey, which convert() would cut off at 255
        grey = np.clip(np.asarray(upright) >> 8, 0, 255).astype(np.uint8)
        upright = Image.fromarray(grey)
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        rgba = upright.convert("RGBA")
        paper = Image.new("RGBA", rgba.size, "white")
        upright = Image.alpha_composite(paper, rgba)
    return np.asarray(upright.convert("RGB"), dtype=np.uint8)
