"""Two answers about a recording at once: emotion and speaker's sex, or emotion and intensity.

Usage: python benchmarks/two_answers.py DATA [--statement 2] [--seed 0] [--model YAML …]

DATA is a folder with ``ravdess``, whose file names tell emotion, intensity and actor. Features are
the eGeMAPS functionals of a recording, folds are of five groups of actors. Every model is fitted
for both answers, and for the emotion alone: what is learnt beside it must not harm it. Neutral is
never strong, so intensity is asked of the other emotions and not annotated in neutral ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.parts_in_options import canonical
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Task
from emotiw.evaluation.results import evaluate
from emotiw.models.nested_parts import LEARNER
from emotiw.models.out_of_fold import OutOfFold

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
EMOTION = Classification(LABELS)
TASKS: dict[str, tuple[Task, Sequence[str]]] = {
    "emotion": (EMOTION, ("uar",)),
    "emotion and sex": (Several((EMOTION, Presence(("female",)))), ("uar.label", "f1.female")),
    "emotion and intensity": (
        Several((EMOTION, Presence(("strong",)))),
        ("uar.label", "f1.strong"),
    ),
}
MODELS = (
    "{model: logistic, pooling: [mean]}",
    "{model: svm, kernel: rbf, pooling: [mean]}",
    "{model: attention, layers: 0, channels: 64, training: {epochs: 60}}",
)


def clips_of(paths: Sequence[Path], task: Task) -> list[Clip]:
    """Return the recordings with what their names tell."""
    clips = []
    for number, path in enumerate(paths):
        _, _, emotion, intensity, *_, actor = map(int, path.stem.split("-"))
        label, content = LABELS[emotion - 1], f"{number:064x}"
        about = {"group": f"{actor:02}", "content": content}
        if not isinstance(task, Several):
            clips.append(Clip(path.stem, path, "train", label, **about))  # type: ignore[arg-type]
            continue
        is_strong = None if label == "neutral" else float(intensity == 2)
        other = float(actor % 2 == 0) if "female" in task.names else is_strong
        clips.append(Clip(path.stem, path, "train", answers=(label, other), **about))  # type: ignore[arg-type]
    return clips


def functionals(paths: Sequence[Path]) -> FeatureTable:
    """Return 88 numbers of every recording, as one row."""
    import opensmile

    from emotiw.core.media import read_audio

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02)
    rows = {}
    for path in paths:
        found = smile.process_signal(read_audio(path, 16_000).waveform, 16_000)
        rows[path.stem] = FeatureArray.finite(found.to_numpy(np.float64))
    return FeatureTable(FeatureSpec("egemaps", (88,), "frame"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--statement", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", nargs="*", default=MODELS)
    arguments = parser.parse_args()
    spoken = f"*-*-*-*-{arguments.statement:02}-*-*.flac"
    paths = sorted((arguments.data / "ravdess").glob(spoken))
    table = functionals(paths)
    for line in arguments.model:
        kind, options = LEARNER.resolved(canonical(LEARNER, yaml.safe_load(line)))
        for name, (task, metrics) in TASKS.items():
            cohort = Cohort(clips_of(paths, task), task=task).with_folds("grouped", n_folds=5)
            work = OutOfFold(cohort, table, task)
            fits = [fit for fit in work.fits() if fit.fold is not None]

            make = partial(kind, options, spec=table.spec, task=task, seed=arguments.seed)
            with TemporaryDirectory() as folder:
                scores = {f.fold: work.run(f, make, Path(folder) / f.name) for f in fits}
            scores[None] = np.zeros((0, len(task.labels)))
            scored = work.table_of(name, scores)
            told = ", ".join(str(evaluate(scored, cohort, metric)) for metric in metrics)
            print(f"{name:22} {told}  {line}", flush=True)


if __name__ == "__main__":
    main()
