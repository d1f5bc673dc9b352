from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotiw.analysis.leaderboard import (
    COLUMNS,
    Standing,
    published,
    rank_runs,
    ranked,
    render,
    standing_of,
)
from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.cohort import Clip, Manifest
from emotiw.core.errors import ConfigError
from emotiw.core.score_table import ScoreTable

SPEC = load_spec("afew2017")
LABELS = SPEC.labels


def make_manifest(n: int = 40, split: str = "val") -> Manifest:
    return Manifest(
        Clip(f"{i:03}", Path(f"{i}.avi"), split, LABELS[i % 7], group=str(i // 4))  # type: ignore[arg-type]
        for i in range(n)
    )


def table_with(manifest: Manifest, n_right: int, **changes: object) -> ScoreTable:
    answers = manifest.answer_key()
    scores = np.zeros((len(manifest), 7))
    for row, clip in enumerate(manifest):
        right = LABELS.index(str(answers[clip.clip_id]))
        scores[row, right if row < n_right else (right + 1) % 7] = 1
    table = ScoreTable(
        name="x",
        labels=LABELS,
        clip_ids=manifest.clip_ids,
        scores=scores,
        split=tuple(clip.split for clip in manifest),
        fold=(None,) * len(manifest),
    )
    return replace(table, **changes)  # type: ignore[arg-type]


def test_value_and_interval() -> None:
    manifest = make_manifest()
    line = standing_of(SPEC, "a", table_with(manifest, 20), manifest, n_resamples=100)
    assert (line.split, line.value, line.n) == ("val", 50.0, 40)
    assert 0 < line.low < 50 < line.high < 100
    assert line == standing_of(SPEC, "a", table_with(manifest, 20), manifest, n_resamples=100)


def test_groups_that_agree_give_a_wider_interval_than_single_clips() -> None:
    grouped = make_manifest()
    alone = Manifest(replace(clip, group=None) for clip in list(grouped))
    wide = standing_of(SPEC, "a", table_with(grouped, 20), grouped, n_resamples=200)
    narrow = standing_of(SPEC, "a", table_with(alone, 20), alone, n_resamples=200)
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_in_sample_rows_are_never_looked_at() -> None:
    manifest = make_manifest(split="train")
    folds = tuple(0 if i < 10 else None for i in range(40))
    line = standing_of(SPEC, "a", table_with(manifest, 5, fold=folds), manifest, n_resamples=100)
    assert (line.split, line.value, line.n) == ("folds", 50.0, 10)
    with pytest.raises(ValueError, match="no validation or out-of-fold"):
        standing_of(SPEC, "a", table_with(manifest, 5), manifest, n_resamples=100)


def test_test_answers_are_never_looked_at() -> None:
    manifest = make_manifest(split="test")
    with pytest.raises(ValueError, match="no validation or out-of-fold"):
        standing_of(SPEC, "a", table_with(manifest, 40), manifest, n_resamples=100)


def test_a_clip_without_scores_is_wrong() -> None:
    manifest = make_manifest()
    table = table_with(manifest, 40)
    table.scores[:10] = np.nan
    assert standing_of(SPEC, "a", table, manifest, n_resamples=10).value == 75.0


def test_a_clip_that_the_table_does_not_list_is_wrong_too() -> None:
    manifest = make_manifest()
    table = table_with(manifest, 40).select(manifest.clip_ids[:10])
    line = standing_of(SPEC, "a", table, manifest, n_resamples=10)
    assert (line.value, line.n) == (25.0, 40)


def test_regressions_rank_the_smallest_error_first() -> None:
    spec = load_spec("engagewild2020")
    manifest = Manifest(Clip(str(i), Path("x"), "val", target=i / 10) for i in range(10))
    table = ScoreTable(
        name="x",
        labels=("engagement",),
        clip_ids=manifest.clip_ids,
        scores=np.arange(10.0)[:, None] / 10 + 0.1,
        split=("val",) * 10,
        fold=(None,) * 10,
        task="regression",
    )
    line = standing_of(spec, "ours", table, manifest, n_resamples=100)
    assert line.value == pytest.approx(0.01)
    order = [each.who for each in ranked(spec, [*published(spec), line])]
    assert order[:2] == ["ours", "head pose and gaze LSTM"]


def test_published_figures_are_one_line_per_method() -> None:
    lines = {line.who: line for line in published(SPEC)}
    sse = lines["Hu et al. (SSE)"]
    assert (sse.kind, sse.split, sse.value, sse.test) == ("winner", "val", 59.01, 60.34)


def test_runs_stand_among_the_published(tmp_path: Path) -> None:
    manifest = make_manifest()
    for name, n_right in (("strong", 24), ("weak", 10)):
        folder = tmp_path / name
        manifest.write_csv(folder / "manifest.csv", root=folder)
        table_with(manifest, n_right).write_csv(folder / "fused.csv")
        table_with(manifest, 4).write_csv(folder / "scores/audio.csv")
    (tmp_path / "empty").mkdir()
    lines, unread = rank_runs(
        SPEC, sorted(tmp_path.iterdir()), test_values={"strong": 58.5}, n_resamples=50
    )
    order = [line.who for line in lines]
    assert order[:4] == ["strong/fused", "Hu et al. (SSE)", "Knyazev et al.", "LBP-TOP + SVM"]
    assert order[4:] == ["weak/fused", "strong/audio", "weak/audio"]
    assert lines[0].test == 58.5
    assert math.isnan(lines[4].test)
    assert len(unread) == 1
    assert "empty" in unread[0]


def test_forms() -> None:
    lines = [
        Standing("a_b & c", "run", "val", 61.234, 55, 66, 383),
        Standing("w", "winner", "", np.nan, test=60.34),
    ]
    assert render(SPEC, lines, "csv") == (
        ",".join(COLUMNS) + "\n1,a_b & c,run,val,61.23,55.00,66.00,383,,\n,w,winner,,,,,,60.34,\n"
    )
    markdown = render(SPEC, lines, "markdown").splitlines()
    assert markdown[2] == "| 1 | a_b & c | run | val | 61.23 | 55.00 | 66.00 | 383 |  |  |"
    assert len({line.count("|") for line in markdown}) == 1
    assert r"1 & a\_b \& c & run" in render(SPEC, lines, "latex")
    assert "61.23" in render(SPEC, lines)
    with pytest.raises(ConfigError, match="did you mean 'markdown'"):
        render(SPEC, lines, "markdwon")


@pytest.mark.real_data
def test_published_scores_of_ravdess_stand_where_they_were_published(real_data: Path) -> None:
    spec = load_spec("ravdess")
    manifest, _ = read_challenge(spec, real_data)
    frames = [
        pd.read_csv(real_data / f"ravdess_scores/published_fusion/fold{fold}.csv").assign(fold=fold)
        for fold in range(5)
    ]
    scores = pd.concat(frames)
    values = scores[list(spec.labels)].to_numpy()
    table = ScoreTable(
        name="published",
        labels=spec.labels,
        clip_ids=tuple(scores["clip_id"]),
        scores=values / values.sum(axis=1, keepdims=True),
        split=("train",) * len(scores),
        fold=tuple(int(fold) for fold in scores["fold"]),
    )
    line = standing_of(spec, "published", table, manifest, n_resamples=200)
    assert (line.split, line.n) == ("folds", 1440)
    assert round(line.value, 2) == 86.74
    assert 80 < line.low < 86.74 < line.high < 93
    folds = dict(zip(table.clip_ids, table.fold, strict=True))
    assert all(folds[clip.clip_id] == clip.fold for clip in manifest)
