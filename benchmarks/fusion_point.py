"""Where modalities should meet: in one vector, in one network, in their scores, or in the last two.

Usage: python benchmarks/fusion_point.py DATA {agreement,independent,demo,ravdess}
           [--folder FOLDER] [--seed 0]

``agreement`` and ``independent`` are made up: in the first, two modalities of chance alone tell the
label together; in the second each tells something of its own. ``demo`` is the synthetic corpus of
``emotiw demo``, its faces and voices. ``ravdess`` reads DATA/ravdess (eGeMAPS functionals, and
filter banks over time, each speaker standardised by their own unlabelled clips) and
DATA/ravdess_scores (what two published video models said of each clip, as logits; such a row is of
a model of the other folds). FOLDER keeps features and fitted models, so that a run that was stopped
goes on.

Every arm reads the same rows, and every score is out of fold. The network of ``joint`` is chosen
for each fold by inner folds, the arm of ``chosen`` too: by scores of models that have not seen the
fold. Each arm is tested against late fusion, paired over groups, corrected over the table (Holm).
Then the network that was chosen most often is asked with every subset of the features.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.joined_features import JoinedTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from emotiw.evaluation.differences import compare, holm, p_text
from emotiw.evaluation.results import evaluate
from emotiw.models.inner_tables import inner_tables
from emotiw.models.joint.feature_subsets import subset_tables
from emotiw.models.model import Model
from emotiw.models.out_of_fold import OutOfFold
from emotiw.models.registry import MODELS
from features.audio.fbank import Fbank, FbankOptions
from features.audio.opensmile import OpenSmile, OpenSmileOptions
from features.audio.sound_extractor import SoundExtractor
from features.extractor import ClipSource
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
FOLDS = ((2, 5, 14, 15, 16), (3, 6, 7, 13, 18), (10, 11, 12, 19, 20), (8, 17, 21, 23, 24))
VIDEO = ("video_au_mlp", "video_au_bilstm")
SHORT = {"max_rows": 16}
JOINT = ("gated", "low_rank", "cross_attention", "joint_attention")
Inner = Mapping[int, ScoreTable]


@dataclass(frozen=True)
class Corpus:
    """Clips, features of them, and the model that reads each feature alone."""

    cohort: Cohort
    task: Classification
    tables: tuple[FeatureTable, ...]
    alone: Mapping[str, tuple[str, dict[str, Any]]]
    batch: Mapping[str, Any]


@dataclass(frozen=True)
class Arm:
    """Scores out of fold, and by fold those of models that have not seen it."""

    table: ScoreTable
    inner: Inner


def made_up(kind: str, seed: int) -> Corpus:
    """Return clips whose label is whether two modalities agree, or is told by both."""
    rng = np.random.default_rng(seed)
    n = 400
    face, voice = rng.integers(0, 2, (2, n))
    told = face == voice
    if kind == "independent":
        told = face.astype(bool)
        voice = face
    noise = {"agreement": (0.5, 0.5), "independent": (4.0, 1.3)}[kind]
    clips = []
    rows: tuple[dict[str, FeatureArray], ...] = ({}, {})
    for number in range(n):
        clip_id, n_rows = f"clip{number:03}", int(rng.integers(6, 20))
        begins = 0.1 * np.arange(n_rows)
        shown = rng.normal(0, noise[0], (n_rows, 4))
        shown[:, 0] += 2 * face[number] - 1
        heard = rng.normal(0, noise[1], (1, 6))
        heard[:, 1] += 2 * voice[number] - 1
        times = np.stack([begins, begins + 0.1], axis=1)
        rows[0][clip_id] = FeatureArray.all_present(shown.astype(np.float32), times)
        rows[1][clip_id] = FeatureArray.all_present(heard.astype(np.float32))
        about: Any = {"group": f"speaker{number % 20}", "content": f"{number:064x}"}
        clips.append(Clip(clip_id, Path(), "train", ("no", "yes")[int(told[number])], **about))
    task = Classification(("no", "yes"))
    cohort = Cohort(clips, task=task).with_folds("grouped", n_folds=4)
    specs = (FeatureSpec("face", (4,), "frame"), FeatureSpec("voice", (6,), "clip"))
    tables = tuple(FeatureTable(spec, own) for spec, own in zip(specs, rows, strict=True))
    alone = {name: ("svm", {"kernel": "rbf"}) for name in ("face", "voice")}
    return Corpus(cohort, task, tables, alone, {})


def demo(folder: Path) -> Corpus:
    """Return the clips of ``emotiw demo``, frames of faces and functionals of voices."""
    from emotiw.demo.corpus import make_corpus
    from emotiw.runs.run import open_run
    from emotiw.runs.stages.faces import make_faces
    from emotiw.runs.stages.features import feature_table, make_features
    from emotiw.runs.stages.index import make_index

    make_corpus(folder / "corpus", workers=1)
    where = [f"data.root={folder / 'corpus'}", f"paths.runs={folder / 'runs'}"]
    run = open_run("demo", [*where, "execution.workers=1"])
    make_index(run)
    make_faces(run)
    make_features(run, ["face", "voice"])
    tables = tuple(feature_table(run, name) for name in ("face", "voice"))
    alone: dict[str, tuple[str, dict[str, Any]]] = {"face": ("svm", {}), "voice": ("svm", {})}
    assert isinstance(run.task, Classification)
    return Corpus(run.cohort(), run.task, tables, alone, SHORT)


def ravdess(data: Path, folder: Path) -> Corpus:
    """Return RAVDESS in its published folds, with sound twice and what video models said."""
    clips, paths = [], sorted((data / "ravdess").glob("*.flac"))
    for number, path in enumerate(paths):
        actor, label = int(path.stem[-2:]), LABELS[int(path.stem.split("-")[2]) - 1]
        fold = next((n for n, actors in enumerate(FOLDS) if actor in actors), len(FOLDS))
        about: dict[str, Any] = {"group": f"{actor:02}", "fold": fold, "content": f"{number:064x}"}
        clips.append(Clip(path.stem, path, "train", label, **about))
    task = Classification(LABELS)
    cohort = Cohort(clips, task=task)
    found = []
    for extractor in (
        OpenSmile("voice", OpenSmileOptions()),
        Fbank("sound", FbankOptions(n_mels=32)),
    ):
        name = extractor.spec.name
        heard = by_speaker(sound(paths, extractor, folder / f"{name}.npz"), cohort)
        found.append(FeatureTable(extractor.spec, heard))
    frames = []
    for name in VIDEO:
        files = sorted((data / "ravdess_scores" / name).glob("fold*.csv"))
        frame = pd.concat([pd.read_csv(f, dtype={"clip_id": str}) for f in files])
        values = frame.set_index("clip_id")[list(LABELS)]
        said = values.to_numpy()
        is_odds = said.min() >= 0
        frames.append(pd.DataFrame(np.log(said.clip(1e-6)) if is_odds else said, values.index))
    both = pd.concat(frames, axis=1)
    rows = both.to_numpy(np.float32)
    video = {c: FeatureArray.all_present(rows[n : n + 1]) for n, c in enumerate(both.index)}
    found.append(FeatureTable(FeatureSpec("video", (rows.shape[1],), "clip"), video))
    alone: dict[str, tuple[str, dict[str, Any]]] = {
        "voice": ("svm", {}),
        "sound": ("svm", {}),
        "video": ("logistic", {}),
    }
    return Corpus(cohort, task, tuple(found), alone, {**SHORT, "training": {"batch_size": 64}})


def sound(paths: list[Path], extractor: SoundExtractor, cache: Path) -> dict[str, FeatureArray]:
    """Return rows of all recordings, from the cache where they are there."""
    if not cache.is_file():
        rows = {p.stem: extractor.extract(ClipSource(p.stem, p)).array for p in paths}
        cache.parent.mkdir(parents=True, exist_ok=True)
        kept: Any = {c: array.values[array.present] for c, array in rows.items()}  # noqa: PD011
        np.savez(cache, **kept)
    with np.load(cache) as found:
        return {clip_id: FeatureArray.all_present(found[clip_id]) for clip_id in found.files}


def by_speaker(rows: dict[str, FeatureArray], cohort: Cohort) -> dict[str, FeatureArray]:
    """Return rows less the mean of their speaker's, over the deviation of these."""
    found = {}
    for group in sorted(set(cohort.groups.values())):
        own = [clip_id for clip_id in rows if cohort.groups[clip_id] == group]
        every = np.concatenate([rows[c].values for c in own]).astype(np.float64)  # noqa: PD011
        mean, spread = every.mean(axis=0), every.std(axis=0)
        spread[spread < 1e-9] = 1.0
        for clip_id in own:
            values = ((rows[clip_id].values - mean) / spread).astype(np.float32)  # noqa: PD011
            found[clip_id] = FeatureArray.all_present(values)
    return found


