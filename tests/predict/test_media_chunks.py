"""Stretches cut out of a file: nothing lost, nothing kept, whatever their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotiw.core.media import MediaReader, read_audio
from emotiw.predict.media_chunks import image_chunks, sound_chunks
from tests.predict.videos import frame, write_video

SPANS = [(0.0, 0.7), (0.5, 1.2), (0.6, 1.0), (2.0, 3.0), (2.9, 9.0), (12.0, 13.0)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s at 10 frames per second; every frame has its own grey, every moment its own sound."""
    frames = [frame((8 + number, 80 + 5 * number)) for number in range(30)]
    return write_video(tmp_path_factory.mktemp("chunks") / "v.mp4", frames, has_sound=True)


def test_pictures_are_those_of_the_stretch_to_the_last_bit(video: Path, tmp_path: Path) -> None:
    with MediaReader(video) as reader:
        everything = [frame.rgb for frame in reader.frames()]
    expected = [range(7), range(5, 12), range(6, 10), range(20, 30), range(29, 30), range(0)]
    for chunk, numbers in zip(image_chunks(video, SPANS, tmp_path), expected, strict=True):
        if chunk is None:
            assert not numbers
            continue
        with MediaReader(chunk) as reader:
            found = [frame.rgb for frame in reader.frames()]
        assert np.array_equal(found, [everything[number] for number in numbers])
    assert not list(tmp_path.iterdir())


def test_sound_is_that_of_the_stretch_to_the_last_bit(video: Path, tmp_path: Path) -> None:
    whole = read_audio(video)
    n_chunks = 0
    for (start, end), chunk in zip(SPANS, sound_chunks(video, SPANS, tmp_path), strict=True):
        first, last = (round(t * whole.sampling_rate) for t in (start, end))
        if chunk is None:
            assert first >= len(whole.waveform)
            continue
        n_chunks += 1
        assert np.array_equal(read_audio(chunk).waveform, whole.waveform[first:last])
    assert n_chunks == 5


def test_what_is_not_there_gives_nothing(tmp_path: Path) -> None:
    mute = write_video(tmp_path / "mute.mp4", [frame()] * 3)
    assert list(sound_chunks(mute, [(0, 1), (1, 2)], tmp_path)) == [None, None]
