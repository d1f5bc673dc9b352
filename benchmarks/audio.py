"""Clips per second of openSMILE features: a plain loop, one process, several, and a second run.

Reads RAVDESS where EMOTIW_REAL_DATA names a folder that holds it, else synthetic voices.
Usage: python benchmarks/audio.py [--clips 60] [--workers 2]
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np

SETS = ("eGeMAPSv02", "ComParE_2016", "IS10")
RECIPE = """\
challenge: folder
data: {{root: {clips}}}
paths: {{runs: {runs}}}
execution: {{workers: {workers}}}
features:
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "clips" / "Neutral").mkdir(parents=True)
        collect(folder / "clips" / "Neutral", chosen.clips)
        print(f"{chosen.clips} clips, {', '.join(SETS)}")
        plain = timed("plain loop of process_signal", lambda: plain_loop(folder), chosen.clips)
        one = timed("emotiw, 1 process", lambda: extract(folder, 1), chosen.clips)
        timed("emotiw, the second time", lambda: extract(folder, 1), chosen.clips)
        many = timed(
            f"emotiw, {chosen.workers} processes",
            lambda: extract(folder, chosen.workers),
            chosen.clips,
        )
        print(f"{chosen.workers} processes against 1: {one / many:.2f} times as fast")
        print(f"1 process against the plain loop: {plain / one:.2f} times as fast")


def timed(what: str, work: Callable[[], None], n_clips: int) -> float:
    start = perf_counter()
    work()
    seconds = perf_counter() - start
    print(f"{what:32} {seconds:7.1f} s {n_clips / seconds:8.1f} clips/s", flush=True)
    return seconds


def plain_loop(folder: Path) -> None:
    import opensmile

    from emotiw.core.media import read_audio

    smiles = [opensmile.Smile(opensmile.FeatureSet[name]) for name in SETS]
    for path in sorted((folder / "clips" / "Neutral").iterdir()):
        audio = read_audio(path, 16_000)
        for smile in smiles:
            smile.process_signal(audio.waveform, 16_000)


def extract(folder: Path, workers: int) -> None:
    from emotiw.run import open_run
    from emotiw.stages.features import extract_all
    from emotiw.stages.index import index

    text = RECIPE.format(clips=folder / "clips", runs=folder / f"runs{workers}", workers=workers)
    for name in SETS:
        text += f"  {name}: {{extractor: opensmile, feature_set: {name}}}\n"
    recipe = folder / f"bench{workers}.yaml"
    recipe.write_text(text)
    run = open_run(str(recipe), [])
    index(run)
    extract_all(run)


def collect(folder: Path, n_clips: int) -> None:
    """Copy real clips, or write synthetic ones of 3.5 s."""
    real = Path(os.environ.get("EMOTIW_REAL_DATA", "")) / "ravdess"
    found = sorted(real.glob("*.flac"))[:n_clips] if real.is_dir() else []
    for path in found:
        shutil.copy(path, folder / path.name)
    rng = np.random.default_rng(0)
    for number in range(n_clips - len(found)):
        with wav(folder / f"voice{number:04d}.wav") as file:
            times = np.arange(56_000) / 16_000
            pitch = 150 + 40 * np.sin(2 * np.pi * rng.uniform(1, 4) * times)
            voice = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / 16_000) ** 9
            noise = 0.01 * rng.standard_normal(len(times))
            file.writeframes((32_000 * (voice + noise)).astype(np.int16).tobytes())


@contextmanager
def wav(path: Path) -> Iterator[wave.Wave_write]:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        yield file


if __name__ == "__main__":
    main()
