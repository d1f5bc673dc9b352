"""Validation values against the challenges' own formulas, from the texts as they are handed out.

The texts are read, and the formulas written, a second time here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import f1_score, roc_auc_score

from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.results import evaluate
from tests.challenges.layouts import write
from tests.challenges.step_layouts import EDITIONS, HEADS, MIMIC, WORDS
from tests.challenges.step_scores import made_up, table_of

RNG = np.random.default_rng(5)
LENGTHS = {"20": 60, "21": 35, "22_left": 48}
OPTIONS = {"frame_rate": 30}  # of videos that aren't there


def lin(truth: np.ndarray, said: np.ndarray) -> float:
    top = 2 * np.mean((truth - truth.mean()) * (said - said.mean()))
    return float(top / (truth.var() + said.var() + (truth.mean() - said.mean()) ** 2))


def judged(name: str, root: Path, scores: dict[str, list[float]]) -> float:
    """The value of our own reading and judging."""
    spec = load_spec(name)
    options = OPTIONS if name.startswith("abaw") else {}
    cohort, *_ = read_challenge(spec.with_options(options), root)
    table = table_of(cohort, list(scores), np.array(list(scores.values())))
    return evaluate(table, cohort.rows, spec.official_metric, split="val").value


def drawn(cohort_task: str, row_ids: list[str]) -> dict[str, list[float]]:
    scores = made_up(load_spec(cohort_task).task, len(row_ids), RNG)
    return dict(zip(row_ids, scores.tolist(), strict=True))


def frames() -> list[str]:
    return [
        f"{video}/{n:05d}.jpg" for video, length in LENGTHS.items() for n in range(1, length + 1)
    ]


def annotated(track: str) -> np.ndarray:
    """``(n_frames, n_fields)`` as they are written, some of them not annotated."""
    n_frames = sum(LENGTHS.values())
    if track == "va":
        found, nobody = RNG.uniform(-1, 1, (n_frames, 2)).round(3), -5
    elif track == "expression":
        found, nobody = RNG.integers(0, 8, (n_frames, 1)), -1
    else:
        found, nobody = (RNG.random((n_frames, 12)) > 0.7).astype(int), -1
    found[RNG.random(n_frames) < 0.15] = nobody
    return found


def write_val(track: str, truth: np.ndarray, root: Path) -> None:
    lines = iter(truth.tolist())
    for video, length in LENGTHS.items():
        texts = [",".join(f"{value:g}" for value in next(lines)) for _ in range(length)]
        path = root / EDITIONS[track][0] / "Validation_Set" / f"{video}.txt"
        write(path, "\n".join([HEADS[track], *texts]) + "\n")


def test_valence_and_arousal_of_all_frames_together(tmp_path: Path) -> None:
    truth, scores = annotated("va"), drawn("abaw_va", frames())
    write_val("va", truth, tmp_path)
    said, known = np.array(list(scores.values())), truth[:, 0] != -5
    official = np.mean([lin(truth[known, d], said[known, d]) for d in range(2)])
    assert judged("abaw_va", tmp_path, scores) == pytest.approx(official, abs=1e-6)


def test_expressions_of_all_frames_together(tmp_path: Path) -> None:
    truth, scores = annotated("expression"), drawn("abaw_expression", frames())
    write_val("expression", truth, tmp_path)
    said, known = np.array(list(scores.values())).argmax(axis=1), truth[:, 0] != -1
    official = f1_score(truth[known, 0], said[known], average="macro")
    assert judged("abaw_expression", tmp_path, scores) == pytest.approx(official, abs=1e-6)


def test_units_of_all_frames_together(tmp_path: Path) -> None:
    truth, scores = annotated("au"), drawn("abaw_au", frames())
    write_val("au", truth, tmp_path)
    said, known = np.array(list(scores.values())) >= 0.5, truth[:, 0] != -1
    official = np.mean([f1_score(truth[known, u], said[known, u]) for u in range(12)])
    assert judged("abaw_au", tmp_path, scores) == pytest.approx(official, abs=1e-6)


def test_three_tasks_of_one_list(tmp_path: Path) -> None:
    va, expression, au = (annotated(track) for track in EDITIONS)
    scores = drawn("abaw_mtl", frames())
    rows = [
        ",".join([frame, *(f"{value:g}" for value in (*v, *e, *u))])
        for frame, v, e, u in zip(frames(), va, expression, au, strict=True)
    ]
    head = "image,valence,arousal,expression,aus"
    write(tmp_path / "validation_set_annotations.txt", "\n".join([head, *rows]) + "\n")
    said = np.array(list(scores.values()))
    in_va, in_expression, in_au = va[:, 0] != -5, expression[:, 0] != -1, au[:, 0] != -1
    official = np.mean([lin(va[in_va, d], said[in_va, 8 + d]) for d in range(2)])
    guess = said[in_expression, :8].argmax(axis=1)
    official += f1_score(expression[in_expression, 0], guess, average="macro")
    there = said[in_au, 10:] >= 0.5
    official += np.mean([f1_score(au[in_au, u], there[:, u]) for u in range(12)])
    assert judged("abaw_mtl", tmp_path, scores) == pytest.approx(official, abs=1e-6)


def muse_values(root: Path, folder: str) -> tuple[np.ndarray, list[str]]:
    truth, ids = [], []
    for name, length in (("2", 30), ("5", 51)):
        values = RNG.normal(0, 0.4, length).round(4)
        truth.append(values)
        ids += [f"{name}/{500 * n}/1" for n in range(length)]
        rows = "".join(f"{500 * n},{value},1\n" for n, value in enumerate(values))
        write(root / f"label_segments/{folder}/{name}.csv", f"timestamp,value,segment_id\n{rows}")
    write(root / "metadata/partition.csv", "Id,Partition\n2,devel\n5,devel\n")
    return np.concatenate(truth), ids


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("muse2021_arousal", "arousal"),
        ("muse2021_valence", "valence"),
        ("muse2023_personalisation_arousal", "physio-arousal"),
        ("muse2023_personalisation_valence", "valence"),
    ],
)
def test_segments_of_all_videos_together(name: str, folder: str, tmp_path: Path) -> None:
    truth, ids = muse_values(tmp_path, folder)
    scores = drawn(name, ids)
    said = np.array(list(scores.values()))[:, 0]
    ours = judged(name, tmp_path, scores)
    assert ours == pytest.approx(lin(truth, said), abs=1e-6)
    sample = np.cov(said, truth)  # the organisers' program of 2021 divides by n - 1
    theirs = 2 * sample[0, 1] / (sample.trace() + (said.mean() - truth.mean()) ** 2)
    assert ours == pytest.approx(theirs, abs=1 / len(truth))


def test_humour_by_the_area_under_its_curve(tmp_path: Path) -> None:
    truth = RNG.integers(0, 2, 40)
    rows = "".join(f"w_1,{2000 * n},{2000 * n + 2000},1,{t}\n" for n, t in enumerate(truth))
    head = "id,timestamp_start,timestamp_end,segment_id,label\n"
    write(tmp_path / "label_segments/w/w_1.csv", head + rows)
    write(tmp_path / "metadata/partition.csv", "a,b\nw,devel\n")
    scores = drawn(
        "muse2023_humor", [f"w_1/{2000 * n}/{2000 * n + 2000}/1" for n in range(len(truth))]
    )
    said = np.array(list(scores.values()))[:, 0]
    official = roc_auc_score(truth, said)
    assert judged("muse2023_humor", tmp_path, scores) == pytest.approx(official, abs=1e-6)


def test_mimicked_emotions_by_their_mean_correlation(tmp_path: Path) -> None:
    MIMIC.make(tmp_path)
    truth, ids = RNG.random((25, 3)).round(4), [f"v{n}" for n in range(25)]
    head = "filename,Approval_,Disappointment_,Uncertainty_\n"
    rows = "".join(f"{i},{a},{d},{u}\n" for i, (a, d, u) in zip(ids, truth, strict=True))
    write(tmp_path / "labels.csv", head + rows)
    write(tmp_path / "partition.csv", "a,b\n" + "".join(f"{i},devel\n" for i in ids))
    (tmp_path / "raw_videos/v0.mp4").touch()
    scores = drawn("muse2023_mimic", ids)
    said = np.array(list(scores.values()))
    official = np.mean([pearsonr(truth[:, d], said[:, d])[0] for d in range(3)])
    assert judged("muse2023_mimic", tmp_path, scores) == pytest.approx(official, abs=1e-6)


def test_emotion_less_a_quarter_of_the_error_of_valence(tmp_path: Path) -> None:
    spec = load_spec("mer2023")
    codes, valence = RNG.integers(0, 6, 50), RNG.normal(size=50).round(3)
    rows = [
        f"s{n},{spec.labels[c]},{v}" for n, (c, v) in enumerate(zip(codes, valence, strict=True))
    ]
    write(tmp_path / "train-label.csv", "\n".join(["name,discrete,valence", *rows]) + "\n")
    for n in range(50):
        write(tmp_path / f"train/s{n}.avi", str(n))
    cohort, *_ = read_challenge(spec, tmp_path)
    scores = made_up(spec.task, 50, RNG)
    table = ScoreTable(
        "x", spec.task, tuple(f"s{n}" for n in range(50)), scores, ("train",) * 50, (0,) * 50,
        {0: frozenset({"another"})},
    )  # fmt: skip
    value = evaluate(table, cohort, spec.official_metric, split="train").value
    official = f1_score(codes, scores[:, :6].argmax(axis=1), average="weighted")
    official -= 0.25 * np.mean((valence - scores[:, 6]) ** 2)
    assert value == pytest.approx(official, abs=1e-6)


class TestBlends:
    NAMES = ("ang", "disg", "fea", "hap", "sad", "neu")

    def clips(self) -> Iterator[tuple[str, dict[str, int]]]:
        for n in range(60):
            one, two = RNG.choice(5, 2, replace=False)
            if n % 3 == 0:
                yield f"c{n}", {self.NAMES[RNG.integers(6)]: 100}
            else:
                share = int(RNG.choice([30, 50, 70]))
                yield f"c{n}", {self.NAMES[one]: share, self.NAMES[two]: 100 - share}

    def cohort(self, told: dict[str, dict[str, int]], root: Path) -> Cohort:
        head = "filename,video_id,emotion_1,emotion_2,emotion_1_salience,emotion_2_salience\n"
        rows = []
        for clip_id, blend in told.items():
            names, shares = list(blend), list(blend.values())
            both = len(names) == 2
            cells = [*names, *shares] if both else [names[0], "", "", ""]
            rows.append(",".join(map(str, [clip_id, clip_id, *cells])) + "\n")
            write(root / f"train/{clip_id}.mov", clip_id)
        write(root / "train_metadata.csv", head + "".join(rows))
        return read_challenge(load_spec("blemore"), root)[0]

    def test_presence_and_salience(self, tmp_path: Path) -> None:
        told = dict(self.clips())
        cohort = self.cohort(told, tmp_path)
        said = dict(self.clips())  # what somebody else's clips are
        said |= {c: dict(told[c]) for c in list(told)[::2]}
        said["c2"] = {n: 100 - s for n, s in told["c2"].items()}  # its emotions, not their shares
        scores = [[said[c].get(name, 0) for name in self.NAMES] for c in cohort.clip_ids]
        noise = RNG.uniform(-4, 4, np.shape(scores))  # which changes no blend
        table = ScoreTable(
            "x", cohort.task, cohort.clip_ids, np.array(scores) + noise,
            ("train",) * len(told), (0,) * len(told), {0: frozenset({"another"})},
        )  # fmt: skip
        right = [set(told[c]) == set(said[c]) for c in told]
        blends = [told[c] == said[c] for c in told if len(told[c]) == 2]
        for metric, official in (
            ("presence_accuracy", np.mean(right)), ("salience_accuracy", np.mean(blends)),
        ):  # fmt: skip
            assert evaluate(table, cohort, metric, split="train").value == pytest.approx(official)

    def test_labels_in_class_order(self) -> None:
        assert load_spec("abaw_expression").labels == tuple(WORDS.split(","))
