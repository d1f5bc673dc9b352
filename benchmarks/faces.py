"""The faces stage against faces that several detectors agree on, as JSON.

Reads EMOTIW_REAL_DATA: ``vgaf/consensus.csv`` and ``faces/consensus.csv`` name the faces that four
families of detectors find in every 13th frame of clips and in photographs. A face of at least 20 px
that two families other than the one under test have found is taken as real. Thresholds were chosen
on CHOSEN_ON and on the photographs; the figures to quote are those under ``quoted``. Who is who in
those frames was labelled by eye (``faces_labels.csv``, by place in the consensus):
``owner_changes`` are tracks of several people, ``fragments`` tracks a person, ``false_tracks``
those on no face.
One process, one thread, processor seconds.
Usage: python benchmarks/faces.py [--set min_face=0.05 …] [--clips Test_12 …] [--curve] [--loop]
       python benchmarks/faces.py --stills | --speakers | --nobody | --memory | --workers
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import numpy.typing as npt

CHOSEN_ON = ("Test_2", "Test_8", "Test_9", "Test_17")
SMALLEST_PX, LARGER_PX, OVERLAP, TOUCH = 20, 40, 0.5, 0.3
SIZES = ((20, 30), (30, 50), (50, 100), (100, 10_000))
TURNED = 0.25  # of the eyes' distance: how far the nose of a frontal face may be from their middle
TONES = ((0, 70), (70, 120), (120, 256))  # mean luminance of the inner half of the box
PARTS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
NOBODY = "-"
LABELS = Path(__file__).with_name("faces_labels.csv")
# the default first
CURVE: tuple[dict[str, Any], ...] = (
    {},
    {"detect_every_sec": 0.8},
    {"detect_every_sec": 0.2},
    {"min_face": 0.05},
    {"min_face": 0.1},
    {"sensitivity": 0.3},
    {"sensitivity": 0.7},
    {"detector": "mtcnn"},
)
Floats = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", nargs="*", default=[], help="options of the faces stage")
    parser.add_argument("--clips", nargs="*", default=[], help="of vgaf/ only these")
    parser.add_argument("--curve", action="store_true", help="speed against what is found")
    parser.add_argument("--loop", action="store_true", help="facenet's loop and the bare detector")
    parser.add_argument("--stills", action="store_true", help="photographs")
    parser.add_argument("--speakers", action="store_true", help="clips of single speakers")
    parser.add_argument("--nobody", action="store_true", help="pictures without people")
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
    import yaml

    options = {name: yaml.safe_load(value) for name, value in (s.split("=") for s in chosen.set)}
    if chosen.nobody:
        print(json.dumps(nobody(options), indent=1))
        return
    root = Path(os.environ.get("EMOTIW_REAL_DATA", "data"))
    if not (root / "vgaf" / "consensus.csv").is_file():
        print("EMOTIW_REAL_DATA names no folder with vgaf/consensus.csv: nothing measured")
        return
    speakers = sorted((root / "crema_d").glob("*.flv"))
    if chosen.workers:
        print(json.dumps(workers(speakers), indent=1))
    elif chosen.stills:
        print(json.dumps(stills(root, options), indent=1))
    elif chosen.speakers:
        print(json.dumps(speed(speakers, options), indent=1))
    else:
        clips = [
            clip
            for clip in sorted((root / "vgaf").glob("*.mp4"))
            if not chosen.clips or clip.stem in chosen.clips
        ]
        for given in CURVE if chosen.curve else ({},):
            found = in_clips(clips, options | given)
            kept = {key: found[key] for key in ("quoted", "chosen_on")} if chosen.curve else found
            print(json.dumps(given | kept, indent=None if chosen.curve else 1), flush=True)
        if chosen.loop:
            print(json.dumps(every_frame(clips), indent=1))


@dataclass
class Reference:
    """What the families of detectors say of one picture."""

    box: Floats  # (n, 4)
    points: Floats  # (n, 5, 2)
    families: list[set[str]]

    def is_sure(self, family: str) -> npt.NDArray[np.bool_]:
        """Return which faces are taken as real for a detector of that family."""
        size = np.sqrt(np.prod(self.box[:, 2:] - self.box[:, :2], axis=1))
        others = np.array([len(found - {family}) for found in self.families], dtype=int)
        return np.asarray((others >= 2) & (size >= SMALLEST_PX))


def references(table: Path) -> dict[str, dict[int, Reference]]:
    """Return the references of every file and frame of a consensus."""
    rows: dict[str, dict[int, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with table.open() as file:
        for row in csv.DictReader(file):
            rows[row["file"]][int(row["frame"] or 0)].append(row)
    return {
        name: {frame: reference(told) for frame, told in frames.items()}
        for name, frames in rows.items()
    }


def reference(rows: list[dict[str, str]]) -> Reference:
    found = [row for row in rows if row["found_by"]]
    sides = ("x_min", "y_min", "x_max", "y_max")
    box = [[float(row[side]) for side in sides] for row in found]
    points = [[[float(row[f"{part}_{axis}"]) for axis in "xy"] for part in PARTS] for row in found]
    return Reference(
        np.array(box).reshape(-1, 4),
        np.array(points).reshape(-1, 5, 2),
        [set(row["found_by"].split()) for row in found],
    )


@dataclass
class Count:
    """What was found of what there is, summed up over pictures."""

    groups: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    distances: list[tuple[float, float]] = field(default_factory=list)  # of points, and sides
    n_pictures: int = 0
    n_alone: int = 0
    n_frames: int = 0
    stage_sec: float = 0.0
    decoding_sec: float = 0.0
    n_tracks: int = 0
    n_false: int = 0
    n_changing: int = 0
    n_people: int = 0
    n_pieces: int = 0

    def add(self, other: Count) -> None:
        """Add what was counted elsewhere."""
        for name, (hits, n) in other.groups.items():
            self.groups[name][0] += hits
            self.groups[name][1] += n
        self.distances += other.distances
        for name, value in vars(other).items():
            if isinstance(value, int | float):
                setattr(self, name, getattr(self, name) + value)

    def picture(
        self, real: Reference, family: str, grey: npt.NDArray[np.uint8], box: Floats, points: Floats
    ) -> None:
        """Compare what was found in one picture with what there is."""
        from features.faces.track import iou

        sure = real.is_sure(family)
        self.n_pictures += 1
        self.n_alone += int((iou(box, real.box).max(axis=1, initial=0.0) < TOUCH).sum())
        overlap = iou(real.box, box)
        for row in np.flatnonzero(sure).tolist():
            is_hit = overlap[row].max(initial=0.0) >= OVERLAP
            truth = real.points[row]
            eyes = truth[1] - truth[0]
            apart = max(float(np.hypot(*eyes)), 1e-6)
            side = float(np.sqrt(np.prod(real.box[row, 2:] - real.box[row, :2])))
            off_middle = abs((truth[2] - truth[:2].mean(axis=0)) @ eyes) / apart**2
            is_frontal = off_middle < TURNED and apart > 0.3 * side
            size = next(f"{low}+" for low, high in SIZES if low <= side < high)
            grey_level = tone_of(grey, real.box[row])
            tone = next(f"{low}+" for low, high in TONES if low <= grey_level < high)
            names = ("all", f"size {size}", "frontal" if is_frontal else "turned", f"tone {tone}")
            for name in names:
                self.groups[name][0] += is_hit
                self.groups[name][1] += 1
            if is_hit and is_frontal:
                away = points[overlap[row].argmax()] - truth
                self.distances.append((float(np.hypot(*away.T).mean()) / apart, side))

    def figures(self) -> dict[str, Any]:
        """Return what a reader wants to know."""
        every = [away for away, _ in self.distances] or [np.nan]
        larger = [away for away, side in self.distances if side >= LARGER_PX] or [np.nan]
        half, most = np.percentile(every, [50, 95]).round(4).tolist()
        half_of_larger, most_of_larger = np.percentile(larger, [50, 95]).round(4).tolist()
        told: dict[str, Any] = {
            "recall": {name: share(*pair) for name, pair in sorted(self.groups.items())},
            "n_faces": self.groups["all"][1],
            "alone_per_picture": round(self.n_alone / max(self.n_pictures, 1), 3),
            "points_median": half,
            "points_p95": most,
            "points_median_from_40_px": half_of_larger,
            "points_p95_from_40_px": most_of_larger,
        }
        if self.n_frames:
            told |= {
                "ms": round(1000 * self.stage_sec / self.n_frames, 2),
                "decoding_ms": round(1000 * self.decoding_sec / self.n_frames, 2),
                "tracks": self.n_tracks,
                "false_tracks": share(self.n_false, self.n_tracks),
                "owner_changes": share(self.n_changing, self.n_tracks - self.n_false),
                "fragments": share(self.n_pieces, self.n_people),
            }
        return told


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def tone_of(grey: npt.NDArray[np.uint8], box: Floats) -> float:
    """Return the mean luminance of the inner half of a box."""
    quarter = (box[2:] - box[:2]) / 4
    left, top = np.maximum(box[:2] + quarter, 0).astype(int)
    right, bottom = np.ceil(box[2:] - quarter).astype(int)
    inner = grey[top : max(bottom, top + 1), left : max(right, left + 1)]
    return float(inner.mean()) if inner.size else 0.0


def in_clips(clips: list[Path], options: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of every clip, of those to quote, and of those that were chosen on."""
    found: dict[str, Any] = {}
    total, chosen = Count(), Count()
    warm_up(options)
    real = references(clips[0].parent / "consensus.csv")
    for clip in clips:
        count = in_clip(clip, real[f"vgaf/{clip.name}"], options)
        (chosen if clip.stem in CHOSEN_ON else total).add(count)
        found[clip.stem] = count.figures()
    return {"clips": found, "chosen_on": chosen.figures(), "quoted": total.figures()}


