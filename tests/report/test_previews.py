"""Short videos in place of stills: what they show, how large they are, and always the same."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from emotiw.analysis.report.page import MOST_BYTES, write_report
from emotiw.analysis.report.previews import (
    HEIGHT,
    RATE,
    SECONDS,
    encode_video,
    images_of,
    previews,
)
from emotiw.analysis.report.snapshot import read_facts
from emotiw.runs.run import Run
from emotiw.visualization.boxes import colour_of
from tests.predict.videos import FPS, write_video
from tests.report.runs import data_of, drawn_tracks, filmed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return filmed(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def page(run: Run) -> Path:
    return write_report(run).path


def test_every_clip_has_a_silent_video_with_a_box_on_the_face(page: Path) -> None:
    data: Any = data_of(page)
    assert set(data["videos"]) == {clip["id"] for clip in data["clips"]}
    assert data["video_type"] == "video/mp4"
    with av.open(io.BytesIO(base64.b64decode(data["videos"]["clip 02"]))) as video:
        assert not video.streams.audio
        images = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(images) == 9
    assert images[0].shape == (HEIGHT, 214, 3)
    side = images[4][20:40, 6:8].astype(int)  # the left side of a box at 10 px of 240
    inside = images[4][20:40, 20:40].astype(int)
    assert np.abs(side - colour_of(0)).mean() < 60
    assert np.abs(inside - 198).mean() < 12
    with Image.open(io.BytesIO(base64.b64decode(data["strips"]["clip 02"]))) as poster:
        assert poster.size == (214, HEIGHT)


def test_a_preview_begins_with_the_first_face_and_is_short(tmp_path: Path) -> None:
    assert FPS == RATE
    frames = [np.full((120, 160, 3), 4 * n, np.uint8) for n in range(60)]
    clip = write_video(tmp_path / "long.mp4", frames)
    tracks = drawn_tracks(0)
    late = type(tracks)(**{**vars(tracks), "n_frames": 60, "time_sec": np.arange(60) / FPS,
                           "frame": np.arange(20, 29, dtype=np.int32)})  # fmt: skip
    images = list(images_of(clip, late))
    assert len(images) == SECONDS * RATE
    assert images[0][-1, -1].mean() == pytest.approx(80, abs=6)
    assert len(list(images_of(clip, None))) == SECONDS * RATE


def test_videos_stay_in_their_budget_and_the_rest_has_stills(run: Run, tmp_path: Path) -> None:
    whole: Any = data_of(write_report(run, tmp_path / "whole.html").path)
    sizes = {c: len(whole["videos"][c]) + len(whole["strips"][c]) for c in whole["videos"]}
    room = sum(sizes.values()) // 2
    small = write_report(run, tmp_path / "small.html", budget_mb=(MOST_BYTES + room) / 1e6)
    data: Any = data_of(small.path)
    kept = set(data["videos"])
    assert 0 < len(kept) < 14
    assert sum(sizes[clip_id] for clip_id in kept) <= room
    assert set(data["strips"]) == set(sizes)  # the others have stills
    assert any(
        line.startswith(f"Videos are kept of {len(kept)} of 14 clips") for line in small.told
    )
    said = {clip["id"]: int(np.argmax(clip["s"][-1])) != clip["y"] for clip in data["clips"]}
    wrong = {clip_id for clip_id, is_wrong in said.items() if is_wrong}
    assert wrong <= kept or kept <= wrong  # mistakes first
    none: Any = data_of(write_report(run, tmp_path / "none.html", budget_mb=5).path)
    assert none["videos"] == {}


def test_the_same_clips_give_the_same_bytes(run: Run) -> None:
    facts = read_facts(run)
    once, again = (previews(facts, ["clip 01", "clip 05"], 10**6) for _ in range(2))
    assert once == again
    assert list(once.videos) == ["clip 01", "clip 05"]


def test_the_same_images_give_the_same_video_whatever_else_is_in_memory() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (160, 214, 3)).astype(np.uint8)
    still = cv2.GaussianBlur(noise, (0, 0), 6)
    images = [np.roll(still, 2 * number, axis=1).copy() for number in range(30)]
    found = set()
    for number in range(16):
        _between = [bytes([number]) * int(rng.integers(1_000, 200_000)) for _ in range(20)]
        found.add(encode_video(images, "libx264"))
    assert len(found) == 1


def test_a_single_model_is_shown_once(page: Path) -> None:
    data: Any = data_of(page)
    text = page.read_text(encoding="utf-8")
    shown = text[text.index("<main") : text.index('<section id="recipe"')]
    assert data["models"] == ["face"]
    assert all(len(clip["s"]) == 1 for clip in data["clips"])
    assert "fused" not in shown
    assert shown.count('class="matrix"') == 1
    assert shown.count('class="rung"><span class="who ours"') == 1
    assert "before: expected calibration error" in shown  # what calibration would change


def test_a_clip_that_is_gone_has_no_video(run: Run, tmp_path: Path) -> None:
    clip = run.cohort()["clip 03"].path
    away = clip.rename(tmp_path / clip.name)
    try:
        data: Any = data_of(write_report(run, tmp_path / "r.html").path)
    finally:
        away.rename(clip)
    assert "clip 03" not in data["videos"]
    assert "clip 03" in data["strips"]  # its faces are in the store
