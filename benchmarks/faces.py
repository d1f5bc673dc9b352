"""The faces stage against facenet-pytorch's per-frame loop and against bare decoding, as JSON.

Reads CREMA-D and faces/videos where EMOTIW_REAL_DATA names a folder that holds them. All parts run
in one process, clip by clip, on one thread, and are timed in processor seconds, so that what else
the machine does matters little. The loop looks at every n-th frame only (--every); its time is
that of the frames it looked at.
Usage: python benchmarks/faces.py [--every 4] [--set min_face=0.05 …] [--curve]
       python benchmarks/faces.py --memory | --workers
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import numpy.typing as npt

SURE, OVERLAP = 0.95, 0.5
# smallest face, seconds from one detection to the next; the default first
CURVE = ((0.022, 0.5), (0.022, 1), (0.05, 0.5), (0.1, 0.5), (0.1, 1), (0.022, 0.25), (0.022, 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=4, help="frames of the per-frame loop")
    parser.add_argument("--set", nargs="*", default=[], help="options of the faces stage")
    parser.add_argument("--curve", action="store_true", help="speed against faces and points")
    parser.add_argument("--memory", action="store_true", help="of a long clip against a short one")
    parser.add_argument("--workers", action="store_true", help="two processes against one")
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    use_one_thread()
    if chosen.peak_of:
        print(peak_of(chosen.peak_of))
        return
    if chosen.memory:
        print(json.dumps(memory(), indent=1))
        return
    clips = real_clips()
    if not clips:
        print("EMOTIW_REAL_DATA names no folder with crema_d/ or faces/videos/: nothing measured")
        return
    if chosen.workers:
        print(json.dumps(workers(clips), indent=1))
        return
    import yaml

    options = {name: yaml.safe_load(value) for name, value in (s.split("=") for s in chosen.set)}
    find_faces_once(clips[0])  # networks are loaded once, and by the loop outside of its time
    reference = {clip: per_frame_loop(clip, chosen.every) for clip in clips}
    if not chosen.curve:
        print(json.dumps(compare(reference, options), indent=1))
        return
    for min_face, seconds in CURVE:
        given = {"min_face": min_face, "detect_every_sec": seconds}
        print(json.dumps(given | compare(reference, options | given)["all"]), flush=True)


def find_faces_once(clip: Path) -> None:
    from features.faces.find_faces import find_faces

    find_faces(clip)


def compare(reference: dict[Path, Reference], options: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of the stage, per clip and over all frames of all clips."""
    from emotiw.core.media import MediaReader
    from features.faces.face_options import FaceOptions
    from features.faces.find_faces import find_faces

    chosen = FaceOptions.model_validate(options)
    rows: dict[str, dict[str, Any]] = {}
    for clip, loop in reference.items():
        start = process_time()
        with MediaReader(clip) as reader:
            n_frames = sum(len(picture.rgb) > 0 for picture in reader.frames())
        decoded = process_time()
        tracks, _ = find_faces(clip, chosen)
        done = process_time()
        found = {t: np.flatnonzero(tracks.frame == t) for t in loop.frames}
        hits = match(loop, {t: (tracks.box[r], tracks.landmarks[r]) for t, r in found.items()})
        rows[clip.name] = {
            "n_frames": n_frames,
            "decoding_sec": decoded - start,
            "stage_sec": done - decoded,
            "loop_sec": loop.seconds / len(loop.frames) * n_frames,
            **hits,
        }
    everything = {key: [row[key] for row in rows.values()] for key in next(iter(rows.values()))}
    total = {
        key: sum(values) if key != "distances" else [d for one in values for d in one]
        for key, values in everything.items()
    }
    return {
        "clips": {name: figures(row) for name, row in rows.items()},
        "all": figures(total) | {"peak_mb": peak_mb()},
    }


def figures(row: dict[str, Any]) -> dict[str, float | int | None]:
    """Return what a reader wants to know."""
    distances = np.array(row["distances"])
    half, most = np.percentile(distances, [50, 95]).tolist() if len(distances) else (None, None)
    return {
        "loop_ms": ms(row["loop_sec"], row),
        "stage_ms": ms(row["stage_sec"], row),
        "decoding_ms": ms(row["decoding_sec"], row),
        "times_faster": round(row["loop_sec"] / row["stage_sec"], 1),
        "times_decoding": round(row["stage_sec"] / row["decoding_sec"], 2),
        "loop_faces": row["n_faces"],
        "found": round(row["n_found"] / row["n_faces"], 4) if row["n_faces"] else None,
        "landmarks_median": half and round(half, 4),
        "landmarks_p95": most and round(most, 4),
        "extra_faces": row["n_extra"],
    }


def ms(seconds: float, row: dict[str, Any]) -> float:
    return round(seconds / row["n_frames"] * 1000, 2)


class Reference:
    """What the per-frame loop found, and how long it took."""

    def __init__(self) -> None:
        self.frames: dict[int, tuple[npt.NDArray[np.float64], ...]] = {}
        self.seconds = 0.0


_NETWORKS: list[Any] = []


