"""Real photographs and clips: what others found in them, and where there is nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.faces.face_options import is_fetched
from features.faces.find_faces import find_faces


@pytest.mark.parametrize(
    ("name", "n_faces"),
    [
        ("multiface.jpg", 6),
        ("multi_face.jpg", 5),
        ("couple.jpg", 2),
        ("free-mountain-vector-01.jpg", 0),
    ],
)
def test_everyone_in_a_photograph(real_data: Path, name: str, n_faces: int) -> None:
    assert find_faces(real_data / "faces" / "stills" / name)[0].n_tracks == n_faces


def test_a_portrait_at_four_sizes(real_data: Path) -> None:
    places = []
    for height in (240, 480, 720, 1080):
        path = real_data / "faces" / "stills" / f"obama-{height}p.jpg"
        tracks, _ = find_faces(path)
        assert tracks.n_tracks == 1 or not is_fetched("centerface")
        corners = np.array([[0, 0, 1], [111, 0, 1], [0, 111, 1], [111, 111, 1]])
        back = np.linalg.inv(np.concatenate([tracks.transform[0], [[0, 0, 1]]]))
        places.append((corners @ back.T)[:, :2] / height)
    side = np.hypot(*(places[-1][1] - places[-1][0]))
    away = [np.hypot(*(place - places[-1]).T).max() / side for place in places]
    assert max(away) < 0.08, away


def test_nobody_where_there_is_nobody(real_data: Path) -> None:
    videos = real_data / "faces" / "videos"
    assert len(find_faces(videos / "no_face.mp4")[0]) == 0
    tracks, quality = find_faces(videos / "face_noface.mov")
    assert tracks.n_tracks == 1
    assert tracks.frame.max() < 75  # MTCNN in every frame sees the last face in frame 71
    assert quality["longest_gap_frames"] == tracks.n_frames - len(tracks)
