"""What models make of a few hundred clips: AFEW 2013's face posteriors, EngageWild's features.

Usage: python benchmarks/few_clips.py DATA CORPUS [--repeats 10] [--seed 0] [--model YAML …]

DATA is a folder with ``afew2013_train`` and ``engagewild2019_train``; CORPUS is ``afew``,
``afew_networks`` (the same clips) or ``engagewild``. Every model, a line as a recipe has it, is
fitted in repeated stratified five-fold cross-validation; whatever it chooses, it chooses on inner
folds. Speakers and subjects are not known and are probably on both sides: all values are too good,
and good for comparisons alone.

The lines below were found with ``--seed 100``, on the same clips in other folds. So the best of
them is a little too good as well.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from sklearn.model_selection import StratifiedKFold

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.parts_in_options import canonical
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.model import Examples
from emotiw.models.nested_parts import LEARNER

LABELS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
MODELS = {
    "afew": [
        "{model: logistic, class_weight: null, pooling: [mean, std]}",
        "{model: logistic, class_weight: null}",
        "{model: logistic, class_weight: null, pooling: [mean, std, min, max, change, quantiles]}",
    ],
    "afew_networks": [
        "{model: gru, hidden: 32}",
        "{model: gru, hidden: 32, start: statistics}",
        "{model: attention, layers: 0, channels: 32}",
        "{model: attention, layers: 0, channels: 32, start: statistics}",
        "{model: lstm, hidden: 32, start: statistics}",
        "{model: tcn, channels: 32, start: statistics}",
    ],
    "engagewild": [
        "{model: kernel_ridge, kernel: linear, penalty: [1, 3, 10], "
        "pooling: [mean, std, quantiles], scoring: mse}",
        "{model: kernel_ridge, gamma: [0.03, 0.1], penalty: [0.1, 0.3, 1], "
        "pooling: [mean, std, quantiles], scoring: mse}",
        "{model: kernel_ridge, gamma: [0.03, 0.1, 0.3], penalty: [0.1, 0.3, 1], "
        "pooling: [mean, std, slope], scoring: mse}",
        # segments with their clip's target, and the mean of what is said of them
        "{model: segments, learner: {model: kernel_ridge, kernel: linear, penalty: [3, 10, 30], "
        "scoring: mse}}",
        "{model: segments, learner: {model: kernel_ridge, gamma: 0.1, penalty: 1}}",
        # levels, and the expected value over them: of the clip, and of each segment
        "{model: expected_value, n_levels: 4, learner: {model: kernel_ridge, gamma: [0.03, 0.1], "
        "penalty: [0.3, 1, 3], pooling: [mean, std, quantiles], class_weight: null}}",
        "{model: segments, learner: {model: expected_value, n_levels: 4, learner: "
        "{model: kernel_ridge, gamma: 0.1, penalty: 1, class_weight: null}}}",
        # end to end: the network decides which segments count
        "{model: attention, layers: 0, channels: 32}",
    ],
}


def read_afew(data: Path) -> tuple[Examples, Task]:
    """Return the clips with faces, their posteriors in class order."""
    folder = data / "afew2013_train"
    labels = pd.read_csv(folder / "labels.csv", dtype=str).set_index("clip_id")["label"]
    frames = pd.read_csv(folder / "convnet.csv", dtype={"clip_id": str}).sort_values("frame")
    columns = [f"p_{label}" for label in LABELS]
    arrays = {str(c): part[columns].to_numpy(np.float32) for c, part in frames.groupby("clip_id")}
    ids = [c for c in labels.index if c in arrays]
    targets = np.array([LABELS.index(labels[c]) for c in ids])
    return _examples(ids, arrays, targets, tuple(columns)), Classification(LABELS)


def read_engagewild(data: Path) -> tuple[Examples, Task]:
    """Return the clips with both features side by side, segment by segment."""
    folder = data / "engagewild2019_train"
    clips = pd.read_csv(folder / "clips.csv", dtype={"clip_id": str})
    with np.load(folder / "openface.npz") as gaze, np.load(folder / "vgg2.npz") as face:
        arrays = {c: np.hstack([gaze[c], face[c]]).astype(np.float32) for c in clips["clip_id"]}
    task = Regression(("engagement",), target_range=(0.0, 1.0))
    return _examples(list(clips["clip_id"]), arrays, clips["target"].to_numpy(float)), task


def _examples(
    ids: list[str],
    arrays: dict[str, npt.NDArray[np.float32]],
    targets: npt.NDArray[Any],
    columns: tuple[str, ...] | None = None,
) -> Examples:
    spec = FeatureSpec("frames", (arrays[ids[0]].shape[1],), "frame", columns=columns)
    rows = {c: FeatureArray(a, np.ones(len(a), dtype=bool)) for c, a in arrays.items()}
    return Examples(FeatureTable(spec, rows), tuple(ids), tuple(ids), targets)


def cross_validated(line: str, examples: Examples, task: Task, seed: int) -> float:
    """Return accuracy in per cent, or the mean squared error, over five stratified folds."""
    kind, options = LEARNER.resolved(canonical(LEARNER, yaml.safe_load(line)))
    assert examples.targets is not None
    levels = np.unique(examples.targets, return_inverse=True)[1]
    scores = np.zeros((len(examples), len(task.labels)))
    for learnt, held_out in StratifiedKFold(5, shuffle=True, random_state=seed).split(
        levels, levels
    ):
        model = kind(options, spec=examples.table.spec, task=task, seed=seed)
        with TemporaryDirectory() as folder:
            model.fit(examples.subset(learnt), folder=Path(folder))
        scores[held_out] = model.predict(replace(examples.subset(held_out), targets=None))
    if task.is_label:
        return float(100 * (scores.argmax(1) == examples.targets).mean())
    return float(((scores[:, 0] - examples.targets) ** 2).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("corpus", choices=MODELS)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", nargs="*", default=[])
    arguments = parser.parse_args()
    read = read_engagewild if arguments.corpus == "engagewild" else read_afew
    examples, task = read(arguments.data)
    for line in arguments.model or MODELS[arguments.corpus]:
        seeds = range(arguments.seed, arguments.seed + arguments.repeats)
        found = [cross_validated(line, examples, task, seed) for seed in seeds]
        print(f"{np.mean(found):.4g} (spread {np.std(found):.2g})  {line}", flush=True)


if __name__ == "__main__":
    main()
