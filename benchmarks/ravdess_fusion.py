"""Fuse the published scores of RAVDESS, alone and with score tables of one's own models.

Usage: python benchmarks/ravdess_fusion.py DATA [SCORES.csv …]

DATA is a folder with ``ravdess_scores/<model>/fold<k>.csv``. SCORES are tables that the train
stage wrote (a CSV and its JSON), or plain CSVs of out-of-fold scores or logits.
Every figure is cross-fitted over the five published speaker-independent folds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.imported_scores import import_scores
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from fusion.attribution import attribute
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.registry import COMBINERS
from fusion.result import FusionResult

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
PUBLISHED = ("audio_wav2vec2", "video_au_mlp", "video_au_bilstm")
REFERENCE = "published_fusion"


def read_cohort(data: Path) -> Cohort:
    clips = []
    for file in sorted((data / "ravdess_scores" / PUBLISHED[0]).glob("fold*.csv")):
        for clip_id in pd.read_csv(file, dtype=str)["clip_id"]:
            label, group = LABELS[int(clip_id.split("-")[2]) - 1], clip_id.split("-")[-1]
            fold = int(file.stem[-1])
            clips.append(Clip(clip_id, Path(clip_id), "train", label, group=group, fold=fold))
    return Cohort(clips, task=Classification(LABELS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("scores", type=Path, nargs="*")
    parser.add_argument("--methods", nargs="*", choices=COMBINERS.names(), default=[])
    arguments = parser.parse_args()
    cohort = read_cohort(arguments.data)

    def load(path: Path, name: str) -> ScoreTable:
        if path.is_file() and path.with_suffix(".json").is_file():
            return ScoreTable.read_csv(path)
        return import_scores(path, cohort, name=name)

    folder = arguments.data / "ravdess_scores"
    published = {name: load(folder / name, name) for name in PUBLISHED}
    own = {path.stem: load(path, path.stem) for path in arguments.scores}
    reference = {REFERENCE: load(folder / REFERENCE, REFERENCE)}

    def run(tables: dict[str, ScoreTable], options: FusionOptions) -> FusionResult:
        return fuse(tables, cohort, options=options, references=reference)

    selections = [published, {**published, **own}] if own else [published]
    for tables in selections:
        result = run(tables, FusionOptions())
        print(result.summary())
        print(attribute(result).modalities.round(4).to_string(), end="\n\n")
        for method in arguments.methods:
            figures = run(tables, FusionOptions.model_validate({"method": method})).cross_fitted
            accuracy, uar = 100 * figures["accuracy"], 100 * figures["uar"]
            print(f"{method}: accuracy {accuracy:.2f}, UAR {uar:.2f}")


if __name__ == "__main__":
    main()
