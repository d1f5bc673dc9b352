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
    protocol_of,
    published,
    rank_runs,
    ranked,
    render,
    runs_of,
    standing_of,
)
from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.clip import Clip, Split
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import write_manifest
from emotiw.core.errors import ConfigError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Regression
from emotiw.evaluation.results import evaluate

SPEC = load_spec("afew2017")
LABELS = SPEC.labels


def make_cohort(n: int = 40, split: Split = "val") -> Cohort:
    return Cohort(
        (
            Clip(f"{i:03}", Path(f"{i}.avi"), split, LABELS[i % 7], group=str(i // 4))
            for i in range(n)
        ),
        task=SPEC.task,
    )


def table_with(cohort: Cohort, n_right: int, **changes: object) -> ScoreTable:
    truth = cohort.answer_key()
    scores = np.zeros((len(cohort), 7))
    for row, clip in enumerate(cohort):
        right = LABELS.index(str(truth[clip.clip_id]))
        scores[row, right if row < n_right else (right + 1) % 7] = 1
    table = ScoreTable(
        name="x",
        task=SPEC.task,
        clip_ids=cohort.clip_ids,
        scores=scores,
        split=tuple(clip.split for clip in cohort),
        fold=(None,) * len(cohort),
    )
    return replace(table, **changes)  # type: ignore[arg-type]


def standing(cohort: Cohort, n_right: int, **changes: object) -> Standing:
    return standing_of(evaluate(table_with(cohort, n_right, **changes), cohort, SPEC.metric), "a")


def test_value_and_interval() -> None:
    cohort = make_cohort()
    line = standing(cohort, 20)
    assert (line.split, line.value, line.n) == ("val", 50.0, 40)
    assert 0 < line.low < 50 < line.high < 100
    assert line == standing(cohort, 20)


def test_groups_that_agree_give_a_wider_interval_than_single_clips() -> None:
    grouped = make_cohort()
    alone = Cohort((replace(clip, group=None) for clip in grouped), task=SPEC.task)
    wide, narrow = standing(grouped, 20), standing(alone, 20)
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_in_sample_rows_are_never_looked_at() -> None:
    cohort = make_cohort(split="train")
    everyone = frozenset(cohort.groups.values())
    # the first ten clips are held out by their fold, the others were trained on
    about = {
        "fold": tuple(0 if i < 10 else None for i in range(40)),
        "seen_groups": {0: everyone - {"0", "1", "2"}, None: everyone},
    }
    line = standing(cohort, 40, **about)
    assert (line.split, line.value, line.n) == ("folds", 25.0, 40)
    with pytest.raises(ConfigError, match="has not seen its group"):
        standing(cohort, 5, seen_groups={None: everyone})
    with pytest.raises(ConfigError, match="has not seen its group"):
        standing(cohort, 5)  # nobody says what its model has seen


def test_test_answers_are_never_looked_at() -> None:
    with pytest.raises(ConfigError, match="no val or train clip"):
        standing(make_cohort(split="test"), 40)


def test_a_clip_without_scores_is_wrong() -> None:
    cohort = make_cohort()
    table = table_with(cohort, 40)
    table.scores[:10] = np.nan
    assert standing_of(evaluate(table, cohort, SPEC.metric), "a").value == 75.0


def test_a_clip_that_the_table_does_not_list_is_wrong_too() -> None:
    cohort = make_cohort()
    table = table_with(cohort, 40).select(cohort.clip_ids[:10])
    line = standing_of(evaluate(table, cohort, SPEC.metric), "a")
    assert (line.value, line.n) == (25.0, 40)


def test_regressions_rank_the_smallest_error_first() -> None:
    spec = load_spec("engagewild2020")
    cohort = Cohort(Clip(str(i), Path("x"), "val", target=i / 10) for i in range(10))
    table = ScoreTable(
        name="x",
        task=Regression(("engagement",)),
        clip_ids=cohort.clip_ids,
        scores=np.arange(10.0)[:, None] / 10 + 0.1,
        split=("val",) * 10,
        fold=(None,) * 10,
    )
    line = standing_of(evaluate(table, cohort, spec.metric), "ours")
    assert line.value == pytest.approx(0.01)
    order = [each.who for each in ranked(spec, [*published(spec), line])]
    assert order[:2] == ["ours", "head pose and gaze LSTM"]


def test_published_figures_are_one_line_per_method() -> None:
    lines = {line.who: line for line in published(SPEC)}
    sse = lines["Hu et al. (SSE)"]
    assert (sse.kind, sse.split, sse.value, sse.test) == ("winner", "val", 59.01, 60.34)


def test_runs_stand_among_the_published(tmp_path: Path) -> None:
    cohort = make_cohort()
    for name, n_right in (("strong", 24), ("weak", 10)):
        folder = tmp_path / name
        write_manifest(cohort, folder / "manifest.csv", root=folder)
        table_with(cohort, n_right).write_csv(folder / "fused.csv")
        table_with(cohort, 4).write_csv(folder / "scores/audio.csv")
    (tmp_path / "empty").mkdir()
    lines, unread = rank_runs(SPEC, sorted(tmp_path.iterdir()), test_values={"strong": 58.5})
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
        ",".join(COLUMNS) + "\n1,a_b & c,run,val,61.23,55.00,66.00,383,,,\n,w,winner,,,,,,60.34,,\n"
    )
    markdown = render(SPEC, lines, "markdown").splitlines()
    assert markdown[2] == "| 1 | a_b & c | run | val | 61.23 | 55.00 | 66.00 | 383 |  |  |  |"
    assert len({line.count("|") for line in markdown}) == 1
    assert r"1 & a\_b \& c & run" in render(SPEC, lines, "latex")
    assert "61.23" in render(SPEC, lines)
    with pytest.raises(ConfigError, match="did you mean 'markdown'"):
        render(SPEC, lines, "markdwon")


@pytest.mark.real_data
def test_published_scores_of_ravdess_stand_where_they_were_published(real_data: Path) -> None:
    spec = load_spec("ravdess")
    cohort, *_ = read_challenge(spec, real_data)
    frames = [
        pd.read_csv(real_data / f"ravdess_scores/published_fusion/fold{fold}.csv").assign(fold=fold)
        for fold in range(5)
    ]
    scores = pd.concat(frames)
    values = scores[list(spec.labels)].to_numpy()
    table = ScoreTable(
        name="published",
        task=spec.task,
        clip_ids=tuple(scores["clip_id"]),
        scores=values / values.sum(axis=1, keepdims=True),
        split=("train",) * len(scores),
        fold=tuple(int(fold) for fold in scores["fold"]),
        seen_groups={
            fold: frozenset(clip.group for clip in cohort if clip.group and clip.fold != fold)
            for fold in range(5)
        },
    )
    line = standing_of(evaluate(table, cohort, spec.metric), "published")
    assert (line.split, line.n) == ("folds", 1440)
    assert round(line.value, 2) == 86.74
    assert 80 < line.low < 86.74 < line.high < 93
    folds = dict(zip(table.clip_ids, table.fold, strict=True))
    assert all(folds[clip.clip_id] == clip.fold for clip in cohort)


def test_protocols_stand_apart() -> None:
    spec = load_spec("ravdess")
    ours = Standing("mine/fused", "run", "folds", 80.0, protocol="luna-jimenez")
    lines = ranked(spec, [*published(spec), ours])
    protocols = list(dict.fromkeys(line.protocol for line in lines))
    assert protocols == ["luna-jimenez", "its own", "random split"]
    assert [line.who for line in lines[:3]] == [
        "audio and video", "wav2vec2-xlsr (audio)", "mine/fused",
    ]  # fmt: skip
    first, *others = render(spec, lines).split("\nprotocol ")[1:]
    assert "mine/fused" in first
    assert "95.83" not in first
    assert others[-1].startswith("random split, compared with no other:")
    assert "\n1 " in others[-1]
    assert "protocol" in render(spec, lines, "csv").splitlines()[0]


def test_a_run_says_which_protocol_it_follows(tmp_path: Path) -> None:
    spec = load_spec("ravdess")
    assert protocol_of(spec, tmp_path) == "luna-jimenez"
    (tmp_path / "recipe.yaml").write_text("data: {options: {protocol: hicmae}}\n")
    assert protocol_of(spec, tmp_path) == "hicmae"
    assert protocol_of(SPEC, tmp_path) == "hicmae"
    (tmp_path / "recipe.yaml").write_text("folds: {scheme: leave_one_group_out}\n")
    assert protocol_of(spec, tmp_path) == "folds of its own, leave_one_group_out"


def test_a_challenge_of_ones_own_is_known_by_its_name_not_its_file(tmp_path: Path) -> None:
    file = tmp_path / "clips_challenge.yaml"
    file.write_text("extends: folder\nname: clips\n")
    asked = {"mine": file, "gone": tmp_path / "clips.yaml", "other": "afew2017"}
    for name, challenge in asked.items():
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "recipe.yaml").write_text(f"challenge: {challenge}\n")
    found = runs_of(load_spec(file), tmp_path / "runs")
    assert [folder.name for folder in found] == ["gone", "mine"]


def test_a_damaged_recipe_is_named_and_the_other_runs_are_ranked(tmp_path: Path) -> None:
    for name, recipe in {"good": "challenge: afew2017\n", "bad": "challenge: [\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.yaml").write_text(recipe)
    cohort = make_cohort()
    write_manifest(cohort, tmp_path / "good/manifest.csv", root=tmp_path)
    table_with(cohort, 20).write_csv(tmp_path / "good/fused.csv")
    standings, unread = rank_runs(SPEC, runs_of(SPEC, tmp_path))
    assert "good/fused" in {line.who for line in standings}
    assert len(unread) == 1
    assert "bad/recipe.yaml: not valid YAML" in unread[0]
