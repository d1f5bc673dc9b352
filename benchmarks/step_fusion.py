"""How long fusing 200,000 steps of three modalities takes, and what post-processing adds.

Usage: python benchmarks/step_fusion.py [--clips 400] [--steps 500]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Several
from emotiw.core.steps import Steps
from emotiw.core.task import Regression
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions

TASK = Several((Regression(("valence",), (-1, 1)), Regression(("arousal",), (-1, 1))))
NOISE = {"voice": 0.5, "face": 0.8, "text": 1.2}
STEP_SEC = 0.5
LATE = 4  # steps by which annotators follow
UNKNOWN = 0.05  # share of steps that nobody annotated
POST = ("smooth", "shift", "scale")
T = TypeVar("T")


def made_up(n_clips: int, n_steps: int) -> tuple[dict[str, ScoreTable], Cohort]:
    """Return slow traces, annotated some steps late, and modalities that see them in noise."""
    rng = np.random.default_rng(0)
    names = tuple(f"{number:05d}" for number in range(n_steps))
    times = STEP_SEC * np.arange(n_steps, dtype=np.float64)
    steps, clips, shown = {}, [], []
    for number in range(n_clips):
        phase, pace = rng.uniform(0, 6, 2), rng.uniform(0.1, 0.4, 2)
        state = 0.8 * np.sin((times[:, None]) * pace + phase)
        told = 0.8 * np.sin((times[:, None] - LATE * STEP_SEC) * pace + phase)
        told[rng.random(n_steps) < UNKNOWN] = np.nan
        steps[f"clip{number:05d}"] = Steps(names, times, told)
        about: Any = {"group": f"speaker{number % 80}", "content": f"{number:064x}"}
        clips.append(Clip(f"clip{number:05d}", Path(), "val", **about))
        shown.append(state)
    rows = Cohort(clips, task=TASK, steps=steps).rows
    said = np.concatenate(shown)
    n = len(rows)
    tables = {
        name: ScoreTable(
            name=name,
            task=TASK,
            clip_ids=rows.clip_ids,
            scores=(0.5 * said + noise * rng.normal(size=said.shape)).clip(-1, 1),
            split=("val",) * n,
            fold=(None,) * n,
            seen_groups={None: frozenset()},
            owners=tuple(rows.owners[one] for one in rows.clip_ids),
            time_sec=np.array([rows.times[one] for one in rows.clip_ids]),
        )
        for name, noise in NOISE.items()
    }
    return tables, rows


def timed(what: str, work: Callable[[], T]) -> T:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what}: {wall:.1f} s, processor {cpu:.1f} s")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--steps", type=int, default=500)
    asked = parser.parse_args()
    tables, rows = timed("made", lambda: made_up(asked.clips, asked.steps))
    print(f"{len(rows):,} rows of {len(tables)} modalities")
    for post in ((), POST):
        named = " with smooth, shift and scale" if post else ""
        options = FusionOptions.model_validate({"post": post})
        work = partial(fuse, tables, rows, options=options, metric="ccc")
        result = timed(f"fuse{named}", work)
        timed("  judge, compare and tell", result.summary)
        print(f"  {result.result()}")
        print("".join(f"  {line}\n" for line in result.fuser.post_.told()), end="")


if __name__ == "__main__":
    main()
