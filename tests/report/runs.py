"""Finished runs that cost nothing: scores made up, faces drawn, sounds of a third of a second."""

from __future__ import annotations

import csv
import json
import wave
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import yaml

from emotiw.core.face_tracks import FaceTracks
from emotiw.core.ledger import Ledger, LedgerRow
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.artifacts import Artifact, artifacts_as_csv
from emotiw.runs.stages.fuse import fuse_all
from emotiw.runs.stages.train import train_all
from tests.predict.videos import write_video

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
AFEW = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
ACTORS = ("01", "02", "03", "08", "10")  # one of each published fold
BROKEN = "clip 07"
FACELESS = "clip 11"
HOSTILE = '</script><img src="http://example.invalid/x">&amp;'


def classified(home: Path) -> Run:
    """40 clips of 5 actors and 8 labels; the face says nothing of two of them."""
    rng = np.random.default_rng(5)
    ids = [f"clip {number:02}" for number in range(40)]
    truth = [LABELS[number % 8] for number in range(40)]
    groups = [ACTORS[number // 8] for number in range(40)]
    groups = [HOSTILE if group == "10" else group for group in groups]
    _sounds(home / "data", ids)
    for name, sharpness in {"voice": 2.0, "face": 1.2}.items():
        logits = rng.normal(size=(40, 8))
        logits[np.arange(40), [LABELS.index(label) for label in truth]] += sharpness
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        gaps = {BROKEN, FACELESS} if name == "face" else set()
        rows = [[i, *row] for i, row in zip(ids, scores.tolist(), strict=True) if i not in gaps]
        _table(home / "data" / f"{name}.csv", ["clip_id", *LABELS], rows)
    run = _run(home, "ravdess", ("voice", "face"))
    _table(
        run.manifest_path,
        ["clip_id", "path", "split", "label", "target", "group", "fold"],
        [
            [i, f"{i}.wav", "train", label, "", group, number // 8]
            for number, (i, label, group) in enumerate(zip(ids, truth, groups, strict=True))
        ],
    )
    _faces(run, [i for i in ids if i not in {BROKEN, FACELESS}])
    train_all(run)
    fuse_all(run)
    return run


def regressed(home: Path) -> Run:
    """24 clips of 4 groups with a target from 0 to 5."""
    rng = np.random.default_rng(6)
    ids = [f"clip {number:02}" for number in range(24)]
    targets = rng.uniform(0, 5, size=24).round(3)
    _sounds(home / "data", ids)
    for name, noise in {"voice": 0.9, "face": 0.6}.items():
        guesses = targets + rng.normal(scale=noise, size=24)
        _table(
            home / "data" / f"{name}.csv", ["clip_id", "joy"], list(zip(ids, guesses, strict=True))
        )
    spec = {
        "name": "joy",
        "title": "How much joy",
        "year": 2026,
        "unit": "clip",
        "task": "regression",
        "targets": [{"name": "joy", "minimum": 0, "maximum": 5}],
        "layout": {"reader": "folder"},
        "metric": "ccc",
        "submission": {"format": "text_files"},
        "sources": [],
    }
    (home / "joy.yaml").write_text(yaml.safe_dump(spec))
    run = _run(home, str(home / "joy.yaml"), ("voice", "face"))
    _table(
        run.manifest_path,
        ["clip_id", "path", "split", "label", "target", "group", "fold"],
        [
            [i, f"{i}.wav", "train", "", target, f"g{number // 6}", number // 6]
            for number, (i, target) in enumerate(zip(ids, targets, strict=True))
        ],
    )
    train_all(run)
    fuse_all(run)
    return run


def filmed(home: Path, *, n_clips: int = 14, name: str = "small", seed: int = 7) -> Run:
    """14 validation clips of AFEW, a second long, with a face each, and one model."""
    rng = np.random.default_rng(seed)
    ids = [f"clip {number:02}" for number in range(n_clips)]
    truth = [AFEW[number % 7] for number in range(n_clips)]
    if not (home / "data").is_dir():
        (home / "data").mkdir(parents=True)
        for number, clip_id in enumerate(ids):
            noise = rng.integers(0, 60, size=(9, 240, 320, 3), dtype=np.uint8)
            noise[:, 10:74, 10:74] = 200 - number
            write_video(home / "data" / f"{clip_id}.mp4", list(noise))
    logits = rng.normal(size=(n_clips, 7))
    logits[np.arange(n_clips), np.arange(n_clips) % 7] += 2
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = [[clip_id, *row] for clip_id, row in zip(ids, scores.tolist(), strict=True)]
    _table(home / "data" / f"face {name}.csv", ["clip_id", *AFEW], rows)
    run = _run(home, "afew2017", ("face",), name=name, table="face {run}.csv")
    _table(
        run.manifest_path,
        ["clip_id", "path", "split", "label", "target", "group", "fold"],
        [
            [i, f"{i}.mp4", "val", label, "", f"film {number // 2}", ""]
            for number, (i, label) in enumerate(zip(ids, truth, strict=True))
        ],
    )
    _faces(run, ids)
    train_all(run)
    fuse_all(run)
    return run


def _run(
    home: Path,
    challenge: str,
    models: Sequence[str],
    *,
    name: str = "small",
    table: str = "{model}.csv",
) -> Run:
    recipe = {
        "challenge": challenge,
        "name": name,
        "data": {"root": str(home / "data")},
        "paths": {"runs": str(home / "runs")},
        "models": {
            model: {"model": "imported", "path": table.format(model=model, run=name)}
            for model in models
        },
    }
    path = home / f"{name}.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    run = open_run(path)
    run.folder.mkdir(parents=True)
    return run


def _table(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def _sounds(folder: Path, ids: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    for number, name in enumerate(ids):
        tone = 8000 * np.sin(np.arange(5333) * (0.1 + 0.005 * number))
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(tone.astype("<i2").tobytes())


def _faces(run: Run, ids: Sequence[str]) -> None:
    artifacts = {}
    for number, clip_id in enumerate(ids):
        key = f"{number:064x}"
        tracks = drawn_tracks(number)
        run.store.write("faces", key, tracks.to_tensors(), {"n_rows": len(tracks)})
        artifacts[clip_id] = Artifact(key, len(tracks), len(tracks))
    run.faces_path.write_bytes(artifacts_as_csv(artifacts))
    figures = {"n_tracks": 1, "decoded_frames": 9, "declared_frames": 9, "frames_with_face": 9}
    rows = [LedgerRow(i, "faces", "ok", seconds=0.5, quality=figures) for i in ids]
    rows.append(LedgerRow(BROKEN, "faces", "failed", f"{BROKEN}.wav: the file is empty"))
    rows.append(LedgerRow(FACELESS, "faces", "missing", "no face found"))
    Ledger(rows).write_csv(run.folder / run.ledger_page("faces"))


def drawn_tracks(number: int, n_frames: int = 9) -> FaceTracks:
    """A smiling disc whose colour tells the clip."""
    jpeg = []
    for frame in range(n_frames):
        crop = np.full((64, 64, 3), 230, np.uint8)
        colour = (40 + 5 * number % 200, 200 - 3 * number % 150, 180)
        cv2.circle(crop, (32, 32), 24, colour, -1)
        cv2.ellipse(crop, (32, 38), (10, 2 + frame), 0, 0, 180, (20, 20, 20), 2)
        jpeg.append(cv2.imencode(".jpg", crop)[1].tobytes())
    return FaceTracks(
        n_frames=n_frames,
        time_sec=np.arange(n_frames) / 25,
        frame_size=(320, 240),
        track=np.zeros(n_frames, np.int32),
        frame=np.arange(n_frames, dtype=np.int32),
        box=np.tile(np.array([10, 10, 74, 74], np.float32), (n_frames, 1)),
        landmarks=np.zeros((n_frames, 5, 2), np.float32),
        confidence=np.ones(n_frames, np.float32),
        origin=np.zeros(n_frames, np.uint8),
        transform=np.zeros((n_frames, 2, 3), np.float32),
        crop_size=64,
        crop_jpeg=np.frombuffer(b"".join(jpeg), np.uint8),
        crop_offset=np.cumsum([0, *map(len, jpeg)], dtype=np.int64),
    )


def data_of(page: Path) -> dict[str, object]:
    """What the page's script reads."""
    text = page.read_text(encoding="utf-8")
    begin = text.index('id="data">') + len('id="data">')
    data: dict[str, object] = json.loads(text[begin : text.index("</script>", begin)])
    return data
