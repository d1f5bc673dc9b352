"""From a folder as the organisers hand it out to the file that they want, every step learnt.

Answers follow from columns of features that another program might have computed, frame by frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import pearsonr
from sklearn.metrics import f1_score, roc_auc_score

from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from tests.challenges.layouts import write
from tests.challenges.step_layouts import EDITIONS, HEADS, video

pytestmark = pytest.mark.slow
FPS, N_FRAMES = 10, 50
SPLITS = {"train": 8, "val": 4, "test": 2}
WORD_OF = {"train": "train", "val": "devel", "test": "test"}
SETS = {"train": "Train_Set", "val": "Validation_Set"}
GRU: dict[str, Any] = {
    "model": "gru", "hidden": 12, "dropout": 0,
    "training": {"epochs": 15, "batch_size": 4, "learning_rate": 0.02},
}  # fmt: skip


@dataclass
class Clips:
    """Clips by split, the features of their frames, and what was annotated in each of these."""

    root: Path
    truth: dict[str, np.ndarray] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)

    def make(self, answers: Callable[[np.ndarray], np.ndarray], *, by_clip: bool = False) -> None:
        rng, rows = np.random.default_rng(2), []
        for split, count in SPLITS.items():
            for _ in range(30 if by_clip else count):
                clip_id = f"{len(self.splits) + 1}"
                walk = np.cumsum(rng.normal(size=(N_FRAMES, 4)), axis=0)
                seen = np.sin(walk / 3 + rng.uniform(0, 6, 4))
                told = answers(seen.mean(axis=0, keepdims=True) if by_clip else seen)
                self.truth[clip_id], self.splits[clip_id] = told, split
                path = self.root / "videos" / f"{clip_id}.mp4"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(video(N_FRAMES, FPS, len(self.splits)))
                frame = pd.DataFrame(seen, columns=list("abcd"))
                rows.append(frame.assign(clip_id=clip_id, time_sec=np.arange(N_FRAMES) / FPS))
        pd.concat(rows).to_csv(self.root / "seen.csv", index=False)

    def run(self, challenge: str, model: dict[str, Any]) -> tuple[float, pd.DataFrame, Any]:
        """Return the value of the validation clips, the fused scores, and the check's report."""
        features = {"extractor": "imported", "path": str(self.root / "seen.csv"), "unit": "frame"}
        recipe = {
            "challenge": challenge, "name": "small", "data": {"root": str(self.root)},
            "paths": {"runs": str(self.root / "runs"), "store": str(self.root / "store")},
            "folds": {"n_folds": 2}, "features": {"seen": features},
            "models": {"mine": {**model, "features": "seen"}}, "submission": {"team": "T"},
        }  # fmt: skip
        path = self.root / "recipe.yaml"
        path.write_text(yaml.safe_dump(recipe))
        run = open_run(path)
        summary = run_all(run)
        official = run.recipe.spec.official_metric.name
        assert summary.results is not None
        (value,) = (
            result.value
            for result in summary.results
            if (result.name, result.split, result.metric.name) == ("fused", "val", official)
        )
        return value, pd.read_csv(run.fused_path, dtype={"clip_id": "str"}), summary.check

    def of(self, split: str) -> list[str]:
        return [clip_id for clip_id, own in self.splits.items() if own == split]


