"""Times that stand in a file, against those at which its frames are decoded."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from emotiw.core.errors import MediaError
from emotiw.core.media import MediaReader
from emotiw.core.media.frame_times import frame_times
from tests.core.test_media import grey_picture, write_clip

PICTURES = [grey_picture(20 * number) for number in range(10)]


def decoded(path: Path) -> np.ndarray:
    with MediaReader(path) as reader:
        return np.array([frame.time_sec for frame in reader.frames()])


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mkv", "libx264"),
        ("a.avi", "mpeg4"),
        ("a.mov", "mpeg4"),
        ("a.webm", "libvpx"),
        ("a.mpg", "mpeg1video"),
    ],
)
def test_times_are_those_of_the_decoded_frames(name: str, codec: str, tmp_path: Path) -> None:
    path = write_clip(tmp_path / name, PICTURES, codec=codec)
    assert frame_times(path) == pytest.approx(decoded(path), abs=1e-9)


def test_a_pace_that_varies_is_kept_without_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times_ms = [0, 40, 80, 200, 210, 400, 440, 480, 900, 1000]
    path = write_clip(tmp_path / "a.mkv", PICTURES, codec="libx264", times_ms=times_ms)
    monkeypatch.setattr(MediaReader, "frames", None)
    assert frame_times(path) == pytest.approx(np.array(times_ms) / 1000, abs=2e-3)


def test_the_start_of_the_sound_is_the_zero_of_both(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        images = container.add_stream("libx264", rate=25)
        images.width, images.height, images.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for number, picture in enumerate(PICTURES):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number + 25  # a second after the sound begins
            container.mux(images.encode(frame))
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
        samples.sample_rate, samples.pts = 8000, 0
        container.mux(sound.encode(samples))
        container.mux(images.encode())
    assert frame_times(path) == pytest.approx(1 + np.arange(10) / 25, abs=2e-3)
    assert frame_times(path) == pytest.approx(decoded(path), abs=1e-9)


def test_a_damaged_frame_takes_no_other_from_its_place(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.avi", PICTURES, codec="mjpeg")
    whole, data = frame_times(path), bytearray(path.read_bytes())
    spot = data.find(b"\xff\xd8", data.find(b"\xff\xd8") + 100)
    data[spot : spot + 60] = bytes(60)
    path.write_bytes(data)
    assert frame_times(path).tolist() == whole.tolist()


def test_what_holds_no_images_or_one_alone(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert frame_times(tmp_path / "a.png").tolist() == [0.0]
    (tmp_path / "b.mp4").write_bytes(b"no video")
    sound = write_clip(tmp_path / "c.wav", sound=np.zeros(800, np.int16))
    for path in (tmp_path / "b.mp4", sound, tmp_path / "absent.mp4"):
        with pytest.raises(MediaError):
            frame_times(path)