def in_clip(clip: Path, real: dict[int, Reference], options: dict[str, Any]) -> Count:
    from emotiw.core.media import MediaReader
    from features.faces.face_options import FaceOptions
    from features.faces.find_faces import find_faces

    count, chosen = Count(), FaceOptions.model_validate(options)
    start = process_time()
    with MediaReader(clip) as reader:
        count.n_frames = sum(len(picture.rgb) > 0 for picture in reader.frames())
    decoded = process_time()
    tracks, quality = find_faces(clip, chosen)
    count.decoding_sec, count.stage_sec = decoded - start, process_time() - decoded
    family = str(quality["detector"])
    with MediaReader(clip) as reader:
        greys = {p.index: grey_levels(p.rgb) for p in reader.frames() if p.index in real}
    for frame, faces in real.items():
        rows = np.flatnonzero(tracks.frame == frame)
        box, points = tracks.box[rows].astype(float), tracks.landmarks[rows].astype(float)
        count.picture(faces, family, greys[frame], box, points)
    judge_tracks(count, clip, real, tracks)
    return count


def judge_tracks(count: Count, clip: Path, real: dict[int, Reference], tracks: Any) -> None:
    """Say which tracks are on no face or on several people, and in how many pieces people come.

    A track is judged by the frames that have labels; one that has no row in any is left out.
    """
    from features.faces.track import iou

    people, extra = labels_of(clip)
    pieces: dict[str, set[int]] = defaultdict(set)
    for number in range(tracks.n_tracks):
        owners: list[str] = []
        is_judged = False
        for frame, faces in real.items():
            for row in np.flatnonzero((tracks.track == number) & (tracks.frame == frame)).tolist():
                is_judged = True
                box = tracks.box[row][None]
                overlap = iou(box, faces.box)[0]
                # somebody without a name, where at least two families see a face
                named = [
                    (overlap[face], people.get((frame, face), "?" if len(found) > 1 else NOBODY))
                    for face, found in enumerate(faces.families)
                ]
                named += [
                    (iou(box, other[None])[0, 0], who) for at, other, who in extra if at == frame
                ]
                best = max(named, default=(0.0, NOBODY))
                owners.append(best[1] if best[0] >= TOUCH else NOBODY)
        on_faces = [who for who in owners if who != NOBODY]
        known = set(on_faces) - {"?"}
        count.n_tracks += is_judged
        count.n_false += is_judged and not on_faces
        count.n_changing += len(known) > 1
        for who in known:
            pieces[who].add(number)
    count.n_people += len(pieces)
    count.n_pieces += sum(map(len, pieces.values()))


