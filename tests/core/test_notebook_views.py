"""What a notebook shows of an object is short: a line, and a few rows or pictures."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import emotiw
from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from submissions.check_report import CheckReport
from tests.ablation.small import make_small

MOST_LINES, MOST_CHARACTERS = 15, 1200


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One of each, of a run as large as a test can make it."""
    folder = tmp_path_factory.mktemp("views")
    run = emotiw.open_run(make_small(folder, {"face": 1.5, "voice": 0.8}, n_train=30, n_val=30))
    emotiw.run_all(run)
    fused = emotiw.fuse({name: run.scores(name) for name in ("face", "voice")}, run)
    report = CheckReport(Path("team.zip"))
    report.add("missing", [f"clip {n}" for n in range(500)])
    return {
        "run": run,
        "status": run.status(),
        "cohort": run.cohort(),
        "scores": run.scores("face"),
        "features": emotiw.feature_table(run, "face"),
        "fusion": fused,
        "result": fused.results[0],
        "metric": fused.results[0].metric,
        "difference": fused.comparisons[0],
        "ablation": emotiw.ablate(run, {"fusion": ["weighted", "mean"]}, metric="accuracy"),
        "comparison": emotiw.compare(run, run),
        "check": report,
        "faces": faces(),
    }


def faces() -> FaceTracks:
    """Two people in forty frames, the second in ten of them."""
    track = np.array([0] * 40 + [1] * 10, dtype=np.int32)
    frame = np.array([*range(40), *range(10)], dtype=np.int32)
    jpegs = []
    for n in range(50):
        buffer = io.BytesIO()
        Image.fromarray(np.full((16, 16, 3), 5 * n, np.uint8)).save(buffer, "JPEG")
        jpegs.append(buffer.getvalue())
    return FaceTracks(
        n_frames=40,
        time_sec=np.arange(40) / 25,
        frame_size=(640, 360),
        track=track,
        frame=frame,
        box=np.tile(np.array([10, 20, 50, 60], np.float32), (50, 1)),
        landmarks=np.zeros((50, 5, 2), np.float32),
        confidence=np.ones(50, np.float32),
        origin=np.full(50, Origin.DETECTED, np.uint8),
        transform=np.zeros((50, 2, 3), np.float32),
        crop_size=16,
        crop_jpeg=np.frombuffer(b"".join(jpegs), np.uint8),
        crop_offset=np.cumsum([0, *map(len, jpegs)]),
    )


NAMES = (
    "run",
    "status",
    "cohort",
    "scores",
    "features",
    "fusion",
    "result",
    "metric",
    "difference",
    "ablation",
    "comparison",
    "check",
    "faces",
)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_told_in_a_line(everything: dict[str, Any], name: str) -> None:
    shown = repr(everything[name])
    assert shown.count("\n") < MOST_LINES
    assert len(shown) < MOST_CHARACTERS
    assert re.fullmatch(r"<[A-Z]\w+[ ,:].*>", shown), shown


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"run", "metric"}])
def test_each_is_a_table_in_a_notebook(everything: dict[str, Any], name: str) -> None:
    shown = everything[name]._repr_html_()
    assert shown.startswith("<p>&lt;")
    assert shown.count("<tr") <= 11
    assert len(shown) < 40_000
    frame = everything[name].to_frame()
    assert len(frame)
    if name not in {"faces", "features"}:
        assert shown.count("<tr") == min(len(frame), 10) + 1


def test_what_they_say(everything: dict[str, Any]) -> None:
    told = {name: repr(each) for name, each in everything.items()}
    assert re.match(r"<Result of fused on \S+.*: UAR [\d.]+ % \(", told["result"]), told["result"]
    assert re.search(r"fused less face: UAR [+−-]?[\d.]+ % \(.*\), p [=<] ", told["difference"])
    assert told["faces"] == "<FaceTracks: 2 tracks in 40 frames of 640×360 px>"
    assert told["metric"] == "<Metric uar>"
    assert "would not be accepted" in told["check"]


def test_faces_are_a_strip_of_pictures_and_a_frame() -> None:
    shown = faces()._repr_html_()
    pictures = re.findall(r"base64,([^\"]+)\"", shown)
    assert len(pictures) == 20  # ten of each track
    first = Image.open(io.BytesIO(base64.b64decode(pictures[9])))
    assert abs(int(np.asarray(first)[0, 0, 0]) - 5 * 39) < 4  # the last of track 0
    frame = faces().to_frame()
    assert frame.loc[41, ["track", "frame", "time_sec", "origin"]].tolist() == [
        1, 1, 0.04, "detected",
    ]  # fmt: skip


def test_crops_are_pictures_too() -> None:
    rows = FeatureArray.all_present(np.zeros((30, 8, 8, 3), np.uint8))
    table = FeatureTable(FeatureSpec("crops", (8, 8, 3), "frame", dtype="uint8"), {"a": rows})
    assert table._repr_html_().count("<img") == 10
    empty = FeatureTable(FeatureSpec("crops", (8, 8, 3), "frame", dtype="uint8"), {})
    assert empty._repr_html_() == "<p>&lt;FeatureTable crops: 0 clips, 8×8×3 per frame&gt;</p>"
