"""Clips per second of openSMILE features: a plain loop, one process, several, and a second run.

Reads RAVDESS where EMOTIW_REAL_DATA names a folder that holds it, else synthetic voices.
Seconds of processor time stand beside those of the clock: they hardly depend on what else runs.
With several rounds the ways take turns, and the ratios are of the sums.
Usage: python benchmarks/audio.py [--clips 60] [--workers 2] [--rounds 1]
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
import numpy.typing as npt

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
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "clips" / "Neutral").mkdir(parents=True)
        collect(folder / "clips" / "Neutral", chosen.clips)
        print(f"{chosen.clips} clips, {', '.join(SETS)}")
        ways = {
            "plain loop of process_signal": lambda: plain_loop(folder),
            "emotiw, 1 process": lambda: extract(folder, 1),
            "emotiw, 1 process, second time": lambda: extract(folder, 1),
            f"emotiw, {chosen.workers} processes": lambda: extract(folder, chosen.workers),
        }
        spent = dict.fromkeys(ways, np.zeros(2))
        for _ in range(chosen.rounds):
            for what, work in ways.items():
                spent[what] = spent[what] + timed(what, work, chosen.clips)
            for runs in folder.glob("runs*"):
                shutil.rmtree(runs)
        plain, one, _, many = spent.values()
        report(f"{chosen.workers} processes against 1", one, many)
        report("1 process against the plain loop", plain, one)


def timed(what: str, work: Callable[[], None], n_clips: int) -> npt.NDArray[np.float64]:
    """Return seconds by the clock, and seconds of this and of finished processes."""
    before, start = sum(os.times()[:4]), perf_counter()
    work()
    spent = np.array([perf_counter() - start, sum(os.times()[:4]) - before])
    speed = f"{spent[0]:7.1f} s {n_clips / spent[0]:8.1f} clips/s"
    print(f"{what:32} {speed}; processor {spent[1]:7.1f} s", flush=True)
    return spent


def report(what: str, slower: npt.NDArray[np.float64], faster: npt.NDArray[np.float64]) -> None:
    ratio = slower / faster
    print(f"{what}: {ratio[0]:.2f} times as fast; {ratio[1]:.2f} by processor time")


def plain_loop(folder: Path) -> None:
    import opensmile

    from emotiw.core.media import read_audio

    smiles = [opensmile.Smile(opensmile.FeatureSet[name]) for name in SETS]
    for path in sorted((folder / "clips" / "Neutral").iterdir()):
        audio = read_audio(path, 16_000)
        for smile in smiles:
            smile.process_signal(audio.waveform, 16_000)


def extract(folder: Path, workers: int) -> None:
    from emotiw.runs.run import open_run
    from emotiw.runs.stages.features import extract_all
    from emotiw.runs.stages.index import index

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