def labels_of(clip: Path) -> tuple[dict[tuple[int, int], str], list[tuple[int, Floats, str]]]:
    """Return who is who: by frame and place in the consensus, and faces that are not in it."""
    people: dict[tuple[int, int], str] = {}
    extra: list[tuple[int, Floats, str]] = []
    if not LABELS.is_file():
        return people, extra
    with LABELS.open() as file:
        for row in csv.DictReader(file):
            if row["clip"] != clip.stem:
                continue
            if row["face"]:
                people[int(row["frame"]), int(row["face"])] = row["person"]
            else:
                box = np.array([float(side) for side in row["box"].split()])
                extra.append((int(row["frame"]), box, row["person"]))
    return people, extra


def stills(root: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of photographs, each looked at once."""
    from PIL import Image

    from features.faces.face_options import FaceOptions
    from features.faces.find_faces import find_faces

    total = Count()
    warm_up(options)
    for name, frames in references(root / "faces" / "consensus.csv").items():
        if Path(name).suffix not in {".jpg", ".png"}:
            continue
        tracks, quality = find_faces(root / name, FaceOptions.model_validate(options))
        with Image.open(root / name) as picture:
            grey = grey_levels(np.asarray(picture.convert("RGB")))
        box, points = tracks.box.astype(float), tracks.landmarks.astype(float)
        total.picture(frames[0], str(quality["detector"]), grey, box, points)
    return total.figures()


def speed(clips: list[Path], options: dict[str, Any]) -> dict[str, float]:
    """Return ms a frame of the stage and of bare decoding, and in how many frames a face is."""
    from emotiw.core.media import MediaReader
    from features.faces.face_options import FaceOptions
    from features.faces.find_faces import find_faces

    warm_up(options)
    n_frames = n_found = 0
    decoding = stage = 0.0
    for clip in clips:
        start = process_time()
        with MediaReader(clip) as reader:
            n_frames += sum(len(picture.rgb) > 0 for picture in reader.frames())
        decoded = process_time()
        _, quality = find_faces(clip, FaceOptions.model_validate(options))
        decoding, stage = decoding + decoded - start, stage + process_time() - decoded
        n_found += int(quality["frames_with_face"])
    return {
        "ms": round(1000 * stage / n_frames, 2),
        "decoding_ms": round(1000 * decoding / n_frames, 2),
        "frames_with_face": round(n_found / n_frames, 4),
    }


def nobody(options: dict[str, Any]) -> dict[str, Any]:
    """Return how many faces are found in pictures without people that packages bring along."""
    from PIL import Image

    from features.faces.face_options import FaceOptions
    from features.faces.find_faces import find_faces

    found: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, pixels in pictures_without_people():
            path = Path(folder) / f"{name}.png"
            Image.fromarray(pixels).convert("RGB").save(path)
            found[name] = find_faces(path, FaceOptions.model_validate(options))[0].n_tracks
    return {"pictures": len(found), "faces": {name: n for name, n in found.items() if n}}


def pictures_without_people() -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    from skimage import data
    from skimage.util import img_as_ubyte

    names = (
        "brick", "cat", "cell", "checkerboard", "chelsea", "clock", "coffee", "coins", "colorwheel",
        "grass", "gravel", "horse", "hubble_deep_field", "immunohistochemistry", "moon", "page",
        "retina", "rocket", "text", "binary_blobs", "logo", "motorcycle",
    )  # fmt: skip
    for name in names:
        try:
            made = getattr(data, name)()
        except Exception:  # not among those that lie in the package, and there is no network
            continue
        pixels = np.asarray(made[0] if isinstance(made, tuple) else made)
        yield name, img_as_ubyte(pixels)
    rng = np.random.default_rng(0)
    for number in range(4):
        yield f"noise{number}", rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)


def every_frame(clips: list[Path]) -> dict[str, Any]:
    """Return what facenet's loop and each detector alone find in the frames that have labels."""
    from facenet_pytorch import MTCNN

    from emotiw.core.media import MediaReader
    from features.faces.detect import load_detector
    from features.faces.face_options import FaceOptions

    loop = MTCNN(keep_all=True)
    options = FaceOptions().resolved()
    detector = load_detector(options.detector, weights=options.weights)

    def by_loop(rgb: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        boxes, _, points = loop.detect(rgb, landmarks=True)
        if boxes is None:
            return np.zeros((0, 4)), np.zeros((0, 5, 2))
        return np.array(boxes, float), np.array(points, float)

    def by_detector(rgb: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        faces = detector.detect([rgb], max(20.0, detector.min_face_px))[0]
        sure = faces.take(faces.confidence >= 1 - options.sensitivity)
        return sure.box.astype(float), sure.landmarks.astype(float)

    counts = {"facenet's loop": Count(), f"{options.detector} alone": Count()}
    ways = (("mtcnn", by_loop), (options.detector, by_detector))
    real = references(clips[0].parent / "consensus.csv")
    for clip in clips:
        if clip.stem in CHOSEN_ON:
            continue
        with MediaReader(clip) as reader:
            for picture in reader.frames():
                if picture.index not in real[f"vgaf/{clip.name}"]:
                    continue
                for (family, find), count in zip(ways, counts.values(), strict=True):
                    start = process_time()
                    box, points = find(picture.rgb)
                    count.stage_sec += process_time() - start
                    faces = real[f"vgaf/{clip.name}"][picture.index]
                    count.picture(faces, family, grey_levels(picture.rgb), box, points)
                    count.n_frames += 1
    return {name: count.figures() for name, count in counts.items()}


def grey_levels(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def warm_up(options: dict[str, Any]) -> None:
    """Load the networks once, outside of what is timed."""
    from PIL import Image

    from features.faces.face_options import FaceOptions
    from features.faces.find_faces import find_faces

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grey.png"
        Image.new("RGB", (640, 360), "grey").save(path)
        find_faces(path, FaceOptions.model_validate(options))


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

    Several times each, so that both have enough to do; that what they
    write is the same, byte by byte, is told too.
    """
    from emotiw.core.execution import run_jobs
    from emotiw.core.worker_process import Limits
    from emotiw.runs.stages.faces import FacesJob, find_and_store
    from features.faces.face_options import FaceOptions

    rates, written = [], []
    with tempfile.TemporaryDirectory() as name:
        for n in (1, 2):
            root = Path(name) / str(n)
            names = [f"{copy}{clip.stem}" for copy in range(copies) for clip in clips]
            jobs = {
                key: FacesJob(clip, FaceOptions(), root, key)
                for key, clip in zip(names, clips * copies, strict=True)
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

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for picture in wandering(seconds * fps):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def wandering(n_frames: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the pictures of that clip."""
    import cv2
    import matplotlib.cbook
    from PIL import Image

    portrait = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    face = cv2.resize(np.asarray(Image.open(portrait).convert("RGB")), (512, 606))
    for index in range(n_frames):
        picture = np.full((720, 1280, 3), 90, np.uint8)
        left = int(384 + 300 * np.sin(index / 40))
        picture[100:706, left : left + 512] = face
        yield picture


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def use_one_thread() -> None:
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


if __name__ == "__main__":
    main()
