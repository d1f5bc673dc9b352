"""Cost of reading beside bare decoding: ms per image shown and per second of sound.

Bare is PyAV's own loop over the same streams, one thread, each image made into RGB or not, all
samples made into arrays. The ways take turns, and each has the fastest of its rounds.
Reads the real clips where EMOTIW_REAL_DATA names a folder that holds them, else synthetic ones.
Usage: python benchmarks/reading.py [--rounds 5] [--clips FOLDER]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import av
import numpy as np

from emotiw.core.media import MediaReader

Way = Callable[[Path], float]  # from a file to the number of images, or the seconds of sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=Path, help="a folder of videos with sound")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clips = clips_of(chosen.clips) or synthetic(Path(folder))
        print(f"{len(clips)} clips, processor time, fastest of {chosen.rounds} rounds")
        table: dict[str, tuple[Way, Way, str]] = {
            "images, not looked at": (bare_images, our_images, "ms an image"),
            "images, as RGB": (bare_rgb, our_rgb, "ms an image"),
            "sound": (bare_sound, our_sound, "ms a second"),
        }
        for what, (bare, ours, unit) in table.items():
            spent = {bare: float("inf"), ours: float("inf")}
            amount = 0.0
            for _ in range(chosen.rounds):
                for way in (bare, ours):
                    start = process_time()
                    amount = sum(way(clip) for clip in clips)
                    spent[way] = min(spent[way], process_time() - start)
            per = {way: 1000 * seconds / amount for way, seconds in spent.items()}
            ratio = spent[ours] / spent[bare]
            print(f"{what:24} bare {per[bare]:.3f}, ours {per[ours]:.3f} {unit}: {ratio:.3f} times")


def clips_of(folder: Path | None) -> list[Path]:
    """Return the videos to read: those asked for, or the real ones."""
    if folder is not None:
        return sorted(path for path in folder.rglob("*") if path.is_file())
    real = Path(os.environ.get("EMOTIW_REAL_DATA") or "nowhere")
    return sorted([*real.glob("crema_d/*.flv"), *real.glob("vgaf/*.mp4")])


def synthetic(folder: Path) -> list[Path]:
    """Write a few clips of the synthetic corpus."""
    from emotiw.demo.corpus import make_corpus

    corpus = make_corpus(folder, seed=0)
    return [clip.path for clip in corpus.clips if not clip.damage][:12]


def bare(path: Path, kind: str) -> Any:
    with av.open(str(path)) as container:
        stream: Any = getattr(container.streams, kind)[0]
        stream.thread_count = 1
        for packet in container.demux(stream):
            yield from packet.decode()


def bare_images(path: Path) -> float:
    return sum(1 for _ in bare(path, "video"))


def bare_rgb(path: Path) -> float:
    return sum(frame.to_ndarray(format="rgb24").shape[2] == 3 for frame in bare(path, "video"))


def bare_sound(path: Path) -> float:
    resampler = av.AudioResampler(format="fltp", layout="mono")
    blocks = [b.to_ndarray() for frame in bare(path, "audio") for b in resampler.resample(frame)]
    rate = resampler.rate
    assert rate is not None
    return np.concatenate(blocks, axis=1).shape[1] / rate


def our_images(path: Path) -> float:
    with MediaReader(path) as reader:
        return sum(1 for _ in reader.frames())


def our_rgb(path: Path) -> float:
    with MediaReader(path) as reader:
        return sum(frame.rgb.shape[2] == 3 for frame in reader.frames())


def our_sound(path: Path) -> float:
    with MediaReader(path) as reader:
        return reader.audio().duration_sec


if __name__ == "__main__":
    main()
