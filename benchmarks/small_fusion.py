"""What a fusion that was fitted on few clips is worth, beside no fit at all and the best modality.

Usage: python benchmarks/small_fusion.py DATA [--draws 40] [--seed 0] [--methods weighted auto]

DATA is a folder with ``ravdess_scores/<model>/fold<k>.csv``. A draw takes three or seven emotions,
fits on 15 to 150 clips of a few actors, and judges on all clips of the others. Beside published
modalities there are a weak one (face scores under noise) and a useless one that is sure of itself.
``best`` is the modality that was best on the clips fitted on: what one would submit without
fusion. Each setting ends with what the fusion has more than the better of the two.

Pulls and strengths were chosen with ``--actors 1-12`` and other seeds; quote ``--actors 13-24``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.probabilities import log_probabilities, softmax
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from fusion.late import LateFusion
from fusion.registry import COMBINERS

VOICE, FACE, MOTION = "audio_wav2vec2", "video_au_mlp", "video_au_bilstm"
SETS = {
    "voice and face": (VOICE, FACE),
    "face twice, weak": (FACE, MOTION, "weak"),
    "all, weak, useless": (VOICE, FACE, MOTION, "weak", "useless"),
}
N_CLASSES = (3, 7)
N_CLIPS = (15, 30, 60, 150)
Scores = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Pool:
    """Clips with the scores of every modality."""

    ids: tuple[str, ...]
    emotions: tuple[str, ...]
    scores: dict[str, Scores]
    truth: Rows
    actors: Rows


@dataclass(frozen=True)
class Draw:
    """Clips to fit on, and clips of other actors to be judged on."""

    pool: Pool
    classes: Rows
    fitted: Rows
    judged: Rows

    def truth(self, rows: Rows) -> Rows:
        """Return the class of each clip among those of the draw."""
        return np.searchsorted(self.classes, self.pool.truth[rows])

    def scores(self, name: str, rows: Rows) -> Scores:
        """Return ``(n, n_classes)`` scores of one modality."""
        some = self.pool.scores[name][rows][:, self.classes]
        return np.asarray(some / some.sum(axis=1, keepdims=True))

    def tables(self, names: Sequence[str], rows: Rows) -> dict[str, ScoreTable]:
        """Return the scores of some clips by modality."""
        return {
            name: ScoreTable(
                name=name,
                task=self.task,
                clip_ids=tuple(self.pool.ids[row] for row in rows),
                scores=self.scores(name, rows),
                split=("val",) * len(rows),
                fold=(None,) * len(rows),
                seen_groups={None: frozenset({"nobody here"})},
            )
            for name in names
        }

    @property
    def task(self) -> Classification:
        """The emotions of the draw."""
        return Classification(tuple(self.pool.emotions[code] for code in self.classes))

    @property
    def cohort(self) -> Cohort:
        """The clips to fit on."""
        ids, emotions = self.pool.ids, self.pool.emotions
        clips = [
            Clip(
                ids[row],
                Path(ids[row]),
                "val",
                emotions[self.pool.truth[row]],
                group=str(self.pool.actors[row]),
            )
            for row in self.fitted
        ]
        return Cohort(clips, task=self.task)


def read_pool(data: Path) -> Pool:
    frames = {name: _read(data / "ravdess_scores" / name) for name in (VOICE, FACE, MOTION)}
    ids, emotions = frames[FACE].index, list(frames[FACE].columns)
    scores = {name: frame.loc[ids, emotions].to_numpy(float) for name, frame in frames.items()}
    scores = {n: softmax(s) if s.min() < 0 else s for n, s in scores.items()}
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1.2, scores[FACE].shape)
    scores["weak"] = softmax(0.35 * log_probabilities(scores[FACE]) + noise)
    scores["useless"] = softmax(rng.normal(0, 4, scores[FACE].shape))
    codes = [int(clip_id.split("-")[2]) - 1 for clip_id in ids]
    order = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
    place = [next(i for i, e in enumerate(emotions) if e.lower()[:3] == o[:3]) for o in order]
    truth = np.array([place[code] for code in codes])
    actors = np.array([int(clip_id.split("-")[6]) for clip_id in ids])
    floor = {name: np.maximum(s, 1e-7) for name, s in scores.items()}
    return Pool(tuple(ids), tuple(map(str, emotions)), floor, truth, actors)


def draws(
    pool: Pool, n_classes: int, n_clips: int, n_draws: int, *, seed: int = 0, actors: Rows
) -> Iterator[Draw]:
    for number in range(n_draws):
        rng = np.random.default_rng([seed, number, n_clips, n_classes])
        classes = np.sort(rng.choice(len(pool.emotions), n_classes, replace=False))
        chosen = rng.choice(actors, max(3, n_clips // 15), replace=False)
        usable = np.isin(pool.truth, classes) & np.isin(pool.actors, actors)
        known = np.flatnonzero(usable & np.isin(pool.actors, chosen))
        fitted = np.sort(rng.choice(known, min(n_clips, len(known)), replace=False))
        yield Draw(pool, classes, fitted, np.flatnonzero(usable & ~np.isin(pool.actors, chosen)))


def accuracies(draw: Draw, names: Sequence[str], methods: Sequence[str]) -> dict[str, float]:
    """Return the accuracy on the other actors' clips of every way to take the modalities."""
    truth = draw.truth(draw.judged)
    on_fitted = [
        float((draw.scores(n, draw.fitted).argmax(1) == draw.truth(draw.fitted)).mean())
        for n in names
    ]
    said = {name: draw.scores(name, draw.judged) for name in names}
    logs = np.sum([log_probabilities(scores) for scores in said.values()], axis=0)
    found = {
        "geometric": float((logs.argmax(1) == truth).mean()),
        "best": float((said[names[int(np.argmax(on_fitted))]].argmax(1) == truth).mean()),
    }
    fitted, judged = draw.tables(names, draw.fitted), draw.tables(names, draw.judged)
    labels = np.array(draw.task.labels)[truth]
    order = [draw.pool.ids[row] for row in draw.judged]
    for method in methods:
        fusion = LateFusion(method=method).fit(fitted, draw.cohort)
        found[method] = float((fusion.predict(judged)[order].to_numpy() == labels).mean())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--actors", default="1-24")
    parser.add_argument("--methods", nargs="*", choices=COMBINERS.names(), default=["weighted"])
    arguments = parser.parse_args()
    pool = read_pool(arguments.data)
    first, last = map(int, arguments.actors.split("-"))
    actors = np.arange(first, last + 1)
    worst = dict.fromkeys(arguments.methods, 100.0)
    for n_classes in N_CLASSES:
        for n_clips in N_CLIPS:
            for title, names in SETS.items():
                drawn = draws(
                    pool, n_classes, n_clips, arguments.draws, seed=arguments.seed, actors=actors
                )
                rows = pd.DataFrame([accuracies(d, names, arguments.methods) for d in drawn])
                mean = 100 * rows.mean()
                better = max(mean["geometric"], mean["best"])
                line = f"{n_classes} classes, {n_clips:3d} clips, {title:18s} "
                line += ", ".join(f"{name} {value:.1f}" for name, value in mean.items())
                for method in arguments.methods:
                    more = mean[method] - better
                    worst[method] = min(worst[method], more)
                    line += f" ({more:+.1f})"
                print(line, flush=True)
    for method, value in worst.items():
        print(f"{method}: at worst {value:+.1f} points beside the better of geometric and best")


def _read(folder: Path) -> pd.DataFrame:
    parts = [pd.read_csv(p, dtype={"clip_id": str}) for p in sorted(folder.glob("fold*.csv"))]
    frame = pd.concat(parts).set_index("clip_id").sort_index()
    return frame.drop(columns=[c for c in ("fold", "split") if c in frame])


if __name__ == "__main__":
    main()
