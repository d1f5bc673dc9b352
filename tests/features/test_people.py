"""Everyone in a clip: a row each, with who and where it is."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotiw.core.errors import ConfigError
from emotiw.core.face_tracks import FaceTracks, Origin
from features.extractor import ClipSource
from features.frames.frame_embeddings import FrameEmbeddings, FrameEmbeddingsOptions
from features.frames.people import PLACE, People, PeopleOptions
from tests.small_weights import EXPRESSIONS, write_small_weights

SIDE = 32


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_weights(tmp_path_factory.mktemp("weights")))


def tracks(rows: list[tuple[int, int]], origin: Origin = Origin.DETECTED) -> FaceTracks:
    """Return face tracks of (track, frame), every one with a picture of its own."""
    rng = np.random.default_rng(0)
    files = []
    for _ in rows:
        buffer = io.BytesIO()
        noise = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(noise).save(buffer, "JPEG", quality=95)
        files.append(buffer.getvalue())
    n = len(rows)
    corner = np.arange(n, dtype=np.float32)[:, None] * 10
    return FaceTracks(
        n_frames=9,
        time_sec=np.arange(9) / 25,
        frame_size=(640, 480),
        track=np.array([track for track, _ in rows], np.int32).reshape(n),
        frame=np.array([frame for _, frame in rows], np.int32).reshape(n),
        box=np.concatenate([corner, corner, corner + 20, corner + 40], axis=1),
        landmarks=np.zeros((n, 5, 2), np.float32),
        confidence=np.linspace(0.9, 1, n, dtype=np.float32),
        origin=np.full(n, int(origin), np.uint8),
        transform=np.zeros((n, 2, 3), np.float32),
        crop_size=SIDE,
        crop_jpeg=np.frombuffer(b"".join(files), np.uint8),
        crop_offset=np.cumsum([0, *map(len, files)], dtype=np.int64),
    )


TWO = [(0, 0), (0, 1), (0, 2), (1, 5), (1, 6)]


def rows_of(card: str, faces: FaceTracks, **options: object) -> np.ndarray:
    extractor = People("people", PeopleOptions.model_validate({"weights": card, **options}))
    extraction = extractor.extract(ClipSource("a", Path("a.mp4"), faces))
    extraction.array.check(extractor.spec, "a")
    assert extraction.array.present.all()
    return extraction.array.values


def test_each_track_has_a_row_with_its_place(card: str) -> None:
    values = rows_of(card, tracks(TWO))
    assert values.shape == (2, len(PLACE) + 8)
    about = dict(zip(PLACE, values[1], strict=False))
    assert about == pytest.approx(
        {
            "face_track": 1, "face_first": 5, "face_last": 6, "face_n_frames": 2,
            "face_x_min": 35, "face_y_min": 35, "face_x_max": 55, "face_y_max": 75,
            "face_confidence": 0.9875, "face_picture_width": 640, "face_picture_height": 480,
        },
        rel=1e-6,
    )  # fmt: skip


def test_a_row_is_the_mean_of_what_frames_says_of_its_crops(card: str) -> None:
    faces = tracks(TWO)
    frames = FrameEmbeddings("face", FrameEmbeddingsOptions(weights=card, values="both"))
    said = frames.embed(np.stack([faces.crop(row) for row in range(5)]))
    values = rows_of(card, faces, values="both")
    assert values[0, len(PLACE) :] == pytest.approx(said[:3].mean(axis=0), abs=1e-5)
    assert values[1, len(PLACE) :] == pytest.approx(said[3:].mean(axis=0), abs=1e-5)
    assert values[:, -len(EXPRESSIONS) :].sum(axis=1) == pytest.approx(1)
    by_frame = rows_of(card, faces, values="both", over_time="frames")
    assert by_frame[:, len(PLACE) :] == pytest.approx(said, abs=1e-5)
    assert by_frame[:, :3].tolist() == [[t, f, f] for t, f in TWO]


def test_of_a_long_track_some_frames_are_looked_at(card: str) -> None:
    faces = tracks([(0, frame) for frame in range(9)])
    every = rows_of(card, faces, over_time="frames")
    some = rows_of(card, faces, over_time="frames", max_frames=3)
    assert some == pytest.approx(every[[0, 4, 8]], abs=1e-5)
    assert rows_of(card, faces, max_frames=3)[0, 3] == 9  # the place is that of all frames


def test_the_whole_frame_is_nobody(card: str) -> None:
    assert rows_of(card, tracks(TWO, Origin.FALLBACK)).shape == (0, len(PLACE) + 8)
    assert rows_of(card, tracks([])).shape == (0, len(PLACE) + 8)
    mixed = replace(tracks(TWO), origin=np.array([2, 2, 2, 0, 0], np.uint8))
    assert rows_of(card, mixed)[:, 0].tolist() == [1]


def test_scores_need_a_network_that_scores() -> None:
    with pytest.raises(ConfigError, match="score no labels"):
        People("people", PeopleOptions(weights="mtcnn_onet", values="scores"))
