"""Runs side by side: what two and eight of them lose against one after the other.

    python benchmarks/under_load.py [--copies 2 8] [--clips 2] [--spin]

A run is `emotiw run` of a small recipe from nothing to fused scores: faces, a frame network,
openSMILE, an LSTM and an SVM, on 28 clips or more of the demo's corpus; each copy has processes, a
folder and a store of its own. One alone is timed before and after every crowd. What is lost of the
throughput is 1 - copies × seconds alone / seconds of the crowd. Processor time per copy tells
waiting that burns: it hardly depends on what else the machine does. ``--spin`` lets threads wait in
a busy loop, as libraries do by default.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from unittest.mock import patch

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from emotiw.core.cores import THREADS, WAITING, usable_cores  # noqa: E402
from emotiw.demo import corpus, synthetic_clip  # noqa: E402

GOAL_LOST = 0.3
N_FRAMES = 24
PATIENCE_SEC = 1800
RECIPE = {
    "challenge": "afew2017",
    "data": {"root": "data/AFEW"},
    "features": {
        "face": {"extractor": "frames"},
        "voice": {"extractor": "opensmile", "feature_set": "eGeMAPSv02"},
    },
    "models": {
        "lstm": {"model": "lstm", "features": "face", "training": {"epochs": 20}},
        "svm": {"model": "svm", "features": "voice"},
    },
    "folds": {"n_folds": 3},
    "fusion": {"method": "weighted", "nested": False},
}
COMMAND = (sys.executable, "-m", "emotiw", "run", "recipe.yaml", "--quiet", "--set")
SPINNING = {"OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "1000000000", "KMP_BLOCKTIME": "200"}


@dataclass(frozen=True)
class Crowd:
    """So many copies at once: seconds until all were done, and processor time per copy."""

    wall_sec: float
    cpu_sec: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, nargs="+", default=[2, 8])
    parser.add_argument("--clips", type=int, default=2, help="training clips per label")
    parser.add_argument("--spin", action="store_true", help="threads that wait in a busy loop")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_clips(folder, given.clips)
        (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
        waiting = SPINNING if given.spin else {}
        print(
            f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}; {waiting or 'quiet waiting'}"
        )
        run(folder, ["warm"], waiting)  # files are in memory from now on
        alone = [run(folder, ["alone0"], waiting)]
        for n_copies in given.copies:
            crowd = run(folder, [f"crowd{n_copies}_{n}" for n in range(n_copies)], waiting)
            alone.append(run(folder, [f"alone{len(alone)}"], waiting))
            told(n_copies, crowd, alone[-2:])


def told(n_copies: int, crowd: Crowd, alone: Sequence[Crowd]) -> None:
    """Print what a crowd loses, beside the runs alone just before and after it."""
    wall, cpu = (sum(each) / len(alone) for each in zip(*map(both, alone), strict=True))
    lost = 1 - n_copies * wall / crowd.wall_sec
    print(
        f"{n_copies} at once: {crowd.wall_sec:.1f} s, one after the other {n_copies * wall:.1f}: "
        f"{lost:.1%} of throughput lost (goal: below {GOAL_LOST:.0%}); "
        f"{crowd.cpu_sec:.1f} s of processor time each, alone {cpu:.1f}",
        flush=True,
    )


def both(crowd: Crowd) -> tuple[float, float]:
    return crowd.wall_sec, crowd.cpu_sec


def make_clips(folder: Path, n_per_label: int) -> None:
    """Write a corpus in the layout of AFEW, without damaged clips."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(corpus, "DAMAGES", ()))
        for name in ("FEWEST_FRAMES", "MOST_FRAMES"):
            stack.enter_context(patch.object(synthetic_clip, name, N_FRAMES))
        corpus.make_corpus(
            folder / "data" / "AFEW",
            n_train_per_label=n_per_label,
            n_val_per_label=1,
            n_test_per_label=1,
        )


def run(folder: Path, names: Sequence[str], waiting: dict[str, str]) -> Crowd:
    """Do so many runs at once, each as a user would start it."""
    mine = {f"{library}_NUM_THREADS" for library in THREADS} | set(WAITING)
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    crowd = [
        subprocess.Popen(
            [*COMMAND, f"paths={{runs: {name}, store: {name}/store}}"],
            cwd=folder,
            env={**kept, **waiting, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in crowd:
        _, error = process.communicate(timeout=PATIENCE_SEC)
        if process.returncode:
            raise SystemExit(error)
    wall, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Crowd(wall, cpu / len(names))


if __name__ == "__main__":
    main()
