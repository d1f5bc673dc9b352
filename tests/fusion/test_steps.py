from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import LeakageError
from emotiw.core.score_table import ScoreTable
from emotiw.core.steps import Steps
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.late import LateFusion
from tests.fusion.made_up_answers import MIXED, TWO, mixed_corpus, step_corpus, table_of


def shuffled(table: ScoreTable, seed: int = 0) -> ScoreTable:
    order = np.random.default_rng(seed).permutation(len(table))
    return replace(
        table,
        clip_ids=tuple(table.clip_ids[row] for row in order),
        split=tuple(table.split[row] for row in order),
        fold=tuple(table.fold[row] for row in order),
        scores=table.scores[order],
        owners=tuple(table.owners[row] for row in order),
        time_sec=table.times[order],
    )


@pytest.mark.parametrize("method", ["weighted", "mean"])
def test_with_one_step_a_clip_steps_are_fused_as_clips(method: str) -> None:
    tables, cohort = mixed_corpus()
    steps = {
        c.clip_id: Steps(("0",), np.array([1.5]), MIXED.encode({"": c.truth})
                         if c.truth is not None else np.full((1, 3), np.nan))
        for c in cohort.answered()
    }  # fmt: skip
    rows = Cohort([replace(c, answers=()) for c in cohort], task=MIXED, steps=steps).rows
    by_step = {
        name: table_of(name, MIXED, rows, t.scores, [f"{c}/0" for c in t.clip_ids])
        for name, t in tables.items()
    }
    options = FusionOptions(method=method)
    clips, one = fuse(tables, cohort, options=options), fuse(by_step, rows, options=options)
    assert np.array_equal(one.table.scores, clips.table.scores)
    assert one.fuser.to_files("f") == clips.fuser.to_files("f")
    assert [str(r) for r in one.results] == [str(r) for r in clips.results]
    assert [d.p for d in one.comparisons] == [d.p for d in clips.comparisons]


def test_with_one_step_a_clip_nothing_can_be_done_in_time() -> None:
    tables, rows = step_corpus(n_clips=30, n_steps=1, gap=100)
    options = FusionOptions(method="mean", post=("smooth", "shift"))
    finished = fuse(tables, rows, options=options)
    plain = fuse(tables, rows, options=FusionOptions(method="mean"))
    assert np.array_equal(finished.table.scores, plain.table.scores)
    assert not any(step.is_kept for step in finished.fuser.post_.steps)


def test_a_fused_table_knows_its_clips_and_times(tmp_path: Path) -> None:
    tables, rows = step_corpus()
    result = fuse(tables, rows, metric="ccc")
    assert result.table.is_by_step
    assert dict(zip(result.table.clip_ids, result.table.times, strict=True)) == rows.times
    result.table.write_csv(tmp_path / "fused.csv")
    assert ScoreTable.read_csv(tmp_path / "fused.csv").owners[0] == "clip000"
    assert result.n_groups == 9
    assert result.result().n_groups == 9  # not 1,000 steps
    n_known = sum(truth is not None for truth in rows.truths.values())
    assert result.n_clips == n_known


def test_shuffled_rows_and_renamed_tables_give_the_same_bytes() -> None:
    tables, rows = step_corpus(n_clips=12, n_steps=30)
    options = FusionOptions(post=("smooth", "shift", "scale"))
    one = fuse(tables, rows, options=options, metric="ccc")
    other = {name: shuffled(table) for name, table in reversed(tables.items())}
    two = fuse(other, rows, options=options, metric="ccc")
    assert one.table.to_files() == two.table.to_files()
    assert one.fuser.to_files("f") == two.fuser.to_files("f")


def test_missing_steps_are_fused_from_what_is_there() -> None:
    tables, rows = step_corpus()
    gone = np.arange(len(rows)) % 5 == 0
    face = replace(tables["face"], scores=np.where(gone[:, None], np.nan, tables["face"].scores))
    result = fuse({"face": face, "voice": tables["voice"]}, rows)
    fused = result.fuser.predict_proba({"face": face, "voice": tables["voice"]}).to_numpy()
    np.testing.assert_allclose(fused[gone], tables["voice"].scores[gone], atol=1e-12)
    silent = replace(
        tables["voice"], scores=np.where(gone[:, None], np.nan, tables["voice"].scores)
    )
    nobody = result.fuser.predict_proba({"face": face, "voice": silent}).to_numpy()
    assert np.isnan(nobody[gone]).all()
    assert np.isfinite(nobody[~gone]).all()


def test_a_modality_with_times_of_its_own_is_joined_by_time() -> None:
    tables, rows = step_corpus()
    voice = tables["voice"]
    half = np.flatnonzero(np.isclose(voice.times % 1.0, 0.0))  # every second step
    coarse = replace(
        voice,
        clip_ids=tuple(f"{voice.owners[row]}/{voice.times[row]:.0f}th second" for row in half),
        split=tuple(voice.split[row] for row in half),
        fold=(None,) * len(half),
        scores=voice.scores[half],
        owners=tuple(voice.owners[row] for row in half),
        time_sec=voice.times[half],
    )
    result = fuse({"face": tables["face"], "voice": coarse}, rows, metric="ccc")
    taken = result.tables["voice"]
    np.testing.assert_allclose(taken.aligned_to(["clip000/0002"]), voice.scores[[2]])
    middle = (voice.scores[0] + voice.scores[2]) / 2
    np.testing.assert_allclose(taken.aligned_to(["clip000/0001"])[0], middle)
    assert set(result.modalities) == {"face", "voice"}
    near = FusionOptions(tolerance_sec=0.1)
    assert len(fuse({"voice": coarse}, rows, options=near).tables["voice"]) == len(half)


def test_rows_of_a_speaker_that_a_model_has_seen_are_refused() -> None:
    tables, rows = step_corpus(n_clips=12, n_steps=10)
    seen = {None: frozenset({"speaker3"})}
    leaky = replace(tables["voice"], seen_groups=seen)
    with pytest.raises(LeakageError, match=r"clip003/0000.*\n.*clip003/0001"):
        fuse({"voice": leaky}, rows)


def test_no_fold_of_the_fusion_shares_a_speaker_with_its_training() -> None:
    tables, rows = step_corpus()
    result = fuse(tables, rows)
    groups_of = [set(result.rows.groups[result.fold_of_row == f].tolist()) for f in range(5)]
    assert sum(map(len, groups_of)) == result.n_groups
    untouched = LateFusion().fit(tables, rows)
    assert untouched.combiner_.to_dict() == result.fuser.combiner_.to_dict()


def test_test_steps_are_scored_and_never_looked_at() -> None:
    tables, rows = step_corpus()
    result = fuse(tables, rows)
    is_test = np.array(result.table.split) == "test"
    assert is_test.sum() == 120
    assert np.isfinite(result.table.scores[is_test]).all()
    clips = [replace(c, answers=(0.0, 0.0)) if c.split == "test" else c for c in rows.answered()]
    other = Cohort(clips, task=TWO)
    other.owners, other.times = rows.owners, rows.times
    again = fuse(tables, other)
    assert np.array_equal(again.table.scores, result.table.scores)
    assert isinstance(clips[0], Clip)
