"""Faces of whole clips and photographs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2
import matplotlib.cbook
import numpy as np
import pytest
from PIL import Image

from emotiw.core.errors import MediaError
from emotiw.core.execution import run_jobs
from emotiw.core.face_tracks import Origin
from emotiw.core.progress import Silent
from emotiw.core.store import Store
from emotiw.runs.stages.faces import FacesJob, find_and_store
from features.faces.align import template_points
from features.faces.collect import Collector
from features.faces.face_options import FaceOptions
from features.faces.find_faces import find_faces
from features.faces.recut import recut, resized_transform
from features.faces.track import rank_tracks
from tests.predict.videos import write_video

T = TypeVar("T")


@pytest.fixture(scope="session")
def portrait() -> Image.Image:
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return Image.open(path).convert("RGB")


def test_a_tilted_face_comes_back_upright(portrait: Image.Image, tmp_path: Path) -> None:
    straight, tilted = tmp_path / "straight.png", tmp_path / "tilted.png"
    portrait.save(straight)
    portrait.rotate(25, resample=Image.Resampling.BICUBIC, fillcolor="grey").save(tilted)
    tilts = []
    for path in (straight, tilted):
        tracks, _ = find_faces(path)
        assert tracks.track[0] == 0
        points = np.c_[tracks.landmarks[0], np.ones(5)] @ tracks.transform[0].T  # (5, 2)
        eyes, goal = points[1] - points[0], np.subtract(*template_points(112)[[1, 0]])
        tilts.append(np.degrees(np.arctan2(*eyes[::-1]) - np.arctan2(*goal[::-1])))
    assert abs(tilts[0] - tilts[1]) < 5  # CenterFace thinks less of a tilt than there is


@pytest.mark.parametrize("policy", ["whole_frame", "centre_crop"])
def test_a_picture_without_a_face_follows_the_policy(policy: str, tmp_path: Path) -> None:
    path = tmp_path / "sea.png"
    Image.new("RGB", (200, 100), (10, 80, 160)).save(path)
    assert len(find_faces(path)[0]) == 0
    tracks, quality = find_faces(path, FaceOptions.model_validate({"no_face": policy}))
    assert tracks.origin.tolist() == [Origin.FALLBACK]
    assert (quality["n_tracks"], quality["frames_with_face"]) == (0, 0)
    blue = tracks.crop(0)[..., 2] > 100
    assert blue.mean() == pytest.approx(0.5 if policy == "whole_frame" else 1.0, abs=0.02)


@pytest.mark.parametrize("size", [48, 224])
def test_crops_at_another_size_need_no_detection(
    portrait: Image.Image, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "portrait.png"
    portrait.save(path)
    known, _ = find_faces(path)
    found, _ = find_faces(path, FaceOptions(crop_size=size, jpeg_quality=100))
    ((row, crop),) = recut(path, known, size)
    assert row == 0
    assert np.allclose(resized_transform(known.transform, 112, size), found.transform, atol=1e-3)
    jpeg = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])[1]
    kept = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))[..., ::-1].astype(int)
    assert np.abs(kept - found.crop(0)).mean() < 0.3
    portrait.resize((100, 100)).save(path)
    with pytest.raises(MediaError, match="not the same clip"):
        list(recut(path, known, size))


def test_the_same_portrait_at_four_sizes_gives_the_same_crop(
    portrait: Image.Image, tmp_path: Path
) -> None:
    corners = np.array([[0, 0, 1], [111, 0, 1], [0, 111, 1], [111, 111, 1]])
    seen, crops = [], []
    for scale in (0.4, 0.6, 1.0, 1.7):
        size = (round(portrait.width * scale), round(portrait.height * scale))
        portrait.resize(size, Image.Resampling.LANCZOS).save(tmp_path / "portrait.png")
        tracks, _ = find_faces(tmp_path / "portrait.png")
        back = np.linalg.inv(np.concatenate([tracks.transform[0], [[0, 0, 1]]]))
        seen.append((corners @ back.T)[:, :2] / scale)  # (4, 2) px of the original
        crops.append(tracks.crop(0).reshape(28, 4, 28, 4, 3).mean(axis=(1, 3)))
    side = np.ptp(seen[2][:, 0])
    for place, crop in zip(seen, crops, strict=True):
        assert np.hypot(*(place - seen[2]).T).max() < 0.09 * side
        assert np.abs(crop - crops[2]).mean() < 15  # of 255


def test_a_file_without_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.avi"
    path.write_text("not a clip")
    with pytest.raises(MediaError, match=r"note\.avi"):
        find_faces(path)


def test_neither_workers_nor_order_change_a_byte(portrait: Image.Image, tmp_path: Path) -> None:
    head = np.asarray(portrait.crop((95, 0, 415, 320)).resize((100, 100)))
    jobs: list[FacesJob] = []
    for number in range(3):
        frames = []
        for index in range(8):
            picture = np.full((140, 200, 3), 90, np.uint8)
            left = 10 + 8 * number + 4 * index
            picture[20:120, left : left + 100] = head
            frames.append(picture)
        clip = write_video(tmp_path / f"{number}.mp4", frames)
        jobs.append(FacesJob(clip, FaceOptions(), tmp_path / "alone", clip.stem))
    for job in jobs:
        find_and_store(job)
    together = {job.key: replace(job, store=tmp_path / "together") for job in reversed(jobs)}
    assert all(one.error is None for one in run_jobs(find_and_store, together, workers=2))
    for job in jobs:
        first, second = (Store(tmp_path / s).path("faces", job.key) for s in ("alone", "together"))
        assert first.read_bytes() == second.read_bytes()
        assert Store(job.store).metadata("faces", job.key)["n_rows"] == 8


def test_a_single_clip_tells_every_frame(portrait: Image.Image, tmp_path: Path) -> None:
    told: list[str] = []

    class Listener(Silent):
        def track(self, items: Iterable[T], *, stage: str, total: int) -> Iterator[T]:
            told.append(f"{stage} {total}")
            for item in items:
                told.append("tick")
                yield item

    clip = write_video(tmp_path / "a.mp4", [np.full((60, 80, 3), 90, np.uint8)] * 5)
    find_and_store(FacesJob(clip, FaceOptions(), tmp_path, "a"), Listener())
    assert told == ["faces, frame by frame 5", *["tick"] * 6]  # the first one opens the bar


def test_a_small_face_in_the_background_is_not_the_main_one() -> None:
    def boxes(side: int, n: int) -> list[list[int]]:
        return [[0, 0, side, side]] * n

    def order(*tracks: tuple[int, int]) -> list[int]:
        track = np.repeat(np.arange(len(tracks)), [n for _, n in tracks])
        frame = np.concatenate([np.arange(n) for _, n in tracks])
        return rank_tracks(
            track, frame, np.array([b for side, n in tracks for b in boxes(side, n)])
        )

    assert order((20, 100), (90, 95)) == [1, 0]
    assert order((20, 100), (90, 85)) == [0, 1]
    assert order((20, 50), (90, 95), (30, 100), (25, 49)) == [1, 2, 3, 0]


def test_a_person_of_two_tracks_is_once_in_a_frame() -> None:
    collector, five = Collector(FaceOptions(crop_size=16)), np.zeros((5, 2), np.float32)
    rows = [(3, 0, True), (3, 1, False), (8, 1, True), (8, 2, False), (5, 1, True)]
    for number, frame, is_detected in rows:
        collector.append(
            number,
            frame,
            box=np.array([number, 0, number + 10, 10], np.float32),
            landmarks=five,
            confidence=0.9,
            origin=Origin.DETECTED if is_detected else Origin.FOLLOWED,
            transform=np.eye(2, 3, dtype=np.float32),
            pixels=np.zeros((20, 20, 3), np.uint8),
        )
    tracks = collector.tracks([0.0, 0.1, 0.2], (20, 20), persons={3: 3, 8: 3})
    assert tracks.track.tolist() == [0, 0, 0]
    assert tracks.frame.tolist() == [0, 1, 2]
    assert tracks.box[:, 0].tolist() == [3, 8, 8]  # where it was detected
    assert (tracks.has_points.tolist(), tracks.quality[:, 0].tolist()) == ([False] * 3, [10] * 3)