def per_frame_loop(clip: Path, every: int) -> Reference:
    """Run ``MTCNN.detect`` at its defaults on whole frames, one at a time."""
    from facenet_pytorch import MTCNN

    from emotiw.core.media import MediaReader

    if not _NETWORKS:
        _NETWORKS.append(MTCNN(keep_all=True))
    reference = Reference()
    with MediaReader(clip) as reader:
        for picture in reader.frames():
            if picture.index % every:
                continue
            rgb = picture.rgb
            start = process_time()
            boxes, confidence, points = _NETWORKS[0].detect(rgb, landmarks=True)
            reference.seconds += process_time() - start
            empty = boxes is None
            reference.frames[picture.index] = (
                np.zeros((0, 4)) if empty else np.array(boxes, float),
                np.zeros(0) if empty else np.array(confidence, float),
                np.zeros((0, 5, 2)) if empty else np.array(points, float),
            )
    return reference


def match(reference: Reference, found: dict[int, tuple[Any, Any]]) -> dict[str, Any]:
    """Return how many of the loop's faces were found, how far their points are, and the rest."""
    from features.faces.track import iou

    n_faces = n_found = n_extra = 0
    distances: list[float] = []
    for frame, (boxes, confidence, points) in reference.frames.items():
        ours, our_points = found[frame]
        overlap = iou(boxes, ours)
        n_extra += int((overlap.max(axis=0, initial=0.0) < OVERLAP).sum())
        for row in np.flatnonzero(confidence >= SURE).tolist():
            n_faces += 1
            if overlap[row].max(initial=0.0) < OVERLAP:
                continue
            n_found += 1
            away = our_points[overlap[row].argmax()] - points[row]  # (5, 2)
            eyes = float(np.hypot(*(points[row][1] - points[row][0])))
            distances.append(float(np.hypot(*away.T).mean()) / max(eyes, 1.0))
    return {"n_faces": n_faces, "n_found": n_found, "n_extra": n_extra, "distances": distances}


def memory(seconds: tuple[int, int] = (10, 600)) -> dict[str, float]:
    """Return the peak memory of processes that find the faces of 720p clips."""
    peaks = {}
    with tempfile.TemporaryDirectory() as name:
        for length in seconds:
            clip = Path(name) / f"{length}.mp4"
            write_clip(clip, length)
            command = [sys.executable, __file__, "--peak-of", str(clip)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks[f"peak_mb_{length}_sec"] = float(done.stdout)
    short, long = peaks.values()
    return peaks | {"ratio": round(long / short, 3)}


def peak_of(clip: Path) -> float:
    """Return the peak memory of this process once it has done what a worker of the stage does."""
    from emotiw.runs.stages.faces import FacesJob, find_and_store
    from features.faces.face_options import FaceOptions

    find_and_store(FacesJob(clip, FaceOptions(), clip.parent, clip.stem))
    return peak_mb()


def workers(clips: list[Path], copies: int = 12) -> dict[str, float | bool]:
    """Return clips per second of one process and of two, from the first clip done to the last.

    The short clips only, several times each, so that both have enough to do; that what they
    write is the same, byte by byte, is told too.
    """
    from emotiw.core.execution import run_jobs
    from emotiw.core.worker_process import Limits
    from emotiw.runs.stages.faces import FacesJob, find_and_store
    from features.faces.face_options import FaceOptions

    short = [clip for clip in clips if clip.suffix == ".flv"] or clips
    rates, written = [], []
    with tempfile.TemporaryDirectory() as name:
        for n in (1, 2):
            root = Path(name) / str(n)
            names = [f"{copy}{clip.stem}" for copy in range(copies) for clip in short]
            jobs = {
                key: FacesJob(clip, FaceOptions(), root, key)
                for key, clip in zip(names, short * copies, strict=True)
            }
            limits = Limits(seconds=3600)  # so that one worker is a process too
            outcomes = run_jobs(find_and_store, jobs, workers=n, limits=limits)
            times = [perf_counter() for _ in outcomes]
            rates.append((len(times) - n) / (times[-1] - times[n - 1]))
            written.append({file.name: file.read_bytes() for file in root.rglob("*.safetensors")})
    return {
        "clips_per_sec_1": round(rates[0], 2),
        "clips_per_sec_2": round(rates[1], 2),
        "ratio": round(rates[1] / rates[0], 2),
        "same_bytes": written[0] == written[1],
    }


def write_clip(path: Path, seconds: int, fps: int = 25) -> None:
    """Write a 720p clip in which a portrait wanders about."""
    import av
    import cv2
    import matplotlib.cbook
    from PIL import Image

    portrait = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    face = cv2.resize(np.asarray(Image.open(portrait).convert("RGB")), (512, 606))
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for index in range(seconds * fps):
            picture = np.full((720, 1280, 3), 90, np.uint8)
            left = int(384 + 300 * np.sin(index / 40))
            picture[100:706, left : left + 512] = face
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def real_clips() -> list[Path]:
    folder = Path(os.environ.get("EMOTIW_REAL_DATA", "data"))
    found: Iterator[Path] = (
        path
        for place, kinds in (("crema_d", (".flv",)), ("faces/videos", (".mov", ".mp4")))
        for path in sorted((folder / place).glob("*"))
        if path.suffix in kinds
    )
    return list(found)


def use_one_thread() -> None:
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


if __name__ == "__main__":
    main()
