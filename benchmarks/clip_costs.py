"""What one clip of 5 s, 30 fps, 720p costs in every stage: processor time, bytes kept, opens.

    python benchmarks/clip_costs.py [--rounds 3]

The clip is synthetic: a portrait wanders about, and a voice speaks (H.264, AAC). Each stage has its
fastest round after one that nobody counts, in one thread.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.faces import use_one_thread, wandering  # noqa: E402
from emotiw.core.files import sha256_of  # noqa: E402
from emotiw.core.media import MediaReader  # noqa: E402
from emotiw.core.store import Store  # noqa: E402
from emotiw.demo.emotions import Difficulty  # noqa: E402
from emotiw.demo.voice import SAMPLING_RATE, draw_voice, speak  # noqa: E402
from emotiw.runs.recipe import load_recipe  # noqa: E402
from emotiw.runs.stages.faces import FacesJob, faces_key, find_and_store  # noqa: E402
from emotiw.runs.stages.features import FeaturesJob, extract_and_store  # noqa: E402

CLIP_SEC, FPS = 5, 30
FEATURES: dict[str, dict[str, Any]] = {
    "frame network": {"extractor": "frames"},
    "openSMILE": {"extractor": "opensmile", "feature_set": "eGeMAPSv02"},
}
OPENED: list[str] = []


@dataclass(frozen=True)
class Cost:
    """What a stage costs for one clip.

    Attributes:
        seconds: of one core.
        kept: bytes in the store.
        opens: of the clip's file.
    """

    seconds: float
    kept: int = 0
    opens: int = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    size, costs = clip_costs(parser.parse_args().rounds)
    print(f"a clip of {CLIP_SEC} s: {size / 1e6:.2f} MB")
    for name, cost in costs.items():
        print(f"{name:14} {cost.seconds:7.3f} s, {cost.kept / 1e3:7.1f} kB, {cost.opens} opens")


def clip_costs(rounds: int = 3) -> tuple[int, dict[str, Cost]]:
    """Return the bytes of the clip, and what each stage costs."""
    use_one_thread()
    sys.addaudithook(lambda event, told: OPENED.append(str(told[0])) if event == "open" else None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mp4"
        write_clip(clip)
        (folder / "recipe.yaml").write_text(recipe())
        loaded = load_recipe(folder / "recipe.yaml")
        store, options = folder / "store", loaded.faces.resolved()
        faces = FacesJob(clip, options, store, faces_key(sha256_of(clip), options))
        work: dict[str, tuple[Callable[[], object], str]] = {
            "decoding alone": (lambda: decode(clip), ""),
            "sha256": (lambda: sha256_of(clip), ""),
            "faces": (lambda: find_and_store(faces), "faces"),
        }
        for title, entry in zip(FEATURES, loaded.features.values(), strict=True):
            job = FeaturesJob("clip", clip, faces, store, "cpu", {title.replace(" ", ""): entry})
            work[title] = (partial(extract_and_store, job), "features")
        return clip.stat().st_size, {
            title: cost(does, store, stage, clip, rounds) for title, (does, stage) in work.items()
        }


def cost(does: Callable[[], object], store: Path, stage: str, clip: Path, rounds: int) -> Cost:
    """Measure one stage."""
    before = loose_bytes(store, stage)
    does()
    kept = loose_bytes(store, stage) - before
    seconds, n_opens = float("inf"), 0
    for _ in range(rounds):
        OPENED.clear()
        start = process_time()
        does()
        seconds = min(seconds, process_time() - start)
        n_opens = OPENED.count(str(clip))
    return Cost(seconds, kept, n_opens)


def loose_bytes(store: Path, stage: str) -> int:
    files = Store(store).loose(stage).values() if stage else ()
    return sum(path.stat().st_size for path in files)


def decode(clip: Path) -> int:
    with MediaReader(clip) as reader:
        return sum(frame.rgb.shape[2] for frame in reader.frames())


def recipe() -> str:
    return yaml.safe_dump(
        {
            "challenge": "afew2013",
            "data": {"root": str(ROOT)},
            "features": {f"f{n}": each for n, each in enumerate(FEATURES.values())},
        }
    )


def write_clip(path: Path) -> None:
    """Write the clip."""
    import av

    rng = np.random.default_rng(0)
    spoken = speak(draw_voice("Happy", Difficulty(), rng), CLIP_SEC, rng).waveform
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        sound: Any = container.add_stream("aac", rate=SAMPLING_RATE)
        for picture in wandering(CLIP_SEC * FPS):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode())
        block = av.AudioFrame.from_ndarray(spoken[None].astype(np.float32), "fltp", "mono")
        block.sample_rate, block.time_base = SAMPLING_RATE, Fraction(1, SAMPLING_RATE)
        container.mux([*sound.encode(block), *sound.encode()])


if __name__ == "__main__":
    main()
