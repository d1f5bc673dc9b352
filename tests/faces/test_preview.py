"""Faces to look at: contact sheets and annotated clips, by function and by command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from emotiw.cli.faces import app
from emotiw.core.errors import ConfigError, ManifestError, TableError
from emotiw.core.media import MediaReader
from emotiw.visualization.boxes import colour_of
from emotiw.visualization.contact_sheet import GROUND, note_of, write_preview
from features.faces.face_options import FaceOptions
from features.faces.find_faces import find_faces
from tests.predict.videos import SquareDetector, frame, write_video

DETECTOR = "faces.detector='tests.predict.videos:SquareDetector'"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames: somebody on the left all the time, somebody on the right in the last 10."""
    frames = [frame((8, 90), *([(110, 200)] if n >= 10 else [])) for n in range(20)]
    return write_video(tmp_path_factory.mktemp("video") / "two.mp4", frames)


def emotiw_faces(*words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def coloured(picture: np.ndarray, number: int) -> np.ndarray:
    """Which px have the colour of a track."""
    return np.abs(picture.astype(int) - colour_of(number)).max(axis=2) < 70


def test_boxes_points_and_numbers_are_drawn_where_faces_are(two: Path, tmp_path: Path) -> None:
    tracks, quality = find_faces(two, detector=SquareDetector())
    sheet, video = write_preview(two, tracks, quality, tmp_path / "two", note="of these faces")
    assert (sheet.name, video.name) == ("two.png", "two.mp4")
    assert note_of(sheet) == "of these faces"
    with MediaReader(video) as reader:
        pictures = [picture.rgb for picture in reader.frames()]
    assert len(pictures) == 20
    for picture, is_there in ((pictures[4], False), (pictures[15], True)):
        changed = np.abs(picture.astype(int) - frame((8, 90), (110, 200) if is_there else (0, 0)))
        assert changed[30:62, 6:11].max(axis=(1, 2)).min() > 40  # the left side of the first box
        assert (changed[26:66, 106:146].max() > 60) == is_there
    x, y = tracks.landmarks[0, 2].round().astype(int)
    assert np.abs(pictures[4][y, x].astype(int) - 90).max() > 40  # the nose


def test_the_sheet_has_a_row_for_every_track(two: Path, tmp_path: Path) -> None:
    tracks, quality = find_faces(two, detector=SquareDetector())
    sheet = write_preview(two, tracks, quality, tmp_path / "two")[0]
    picture = np.asarray(Image.open(sheet))
    for number, grey in ((0, 90), (1, 200)):
        assert coloured(picture[:, :500], number).sum() > 30  # its line of text
        assert (np.abs(picture[-260:].astype(int) - grey).max(axis=2) < 12).sum() > 5000  # crops


def test_a_clip_without_faces_says_so(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "empty.mp4", [frame() for _ in range(6)])
    shown = emotiw_faces("show", clip, "--out", tmp_path, "--set", DETECTOR)
    assert "160x96, 6 frames, 0.6 s: no face found" in shown
    picture = Image.open(tmp_path / "empty.faces.png")
    ground = Image.new("RGB", (1, 1), GROUND).getpixel((0, 0))
    assert (np.asarray(picture) != ground).any(axis=2).sum() > 1000
    tracks, quality = find_faces(
        clip, FaceOptions(no_face="whole_frame"), detector=SquareDetector()
    )
    write_preview(clip, tracks, quality, tmp_path / "stand_in")
    assert (tmp_path / "stand_in.png").stat().st_size > 1000


def test_a_photograph_is_shown(tmp_path: Path) -> None:
    Image.fromarray(frame((8, 90), (110, 200))).save(tmp_path / "two.png")
    words = ("show", tmp_path / "two.png", "--out", tmp_path, "--set", DETECTOR)
    assert "160x96: 2 faces\n  0: confidence 1.00, 31 px" in emotiw_faces(*words)
    assert json.loads(emotiw_faces(*words, "--json"))["n_tracks"] == 2
    assert (tmp_path / "two.faces.jpg").is_file()
    with pytest.raises(ConfigError, match="did you mean 'min_face'"):
        emotiw_faces(*words, "--set", "faces.min_fase=0.1")


def test_a_run_is_drawn_once(two: Path, tmp_path: Path) -> None:
    for label, n in (("Happy", 1), ("Sad", 2)):
        folder = tmp_path / "data" / "train" / label
        folder.mkdir(parents=True)
        (folder / f"clip{n}.mp4").write_bytes(two.read_bytes() if n == 1 else b"no video")
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(
        f"challenge: folder\ndata: {{root: data}}\npaths: {{runs: {tmp_path / 'runs'}}}\n"
        "execution: {workers: 1, seconds_per_clip: null, memory_per_clip_gb: null}\n"
    )
    words = (recipe, "--preview", "--set", DETECTOR, "--set", f"data.root={tmp_path / 'data'}")
    told = emotiw_faces(*words)
    assert "1 ok, 0 missing, 1 failed" in told
    preview = tmp_path / "runs" / "mine" / "preview"
    assert str(preview) in told
    files = sorted(preview.iterdir())
    assert [file.suffix for file in files] == [".mp4", ".png"]
    before = [file.stat().st_mtime_ns for file in files]
    emotiw_faces(*words)
    assert [file.stat().st_mtime_ns for file in files] == before
    emotiw_faces(*words, "--set", "faces.margin=0.5")
    assert [file.stat().st_mtime_ns for file in files] != before
    clip_id = files[0].stem
    of_run = ("--run", tmp_path / "runs" / "mine", "--out", tmp_path)
    assert "2 tracks" in emotiw_faces("show", clip_id, *of_run)
    run = tmp_path / "runs" / "mine"
    assert "30 crops of 1 clips, 64 px" in emotiw_faces("crops", run, "--size", "64")
    with Image.open(run / "crops" / clip_id / "1" / "000012.png") as crop:
        assert crop.size == (64, 64)
    with pytest.raises(ManifestError, match="did you mean 'clip"):
        emotiw_faces("show", "clip9", *of_run)
    with pytest.raises(TableError, match="no faces of clip 'clip2'"):
        emotiw_faces("show", "clip2", *of_run)