class Bench:
    """Fits of a corpus, kept in a folder."""

    def __init__(self, corpus: Corpus, folder: Path, seed: int) -> None:
        self.corpus, self.folder, self.seed = corpus, folder, seed
        self.joined = JoinedTable(corpus.tables)

    def work(self, table: FeatureTable) -> OutOfFold:
        """Return the fits over a table."""
        return OutOfFold(self.corpus.cohort, table, self.corpus.task)

    def arm(self, name: str, model: str, options: Mapping[str, Any], table: FeatureTable) -> Arm:
        """Return the scores of a model."""
        kind, work = MODELS.resolve(model), self.work(table)
        checked = kind.Options.model_validate(options)

        def make() -> Model:
            return kind(checked, spec=work.spec, task=work.task, seed=self.seed)

        def score(fit: Any) -> Any:
            return work.run(fit, make, self.folder / name / fit.name)

        scores = {fit.fold: score(fit) for fit in work.fits()}
        inner = inner_tables(name, work, score, lambda fits: fits)
        print(f"fitted {name}", flush=True)
        return Arm(work.table_of(name, scores), inner)

    def value(self, table: ScoreTable, clips: Cohort | None = None) -> float:
        """Return the accuracy on training clips out of fold."""
        return float(evaluate(table, clips or self.corpus.cohort, "accuracy", split="train").value)

    def fused(self, name: str, arms: Mapping[str, Arm]) -> Arm:
        """Return the late fusion of arms, for each fold fitted on scores that don't know it."""
        cohort, options = self.corpus.cohort, FusionOptions()
        inner = {key: arm.inner for key, arm in arms.items()}
        tables = {key: arm.table for key, arm in arms.items()}
        table = fuse(tables, cohort, options=options, seed=self.seed, inner=inner).table
        within = {}
        for fold in set.intersection(*(set(arm.inner) for arm in arms.values())):
            own = {key: arm.inner[fold] for key, arm in arms.items()}
            within[fold] = fuse(own, self.without(fold), options=options, seed=self.seed).table
        return Arm(replace(table, name=name), within)

    def without(self, fold: int) -> Cohort:
        """Return the clips of the other folds."""
        cohort = self.corpus.cohort
        kept = [c for c in cohort if cohort.folds.get(c.clip_id) != fold and c.split != "test"]
        return Cohort(kept, task=self.corpus.task)

    def inner_values(self, arms: Mapping[str, Arm]) -> dict[int, dict[str, float]]:
        """Return by fold what each arm is worth on the others, by models that don't know it."""
        folds = set.intersection(*(set(arm.inner) for arm in arms.values()))
        return {
            fold: {n: self.value(arm.inner[fold], self.without(fold)) for n, arm in arms.items()}
            for fold in sorted(folds)
        }

    def chosen(self, name: str, arms: Mapping[str, Arm]) -> tuple[Arm, list[str]]:
        """Return the scores of the arm that is best on the other folds, and which it was."""
        best = {fold: max(v, key=v.__getitem__) for fold, v in self.inner_values(arms).items()}
        means = {n: float(np.mean([self.value(t, self.without(f)) for f, t in a.inner.items()]))
                 for n, a in arms.items()}  # fmt: skip
        best_of_all = max(means, key=means.__getitem__)
        first = arms[best_of_all].table
        scores = first.scores.copy()
        for fold, arm in best.items():
            rows = np.array([own == fold for own in first.fold])
            scores[rows] = arms[arm].table.aligned_to(first.clip_ids)[rows]
        inner = {fold: arms[arm].inner[fold] for fold, arm in best.items()}
        return Arm(replace(first, name=name, scores=scores), inner), list(best.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("corpus", choices=("agreement", "independent", "demo", "ravdess"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--features", action="store_true", help="extract them, and no more")
    arguments = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        match arguments.corpus:
            case "demo":
                corpus = demo(folder)
            case "ravdess":
                corpus = ravdess(arguments.data, folder)
            case kind:
                corpus = made_up(kind, arguments.seed)
        if not arguments.features:
            report(Bench(corpus, folder / "fits", arguments.seed))


def report(bench: Bench) -> None:
    """Print the table of all arms, and that of all subsets."""
    corpus = bench.corpus
    alone = {
        table.spec.name: bench.arm(table.spec.name, *corpus.alone[table.spec.name], table)
        for table in corpus.tables
    }
    kernel = {} if corpus.batch else {"kernel": "rbf"}
    early = bench.arm("early", "early", {"learner": {"model": "svm", **kernel}}, bench.joined)
    joint = {name: bench.arm(name, name, corpus.batch, bench.joined) for name in JOINT}
    network, which = bench.chosen("joint", joint)
    late = bench.fused("late", alone)
    both = bench.fused("joint + late", {**alone, "joint": network})
    points = {"early": early, "joint": network, "late": late, "joint + late": both}
    point, points_chosen = bench.chosen("chosen", points)
    rows = {**alone, **joint, **points, "chosen": point}
    tested = [name for name in rows if name != "late"]
    differences = [compare(rows[n].table, late.table, corpus.cohort, split="train") for n in tested]
    corrected = dict(zip(tested, holm([d.p for d in differences]), strict=True))
    less = dict(zip(tested, differences, strict=True))
    print(f"\n{'arm':18} accuracy  95 %           less late  95 %           p (Holm)")
    for name, arm in rows.items():
        result = evaluate(arm.table, corpus.cohort, "accuracy", split="train")
        text = f"{name:18} {100 * result.value:6.1f}    {span(result.low, result.high)}"
        if name in less:
            own = less[name]
            text += f"    {100 * own.value:+6.1f}    {span(own.low, own.high)}"
            text += f"    {p_text(corrected[name])}"
        print(text)
    print(f"joint, by fold: {', '.join(which)}\nchosen, by fold: {', '.join(points_chosen)}")
    subsets(bench, max(set(which), key=which.count))


def subsets(bench: Bench, name: str) -> None:
    """Print what one network makes of every subset of the features."""
    kind, work = MODELS.resolve(name), bench.work(bench.joined)
    checked = kind.Options.model_validate(bench.corpus.batch)
    models = {
        fit.fold: work.fitted(
            fit,
            lambda: kind(checked, spec=work.spec, task=work.task, seed=bench.seed),
            bench.folder / name / fit.name,
        )
        for fit in work.fits()
    }
    values: dict[int, list[float]] = {}
    print(f"\n{name}, with")
    for some, table in subset_tables(work, models).items():
        result = evaluate(table, bench.corpus.cohort, "accuracy", split="train")
        values.setdefault(len(some), []).append(result.value)
        told = f"{100 * result.value:6.1f}    {span(result.low, result.high)}"
        print(f"  {' + '.join(some):24} {told}")
    means = ", ".join(f"{n}: {100 * np.mean(own):.1f}" for n, own in sorted(values.items()))
    print(f"mean by number of features: {means}")


def span(low: float, high: float) -> str:
    return f"{100 * low:5.1f} to {100 * high:5.1f}"


if __name__ == "__main__":
    main()
