"""Face tracks: what they promise about shapes, crops and the way to disk and back."""

from __future__ import annotations

import io
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emotiw.core.errors import TableError
from emotiw.core.face_tracks import FaceTracks, Origin

SIDE = 16


def make_tracks(rows: list[tuple[int, int, int]], n_frames: int = 5) -> FaceTracks:
    """Build tracks whose rows are (track, frame, grey level of the crop)."""
    files = []
    for _, _, level in rows:
        buffer = io.BytesIO()
        Image.new("RGB", (SIDE, SIDE), (level,) * 3).save(buffer, "JPEG", quality=95)
        files.append(buffer.getvalue())
    n_rows = len(rows)
    rng = np.random.default_rng(0)
    return FaceTracks(
        n_frames=n_frames,
        time_sec=np.arange(n_frames) / 25,
        frame_size=(640, 480),
        track=np.array([row[0] for row in rows], dtype=np.int32),
        frame=np.array([row[1] for row in rows], dtype=np.int32),
        box=rng.random((n_rows, 4), dtype=np.float32),
        landmarks=rng.random((n_rows, 5, 2), dtype=np.float32),
        confidence=rng.random(n_rows, dtype=np.float32),
        origin=np.full(n_rows, Origin.DETECTED, dtype=np.uint8),
        transform=rng.random((n_rows, 2, 3), dtype=np.float32),
        crop_size=SIDE,
        crop_jpeg=np.frombuffer(b"".join(files), dtype=np.uint8),
        crop_offset=np.cumsum([0, *map(len, files)], dtype=np.int64),
    )


TWO_FACES = [(0, 0, 10), (0, 2, 30), (0, 3, 40), (1, 2, 130), (1, 4, 150)]


def test_each_row_has_its_own_crop() -> None:
    tracks = make_tracks(TWO_FACES)
    assert len(tracks) == 5
    for row, (_, _, level) in enumerate(TWO_FACES):
        crop = tracks.crop(row)
        assert crop.shape == (SIDE, SIDE, 3)
        assert crop.dtype == np.uint8
        assert np.all(np.abs(crop.astype(int) - level) <= 1)


@pytest.mark.parametrize(
    ("track", "present", "level"),
    [
        (0, [True, False, True, True, False], [10, 30, 40]),
        (1, [False, False, True, False, True], [130, 150]),
        (2, [False] * 5, []),
    ],
)
def test_crops_mask_the_frames_without_this_face(
    track: int, present: list[bool], level: list[int]
) -> None:
    crops = make_tracks(TWO_FACES).crops(track)
    assert crops.values.shape == (5, SIDE, SIDE, 3)
    assert crops.present.tolist() == present
    assert crops.values[crops.present].mean(axis=(1, 2, 3)) == pytest.approx(level, abs=1)


def test_a_grey_crop_is_read_as_rgb() -> None:
    tracks = make_tracks([(0, 0, 0)])
    buffer = io.BytesIO()
    Image.new("L", (SIDE, SIDE), 200).save(buffer, "JPEG", quality=95)
    jpeg = np.frombuffer(buffer.getvalue(), dtype=np.uint8)
    offset = np.array([0, len(jpeg)], dtype=np.int64)
    crop = replace(tracks, crop_jpeg=jpeg, crop_offset=offset).crop(0)
    assert crop.shape == (SIDE, SIDE, 3)
    assert np.all(np.abs(crop.astype(int) - 200) <= 1)


def test_tracks_are_counted() -> None:
    assert make_tracks(TWO_FACES).n_tracks == 2
    assert make_tracks(TWO_FACES[:3]).n_tracks == 1


def test_a_clip_without_faces() -> None:
    tracks = make_tracks([], n_frames=3)
    assert (len(tracks), tracks.n_tracks) == (0, 0)
    crops = tracks.crops()
    assert crops.values.shape == (3, SIDE, SIDE, 3)
    assert not crops.present.any()
    assert len(FaceTracks.from_tensors(tracks.to_tensors())) == 0


def test_to_disk_and_back() -> None:
    before = make_tracks(TWO_FACES)
    after = FaceTracks.from_tensors(before.to_tensors())
    assert (after.n_frames, after.frame_size, after.crop_size) == (5, (640, 480), SIDE)
    for field in fields(FaceTracks):
        one, two = getattr(before, field.name), getattr(after, field.name)
        assert np.array_equal(one, two)
        assert np.asarray(one).dtype == np.asarray(two).dtype


def test_reading_leaves_the_callers_arrays_alone() -> None:
    tensors = make_tracks(TWO_FACES).to_tensors()
    names = set(tensors)
    FaceTracks.from_tensors(tensors)
    assert set(tensors) == names


@pytest.mark.parametrize(
    "name",
    ["frame", "box", "landmarks", "confidence", "origin", "transform", "crop_offset"],
)
def test_an_array_of_the_wrong_shape_is_named(name: str) -> None:
    tracks = make_tracks(TWO_FACES)
    short: Any = {name: getattr(tracks, name)[:-1]}
    with pytest.raises(TableError, match=rf"face tracks: {name} must be \(\d"):
        replace(tracks, **short)


def test_a_track_column_of_two_dimensions_is_named() -> None:
    tracks = make_tracks(TWO_FACES)
    with pytest.raises(TableError, match=r"track must be \(5,\), got \(5, 1\)"):
        replace(tracks, track=tracks.track[:, None])


@pytest.mark.parametrize("name", sorted(make_tracks([]).to_tensors()))
def test_a_missing_array_is_named(name: str) -> None:
    tensors = make_tracks(TWO_FACES).to_tensors()
    del tensors[name]
    with pytest.raises(TableError, match=name):
        FaceTracks.from_tensors(tensors)


def test_an_array_too_many_is_named() -> None:
    tensors = make_tracks(TWO_FACES).to_tensors()
    with pytest.raises(TableError, match="pose"):
        FaceTracks.from_tensors({**tensors, "pose": np.zeros(5)})


@pytest.mark.parametrize("name", ["n_frames", "frame_size", "crop_size"])
def test_an_empty_size_is_no_face_artifact(name: str) -> None:
    tensors = make_tracks(TWO_FACES).to_tensors()
    with pytest.raises(TableError, match="not the arrays of a face artifact"):
        FaceTracks.from_tensors({**tensors, name: np.zeros(0, dtype=np.int64)})
