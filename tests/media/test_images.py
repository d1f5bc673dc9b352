"""Photographs and animations: every tile, every image, and what damage leaves no error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from emotiw.core.media import MediaReader, read_still
from emotiw.core.media.jpeg_damage import damage_of_jpeg

SHAPES = [np.full((48, 64, 3), 40 + 30 * number, np.uint8) for number in range(5)]


def animation(path: Path, lasts_ms: list[int]) -> Path:
    first, *others = [Image.fromarray(shape) for shape in SHAPES[: len(lasts_ms)]]
    first.save(path, save_all=True, append_images=others, duration=lasts_ms)
    return path


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.avif"])
def test_an_animation_is_a_video_of_all_its_images(tmp_path: Path, name: str) -> None:
    path = animation(tmp_path / name, [100, 300, 100, 100, 200])
    with MediaReader(path) as reader:
        info, frames = reader.info, list(reader.frames())
        assert (info.is_still, info.has_video, info.has_audio) == (False, True, False)
        assert (info.declared_frames, reader.n_decoded_frames) == (5, 5)
        assert reader.report.told == ""
    assert [frame.time_sec for frame in frames] == pytest.approx([0, 0.1, 0.4, 0.5, 0.6])
    levels = [float(frame.rgb.mean()) for frame in frames]
    assert levels == pytest.approx([40 + 30 * n for n in range(5)], abs=4)


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.jpg", "a.jp2", "a.gif"])
def test_an_image_is_a_still(tmp_path: Path, name: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    Image.fromarray(SHAPES[2]).save(tmp_path / name)
    with MediaReader(tmp_path / name) as reader:
        assert reader.info.is_still
        (frame,) = reader.frames()
    assert frame.rgb.shape == (48, 64, 3)
    assert frame.rgb.mean() == pytest.approx(100, abs=4)


def test_a_heic_lies_as_it_says(tmp_path: Path) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    shape = np.zeros((48, 64, 3), np.uint8)
    shape[:, :32] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # shown a quarter to the right
    Image.fromarray(shape).save(tmp_path / "a.heic", exif=exif.tobytes(), quality=95)
    rgb = read_still(tmp_path / "a.heic")
    assert rgb.shape == (64, 48, 3)
    assert rgb[:30].mean() > 240 > 15 > rgb[34:].mean()


def textured() -> npt.NDArray[np.uint8]:
    blocks = np.random.default_rng(3).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    return blocks.repeat(8, axis=0).repeat(8, axis=1)


def test_damage_in_a_jpeg_is_told(tmp_path: Path) -> None:
    path = tmp_path / "picture%d.jpg"  # no pattern
    for options in ({}, {"progressive": True}, {"quality": 30}):
        Image.fromarray(textured()).save(path, "JPEG", **options)
        assert damage_of_jpeg(path) == {}
    Image.fromarray(textured()).save(path, "JPEG")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 60] = bytes(60)
    path.write_bytes(data)
    with MediaReader(path) as reader:
        assert len(list(reader.frames())) == 1  # Pillow sees nothing
        assert reader.report.told.startswith("FFmpeg says: mjpeg: ")
