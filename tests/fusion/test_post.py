from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.signal import savgol_filter
from sklearn.metrics import f1_score

from emotiw.checks.check_post import STEP_SEC, small_traces
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.late import LateFusion
from fusion.post.scale import Scale
from fusion.post.shift import Shift, ShiftOptions
from fusion.post.smooth import Smooth, SmoothOptions
from fusion.post.thresholds import Thresholds, best_threshold
from fusion.traces import Traces
from tests.fusion.made_up_answers import cohort_of, mixed_corpus, step_corpus, table_of

NUMBER = Regression(("arousal",), (-1.0, 1.0))
FILTERS: dict[str, Any] = {
    "median": lambda v: median_filter(v, size=5, mode="nearest"),
    "savitzky_golay": lambda v: savgol_filter(v, 5, 2, mode="nearest"),
    "gaussian": lambda v: gaussian_filter1d(v, 1.0, radius=2, mode="nearest"),
}


def kept(result: Any) -> dict[tuple[str, str], bool]:
    return {(one.name, one.answer.name): one.is_kept for one in result.fuser.post_.steps}


@pytest.mark.parametrize("kind", list(FILTERS))
def test_every_clip_is_smoothed_as_if_it_were_alone(kind: str) -> None:
    rows = small_traces(NUMBER)
    step = Smooth(NUMBER, SmoothOptions(filters=(kind,), windows=(5,)))  # type: ignore[arg-type]
    step.fit(rows)
    step.kind, step.window = kind, 5
    found = step.apply(rows.scores, rows.traces)
    for clip in np.unique(rows.traces.clips):
        own = rows.traces.clips == clip
        expected = FILTERS[kind](rows.scores[own, 0]).clip(-1, 1)
        np.testing.assert_allclose(found[own, 0], expected, atol=1e-12)


def test_a_gap_ends_a_stretch() -> None:
    traces = Traces(np.zeros(4, int), np.array([0.0, 1.0, 9.0, 10.0]))
    step = Smooth(NUMBER, SmoothOptions())
    step.kind, step.window, step.step_sec = "gaussian", 3, 1.0
    scores = np.array([[0.0], [0.0], [1.0], [1.0]])
    np.testing.assert_allclose(step.apply(scores, traces), scores, atol=1e-12)


@pytest.mark.parametrize("late", [-3, 0, 4])
def test_a_delay_is_found(late: int) -> None:
    tables, rows = step_corpus(late=late)
    options = FusionOptions(post=("smooth", "shift"))
    result = fuse(tables, rows, options=options, metric="ccc")
    found = {one.answer.name: one.step.to_dict() for one in result.fuser.post_.steps[2:]}
    is_kept = kept(result)
    for name in ("valence", "arousal"):
        assert is_kept["shift", name] == (late != 0)
        assert found[name]["lag_sec"] == pytest.approx(STEP_SEC * late, abs=STEP_SEC / 2 + 1e-9)
    plain = fuse(tables, rows, metric="ccc")
    if late:
        assert result.result().value > plain.result().value + 0.02


def test_a_shift_tries_whole_steps_and_prefers_none() -> None:
    rows = replace(small_traces(NUMBER), targets=np.zeros(120))  # nothing can be better than that
    step = Shift(NUMBER, ShiftOptions(max_lag_sec=2.0)).fit(rows)
    assert step.lag_sec == 0
    ahead = Traces(np.zeros(4, int), np.arange(4.0))
    step.lag_sec = 1.0
    assert step.apply(np.array([[0.1], [0.2], [0.3], [0.4]]), ahead).ravel().tolist() == [
        0.1, 0.1, 0.2, 0.3,
    ]  # fmt: skip


def test_a_scale_gives_the_annotations_mean_and_deviation() -> None:
    rows = replace(small_traces(NUMBER), scores=np.linspace(0.1, 0.3, 120)[:, None])
    step = Scale(NUMBER, Scale.Options()).fit(rows)
    found = step.factor * rows.scores[:, 0] + step.offset
    assert found.mean() == pytest.approx(rows.targets.mean())
    assert found.std() == pytest.approx(rows.targets.std())
    flat = replace(rows, scores=np.full((120, 1), 0.2))
    assert Scale(NUMBER, Scale.Options()).fit(flat).to_dict() == {"factor": 1.0, "offset": 0.0}


def test_thresholds_by_hand() -> None:
    # above 0.25 are three, two of them there: F1 = 2 * 2 / (3 + 2) = 0.8, and no other cut has more
    shares = np.array([0.9, 0.4, 0.3, 0.2, 0.1])
    truth = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    assert best_threshold(shares, truth) == pytest.approx(0.25)
    step = Thresholds(Presence(("AU1",)), Thresholds.Options())
    step.threshold = 0.25
    moved = step.apply(np.array([[0.25], [0.0], [1.0], [0.5]]), Traces.of_clips(4))
    # odds of 1/3 become 1, odds of 1 become 3
    np.testing.assert_allclose(moved.ravel(), [0.5, 0.0, 1.0, 0.75])


@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_has_a_larger_f1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random(60) < 0.2).astype(float)
    shares = np.round(np.clip(0.2 * truth + rng.random(60) * 0.5, 0, 1), 2)  # with ties
    best = f1_score(truth, shares >= best_threshold(shares, truth))
    assert best == pytest.approx(
        max(f1_score(truth, shares >= cut, zero_division=0) for cut in np.linspace(0, 1, 401))
    )


