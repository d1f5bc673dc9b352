"""Faces of whole clips and photographs."""

from __future__ import annotations

from pathlib import Path

import matplotlib.cbook
import numpy as np
import pytest
from PIL import Image

from emotiw.core.errors import MediaError
from emotiw.core.face_tracks import Origin
from features.faces.align import template_points
from features.faces.clip import find_faces
from features.faces.options import FaceOptions


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
    assert abs(tilts[0] - tilts[1]) < 1.5


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


def test_a_file_without_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.avi"
    path.write_text("not a clip")
    with pytest.raises(MediaError, match=r"note\.avi"):
        find_faces(path)