def val_of(fused: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """``(n, n_columns)`` scores of the validation rows, by clip and time."""
    own = fused[fused["split"] == "val"]
    order = own.assign(place=own.index)
    if "time_sec" in own:
        order = own.assign(number=own["clip"].astype(int)).sort_values(["number", "time_sec"])
    return np.asarray(order[columns].to_numpy(dtype=float))


def lin(truth: np.ndarray, said: np.ndarray) -> float:
    top = 2 * np.mean((truth - truth.mean()) * (said - said.mean()))
    return float(top / (truth.var() + said.var() + (truth.mean() - said.mean()) ** 2))


def affect(seen: np.ndarray) -> np.ndarray:
    return np.stack([0.9 * seen[:, 0], 0.5 * seen[:, 1] - 0.4 * seen[:, 2]], axis=1).round(4)


def expression(seen: np.ndarray) -> np.ndarray:
    return np.where(seen[:, 0] > 0.3, 4, np.where(seen[:, 1] > 0, 5, 0))[:, None]


def units(seen: np.ndarray) -> np.ndarray:
    return (np.tile(seen, 3) + np.repeat([0, 0.2, -0.2], 4) > 0).astype(int)


def hide(values: np.ndarray, nobody: int) -> np.ndarray:
    """Some frames that nobody annotated."""
    hidden = values.astype(float).copy()
    hidden[3::11] = nobody
    return hidden


def texts(values: np.ndarray) -> list[str]:
    return [",".join(f"{value:g}" for value in row) for row in values]


def names(clip_id: str) -> list[str]:
    return [f"{clip_id}/{n:05d}.jpg" for n in range(1, N_FRAMES + 1)]


def write_abaw(clips: Clips, track: str, nobody: int) -> None:
    folder, listed = EDITIONS[track]
    for clip_id, split in clips.splits.items():
        if split != "test":
            lines = [HEADS[track], *texts(hide(clips.truth[clip_id], nobody))]
            path = clips.root / f"annotations/{folder}/{SETS[split]}/{clip_id}.txt"
            write(path, "\n".join(lines) + "\n")
    rows = [row for clip_id in clips.of("test") for row in names(clip_id)]
    write(clips.root / listed, "\n".join([f"image_location,{HEADS[track]}", *rows]) + "\n")


def val_truth(clips: Clips, nobody: int) -> tuple[np.ndarray, np.ndarray]:
    truth = np.concatenate([hide(clips.truth[c], nobody) for c in clips.of("val")])
    return truth, truth[:, 0] != nobody


def ragged(path: Path, listed: str, head: str, n_fields: int) -> None:
    """The organisers' example has values that mean nothing."""
    lines = (path / listed).read_text().splitlines()
    zeros = ",0" * n_fields
    write(path / listed, "\n".join([head, *(f"{line}{zeros}" for line in lines[1:])]) + "\n")


@pytest.mark.parametrize("challenge", ["abaw_va", "abaw6_va"])
def test_valence_and_arousal_of_every_frame(challenge: str, tmp_path: Path) -> None:
    clips = Clips(tmp_path)
    clips.make(affect)
    write_abaw(clips, "va", -5)
    ragged(tmp_path, EDITIONS["va"][1], "image_location,valence,arousal", 2)
    model = {**GRU, "training": {**GRU["training"], "loss": "ccc"}}
    value, fused, check = clips.run(challenge, model)
    truth, known = val_truth(clips, -5)
    said = val_of(fused, ["valence", "arousal"])
    official = np.mean([lin(truth[known, d], said[known, d]) for d in range(2)])
    assert value == pytest.approx(official, abs=1e-6)
    assert value > 0.6
    assert check.is_ok, str(check)
    assert check.n_answers == SPLITS["test"] * N_FRAMES


@pytest.mark.parametrize("challenge", ["abaw_expression", "abaw6_expression"])
def test_the_expression_of_every_frame(challenge: str, tmp_path: Path) -> None:
    clips = Clips(tmp_path)
    clips.make(expression)
    write_abaw(clips, "expression", -1)
    ragged(tmp_path, EDITIONS["expression"][1], f"image_location,{HEADS['expression']}", 1)
    value, fused, check = clips.run(challenge, GRU)
    truth, known = val_truth(clips, -1)
    said = val_of(fused, HEADS["expression"].split(",")).argmax(axis=1)
    official = f1_score(truth[known, 0], said[known], average="macro")
    assert value == pytest.approx(official, abs=1e-6)
    assert value > 0.6
    assert check.is_ok, str(check)


@pytest.mark.parametrize("challenge", ["abaw_au", "abaw6_au"])
def test_the_units_of_every_frame(challenge: str, tmp_path: Path) -> None:
    clips = Clips(tmp_path)
    clips.make(units)
    write_abaw(clips, "au", -1)
    ragged(tmp_path, EDITIONS["au"][1], f"image_location,{HEADS['au']}", 12)
    value, fused, check = clips.run(challenge, GRU)
    truth, known = val_truth(clips, -1)
    said = val_of(fused, HEADS["au"].split(",")) >= 0.5
    official = np.mean([f1_score(truth[known, u], said[known, u]) for u in range(12)])
    assert value == pytest.approx(official, abs=1e-6)
    assert value > 0.6
    assert check.is_ok, str(check)


def test_all_three_at_once(tmp_path: Path) -> None:
    clips = Clips(tmp_path)
    clips.make(lambda seen: np.hstack([affect(seen), expression(seen), units(seen)]))
    head = "image,valence,arousal,expression,aus"
    for split, name in (("train", "training"), ("val", "validation")):
        rows = [
            f"{frame},{text}"
            for clip_id in clips.of(split)
            for frame, text in zip(names(clip_id), texts(clips.truth[clip_id]), strict=True)
        ]
        write(tmp_path / f"{name}_set_annotations.txt", "\n".join([head, *rows]) + "\n")
    asked = [row for clip_id in clips.of("test") for row in names(clip_id)]
    write(tmp_path / "MTL_Challenge_test_set_release.txt", "\n".join(["image", *asked]) + "\n")
    value, fused, check = clips.run("abaw_mtl", GRU)
    truth = np.concatenate([clips.truth[c] for c in clips.of("val")])
    affects = val_of(fused, ["valence", "arousal"])
    official = np.mean([lin(truth[:, d], affects[:, d]) for d in range(2)])
    labels = val_of(fused, HEADS["expression"].split(",")).argmax(axis=1)
    official += f1_score(truth[:, 2], labels, average="macro")
    there = val_of(fused, HEADS["au"].split(",")) >= 0.5
    official += np.mean([f1_score(truth[:, 3 + u], there[:, u]) for u in range(12)])
    assert value == pytest.approx(official, abs=1e-6)
    assert value > 1.5
    assert check.is_ok, str(check)


def write_partition(clips: Clips) -> None:
    rows = "".join(f"{clip_id},{WORD_OF[split]}\n" for clip_id, split in clips.splits.items())
    write(clips.root / "metadata/partition.csv", f"Id,Partition\n{rows}")


@pytest.mark.parametrize(
    ("challenge", "folder"),
    [
        ("muse2021_arousal", "arousal"),
        ("muse2021_valence", "valence"),
        ("muse2023_personalisation_arousal", "arousal"),
        ("muse2023_personalisation_valence", "valence"),
    ],
)
def test_a_number_every_half_second(challenge: str, folder: str, tmp_path: Path) -> None:
    clips = Clips(tmp_path)
    clips.make(lambda seen: affect(seen)[::5, :1])
    write_partition(clips)
    for clip_id, split in clips.splits.items():
        told = ["" if split == "test" else f"{value[0]:g}" for value in clips.truth[clip_id]]
        rows = "".join(f"{500 * n},{value},1\n" for n, value in enumerate(told))
        path = tmp_path / f"label_segments/{folder}/{clip_id}.csv"
        write(path, f"timestamp,value,segment_id\n{rows}")
    model = {**GRU, "training": {**GRU["training"], "loss": "ccc", "epochs": 40}}
    value, fused, check = clips.run(challenge, model)
    truth = np.concatenate([clips.truth[c] for c in clips.of("val")])[:, 0]
    said = val_of(fused, [folder])[:, 0]
    assert value == pytest.approx(lin(truth, said), abs=1e-6)
    assert value > 0.6
    assert check.is_ok, str(check)


@pytest.mark.parametrize("challenge", ["muse2023_humor", "muse2024_humor"])
def test_segments_that_are_funny(challenge: str, tmp_path: Path) -> None:
    clips = Clips(tmp_path)
    clips.make(lambda seen: (seen[:, :1].reshape(5, 10, 1).mean(axis=1) > 0).astype(int))
    rows = "".join(f"c{clip_id},{WORD_OF[s]}\n" for clip_id, s in clips.splits.items())
    write(tmp_path / "metadata/partition.csv", f"a,b\n{rows}")
    for clip_id, split in clips.splits.items():
        told = ["" if split == "test" else int(value[0]) for value in clips.truth[clip_id]]
        rows = "".join(
            f"{clip_id},{1000 * n},{1000 * n + 1000},1,{v}\n" for n, v in enumerate(told)
        )
        head = "id,timestamp_start,timestamp_end,segment_id,label\n"
        write(tmp_path / f"label_segments/c{clip_id}/{clip_id}.csv", head + rows)
    model = {"model": "logistic", "steps": {"context_sec": 1.0, "stride_sec": 0}}
    value, fused, check = clips.run(challenge, model)
    truth = np.concatenate([clips.truth[c] for c in clips.of("val")])[:, 0]
    said = val_of(fused, ["humor"])[:, 0]
    assert value == pytest.approx(roc_auc_score(truth, said), abs=1e-6)
    assert value > 0.7
    assert check.is_ok, str(check)


def test_three_numbers_of_a_clip(tmp_path: Path) -> None:
    clips = Clips(tmp_path)
    clips.make(lambda seen: (seen[:, :3] + 1) / 2, by_clip=True)
    write_partition(clips)
    rows = [
        ",".join([clip_id, *("" if clips.splits[clip_id] == "test" else f"{v:g}" for v in told[0])])
        for clip_id, told in clips.truth.items()
    ]
    head = "filename,Approval_,Disappointment_,Uncertainty_"
    write(tmp_path / "labels.csv", "\n".join([head, *rows]) + "\n")
    value, fused, check = clips.run("muse2023_mimic", {"model": "kernel_ridge"})
    own = fused[fused["split"] == "val"].set_index("clip_id")
    said = own[["Approval", "Disappointment", "Uncertainty"]]
    truth = np.array([[float(f"{v:g}") for v in clips.truth[c][0]] for c in own.index])
    official = np.mean([pearsonr(truth[:, d], said.to_numpy()[:, d])[0] for d in range(3)])
    assert value == pytest.approx(official, abs=1e-6)
    assert value > 0.5
    assert check.is_ok, str(check)
