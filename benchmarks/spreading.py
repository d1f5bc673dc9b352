"""What a second process is worth: faces, features, folds and rows of an ablation, side by side.

    python benchmarks/spreading.py [--only faces features folds rows] [--clips 420]
        [--scale 1.5] [--epochs 30]

Each kind of work is done by one process and then by two, each time from nothing, and the files
that came of it are compared. Each process has one thread, so that processes are compared with each
other and not with threads. Told are the seconds of the whole stage, with the start of processes,
and the rate of the last two thirds of its jobs, which is what a long stage comes to. Clips are the
demo's, features for the folds are made up as in ``train_wall.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import TypeVar

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

from emotiw.analysis.ablation.work import ablate
from emotiw.core.progress import Progress
from emotiw.demo.corpus import make_corpus
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.faces import find_all_faces
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.index import index
from emotiw.runs.stages.train import train_all

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.train_wall import models, write_corpus, write_recipe

T = TypeVar("T")
KINDS = ("faces", "features", "folds", "rows")
N_FOLDS = 31
ROWS = {"modalities": "subsets", "calibration": ["none", "temperature"]}


class Clock(Progress):
    """When the jobs of one stage were done, from its begin."""

    def __init__(self, stage: str) -> None:
        self.stage_name, self.times = stage, list[float]()

    def track(self, items: Iterable[T], *, stage: str, total: int) -> Iterator[T]:
        """Note when each is done."""
        begin = perf_counter()
        for item in items:
            if stage == self.stage_name:
                self.times.append(perf_counter() - begin)
            yield item

    def warn(self, line: str) -> None:
        """Pass over that this is not the whole of AFEW."""

    @property
    def rate(self) -> float:
        """Jobs per second in the last two thirds."""
        first = len(self.times) // 3
        return (len(self.times) - 1 - first) / (self.times[-1] - self.times[first])


def compare(kind: str, work: Callable[[int, Progress], Path], stage: str) -> None:
    """Do the work with one process and with two, and print how they compare."""
    clocks, made = [], []
    for workers in (1, 2):
        clock = Clock(stage)
        made.append(digests(work(workers, clock)))
        clocks.append(clock)
    one, two = clocks
    print(
        f"{kind:9} {len(one.times):4} jobs  {one.times[-1]:6.1f} s and {two.times[-1]:6.1f} s"
        f"  whole {one.times[-1] / two.times[-1]:5.2f} x  rate {two.rate / one.rate:5.2f} x  "
        f"{'the same' if made[0] == made[1] else 'OTHER'} {len(made[0])} files",
        flush=True,
    )


def digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of all tables and artifacts below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".safetensors", ".csv")
        and path.parent.name in ("loose", "packs", "scores", "model", "features")
        and "ledger" not in path.parts  # which has times
    }


def demo_run(folder: Path, workers: int, progress: Progress) -> Run:
    """Open a run of the demo's clips."""
    settings = [
        f"data.root={folder / 'corpus'}",
        f"paths.runs={folder / f'clips{workers}'}",
        f"execution.workers={workers}",
    ]
    return open_run("demo", settings, progress=progress)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--clips", type=int, default=420, help="for faces and features")
    parser.add_argument("--scale", type=float, default=1.5, help="share of the clips for the folds")
    parser.add_argument("--epochs", type=int, default=30, help="of the folds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if {"faces", "features"} & set(given.only):
            make_corpus(
                folder / "corpus", n_train_per_label=-(-given.clips // 7), n_val_per_label=0,
                n_test_per_label=0, workers=2,
            )  # fmt: skip
        if {"folds", "rows"} & set(given.only):
            features = write_corpus(folder / "made_up", given.scale)

        def faces(workers: int, clock: Progress) -> Path:
            run = demo_run(folder, workers, clock)
            index(run)
            find_all_faces(run)
            return run.folder.parent

        def of_clips(workers: int, clock: Progress) -> Path:
            run = demo_run(folder, workers, clock)
            index(run)
            find_all_faces(run)  # there already, or no part of what is measured
            extract_all(run)
            return run.folder.parent

        def folds(workers: int, clock: Progress) -> Path:
            recipe = write_recipe(
                folder / "made_up",
                features=features,
                models={"face_lstm": models(given.epochs)["face_lstm"]},
                folds={"n_folds": N_FOLDS},
                fusion={"nested": False},
            )
            where = folder / f"folds{workers}"
            settings = [f"paths.runs={where}", f"execution.workers={workers}"]
            run = open_run(recipe, settings, progress=clock)
            index(run)
            train_all(run)
            return where

        def rows(workers: int, clock: Progress) -> Path:
            quick = {name: {"model": "logistic", "features": name} for name in features}
            recipe = write_recipe(
                folder / "made_up",
                features=features,
                models=quick,
                fusion={"nested": False, "method": "svm"},
            )
            where = folder / f"rows{workers}"
            settings = [f"paths.runs={where}", f"execution.workers={workers}"]
            run = open_run(recipe, settings, progress=clock)
            ablate(run, AblationSettings(axes=ROWS))
            return where

        stages = {
            "faces": (faces, "faces"),
            "features": (of_clips, "features"),
            "folds": (folds, "train"),
            "rows": (rows, "fuse"),
        }
        for kind in given.only:
            compare(kind, *stages[kind])


if __name__ == "__main__":
    main()