def test_several_labels_of_whole_clips_have_thresholds_of_their_own() -> None:
    rng = np.random.default_rng(0)
    task = Several((Presence(("Anger",)), Presence(("Joy",))))
    there = (rng.random((200, 2)) < (0.15, 0.5)).astype(float)
    cohort = cohort_of(task, [tuple(map(float, row)) for row in there], n_groups=20)
    odds = rng.normal(size=(200, 2)) + 2 * there - (3.0, 1.0)  # anger is hardly ever said
    table = table_of("face", task, cohort, 1 / (1 + np.exp(-odds)))
    about: dict[str, Any] = {"calibration": "none", "method": "mean"}
    options = FusionOptions(**about, post=("thresholds",))
    result = fuse({"face": table}, cohort, options=options, metric="f1")
    plain = fuse({"face": table}, cohort, options=FusionOptions(**about), metric="f1")
    assert kept(result)["thresholds", "Anger"]
    assert result.cross_fitted["f1"] > plain.cross_fitted["f1"] + 0.05
    assert "thresholds of Anger: kept (threshold 0." in result.summary()


def test_what_held_out_groups_don_t_prefer_is_left_out() -> None:
    rng = np.random.default_rng(1)
    tables, rows = step_corpus()
    noise = rng.normal(size=(len(rows), 2))
    told = dict(zip(rows.clip_ids, map(tuple, noise.tolist()), strict=True))
    clips = [replace(c, answers=told[c.clip_id] if c.answers else ()) for c in rows.answered()]
    unordered = Cohort(clips, task=rows.task)
    unordered.owners, unordered.times = rows.owners, rows.times
    known = np.clip(noise + 0.1 * rng.normal(size=noise.shape), -1, 1)
    table = replace(tables["voice"], scores=known)
    result = fuse({"voice": table}, unordered, options=FusionOptions(post=("smooth", "shift")))
    assert not any(kept(result).values())
    bare = fuse({"voice": table}, unordered)
    assert np.array_equal(result.table.scores, bare.table.scores)


def test_nothing_is_judged_by_what_it_was_fitted_on() -> None:
    # each speaker's own bias can't be known of another: a scale fitted on all would seem to help
    tables, rows = step_corpus()
    result = fuse(tables, rows, options=FusionOptions(post=("scale",)), metric="ccc")
    for number in np.unique(result.fold_of_row):
        inside = result.rows.subset(result.fold_of_row != number)
        part = LateFusion(post=("scale",), post_metric="ccc").fit_rows(inside)
        own = result.rows.subset(result.fold_of_row == number)
        expected = part.finished(part.fused(part.calibrated(own.scores)), own.traces)
        found = result.unseen_scores[result.fold_of_row == number]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_it_is_all_in_the_file_and_clip_by_clip(tmp_path: Path) -> None:
    tables, rows = step_corpus(late=4)
    options = FusionOptions(post=("shift", {"step": "smooth", "windows": [3, 5]}, "scale"))
    result = fuse(tables, rows, options=options, metric="ccc")
    result.fuser.to_yaml(tmp_path / "fusion.yaml")
    again = LateFusion.from_yaml(tmp_path / "fusion.yaml")
    whole = again.predict_proba(tables)
    assert whole.equals(result.fuser.predict_proba(tables))
    state = yaml.safe_load((tmp_path / "fusion.yaml").read_text())
    first = state["post"][0]
    assert (first["step"], first["answer"], first["kept"]) == ("shift", "valence", True)
    ids = [one for one in rows.clip_ids if rows.owners[one] == "clip007"]
    alone = again.predict_proba({name: table.select(ids) for name, table in tables.items()})
    np.testing.assert_allclose(alone, whole.loc[ids], atol=1e-12)
    assert whole.to_numpy().min() >= -1
    assert whole.to_numpy().max() <= 1


def test_one_number_is_held_within_its_range_after_a_way_through_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(-1, 1, 80)
    cohort = cohort_of(NUMBER, truth.tolist(), n_groups=16)
    table = table_of("face", NUMBER, cohort, 0.2 * (truth + 0.6 * rng.normal(size=80))[:, None])
    result = fuse({"face": table}, cohort, options=FusionOptions(post=("scale",)), metric="ccc")
    assert kept(result) == {("scale", "arousal"): True}
    assert np.abs(result.table.scores).max() == 1.0
    result.fuser.to_yaml(tmp_path / "fusion.yaml")
    again = LateFusion.from_yaml(tmp_path / "fusion.yaml").predict_proba({"face": table})
    assert again.equals(result.fuser.predict_proba({"face": table}))


def test_a_fusion_without_post_says_nothing_of_it() -> None:
    tables, cohort = mixed_corpus()
    text = fuse(tables, cohort).fuser.to_files("f")["f.yaml"].decode()
    assert "post" not in text


def test_what_suits_no_answer_is_refused() -> None:
    rows, task = step_corpus(n_clips=10, n_steps=10), Classification(("a", "b"))
    with pytest.raises(ConfigError, match="'thresholds' is for presence; asked for is regression"):
        fuse(*rows, options=FusionOptions(post=("thresholds",)))
    with pytest.raises(ValueError, match="did you mean 'smooth'"):
        FusionOptions(post=("smoth",))
    with pytest.raises(ValueError, match="has no option 'window'; did you mean 'windows'"):
        FusionOptions(post=({"step": "smooth", "window": 3},))
    cohort = cohort_of(task, ["a", "b"] * 6, n_groups=1)
    one: dict[str, ScoreTable] = {"face": table_of("face", task, cohort, np.full((12, 2), 0.5))}
    fusion = LateFusion(post=("smooth",)).fit(one, cohort)
    assert "nothing could be held out" in next(fusion.post_.told())
