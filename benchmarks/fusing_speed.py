"""How long fusing takes: five modalities, 100,000 clips, seven labels; and what ways cost.

Usage: python benchmarks/fusing_speed.py [--clips 100000]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from fusion.cross_fitting import fuse
from fusion.late import LateFusion

TASK = Classification(("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"))
GOAL_SEC = 2.0


def made_up(n_clips: int, n_modalities: int) -> tuple[dict[str, ScoreTable], Cohort]:
    rng = np.random.default_rng(0)
    truth = rng.integers(len(TASK.labels), size=n_clips)
    clip_ids = tuple(f"{number:09d}" for number in range(n_clips))
    tables = {}
    for position in range(n_modalities):
        logits = rng.normal(size=(n_clips, len(TASK.labels)))
        logits[np.arange(n_clips), truth] += 0.5 + 0.3 * position
        scores = np.exp(logits)
        tables[f"modality{position}"] = ScoreTable(
            name=f"modality{position}",
            task=TASK,
            clip_ids=clip_ids,
            scores=scores / scores.sum(axis=1, keepdims=True),
            split=("val",) * n_clips,
            fold=(None,) * n_clips,
            seen_groups={None: frozenset()},
        )
    clips = [
        Clip(c, Path(c), "val", TASK.labels[t], group=f"speaker{int(c) % 1000}")
        for c, t in zip(clip_ids, truth, strict=True)
    ]
    return tables, Cohort(clips, task=TASK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    arguments = parser.parse_args()
    tables, cohort = made_up(arguments.clips, 5)

    for pool in ("geometric", "arithmetic"):
        fusion = LateFusion(pool=pool)
        wall, cpu = time.perf_counter(), time.process_time()
        fusion.fit(tables, cohort)
        fitted = time.perf_counter()
        fusion.predict_proba(tables)
        done, cpu = time.perf_counter(), time.process_time() - cpu
        verdict = "within" if done - wall < GOAL_SEC else "beyond"
        print(
            f"{pool}: fit {fitted - wall:.2f} s, fuse {done - fitted:.2f} s "
            f"({verdict} {GOAL_SEC} s for both), processor {cpu:.2f} s"
        )
    wall, cpu = time.perf_counter(), time.process_time()
    result = fuse(tables, cohort)
    print(
        f"fuse with 5 cross-fitted folds and the final fit: {time.perf_counter() - wall:.2f} s, "
        f"processor {time.process_time() - cpu:.2f} s; "
        f"accuracy {result.cross_fitted['accuracy']:.4f}"
    )


if __name__ == "__main__":
    main()
