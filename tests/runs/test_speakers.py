"""Unknown speakers: said, found by a pattern of file names, or estimated where one asks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.metrics import adjusted_rand_score

from emotiw.analysis.leaderboard import rank_runs
from emotiw.core.errors import ConfigError
from emotiw.evaluation.notes import UNKNOWN_GROUPS, notes_of
from emotiw.evaluation.results import ESTIMATED_GROUPS
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, cohort_in, open_run
from emotiw.runs.stages.index import index
from tests.ablation.small import make_small


def recipe(folder: Path, **more: object) -> Path:
    """120 clips of six voices, ten in training and ten in validation of each."""
    path = make_small(folder, {"words": 1.0, "voice": 0.0}, **more)
    voices = 8 * np.random.default_rng(1).normal(size=(6, 4))
    arrays = dict(np.load(folder / "clips" / "voice.npz"))
    heard = {c: row + voices[int(c[-3:]) // 10] for c, row in arrays.items()}
    np.savez(folder / "clips" / "voice.npz", **heard)
    written = yaml.safe_load(path.read_text())
    del written["models"]["voice"]
    path.write_text(yaml.safe_dump(written))
    return path


def estimated(folder: Path) -> Run:
    folds = {"n_folds": 2, "groups": "estimated", "by": ["voice"]}
    return open_run(recipe(folder, folds=folds))


def test_estimated_speakers_are_groups_and_every_figure_says_so(tmp_path: Path) -> None:
    run = estimated(tmp_path)
    results = run_all(run).results
    assert results is not None
    cohort = run.cohort()
    found = [cohort.groups[clip.clip_id] for clip in cohort]
    assert (
        adjusted_rand_score([f"{c.split} {int(c.clip_id[-3:]) // 10}" for c in cohort], found) > 0.6
    )
    assert cohort.knows_groups
    assert cohort.estimates_groups
    assert {r.n_groups for r in results if r.split == "train"} == {
        len({group for group in found if group.endswith("train")})
    }
    told = notes_of(results)
    assert UNKNOWN_GROUPS not in told
    assert any(note.startswith(ESTIMATED_GROUPS) for note in told)
    assert ESTIMATED_GROUPS in run.summary_path.read_text()
    table = run.scores("words")
    table.require_unseen({c: g for c, g in cohort.groups.items() if cohort[c].split == "train"})
    assert cohort_in(run.folder, run.task).groups == cohort.groups
    standings, _ = rank_runs(run.recipe.spec, [run.folder])
    assert {line.note for line in standings} == {"speakers estimated"}


def test_nothing_is_estimated_where_nobody_asks(tmp_path: Path) -> None:
    run = open_run(recipe(tmp_path))
    results = run_all(run).results
    assert results is not None
    assert not (run.folder / "speakers.csv").exists()
    assert UNKNOWN_GROUPS in notes_of(results)
    assert UNKNOWN_GROUPS in run.summary_path.read_text()
    assert "over groups" not in run.summary_path.read_text()


def test_an_estimate_can_be_mended_by_hand(tmp_path: Path) -> None:
    run = estimated(tmp_path)
    run_all(run)
    path = run.folder / "speakers.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(f"{line.split(',')[0]},{n % 2}"
                                           for n, line in enumerate(lines[1:]))]))  # fmt: skip
    results = run_all(estimated_again(tmp_path)).results
    assert results is not None
    assert {r.n_groups for r in results} == {2}


def estimated_again(folder: Path) -> Run:
    return open_run(folder / "recipe.yaml")


def test_without_anything_that_tells_voices_apart_the_way_is_shown(tmp_path: Path) -> None:
    run = open_run(recipe(tmp_path, folds={"n_folds": 2, "groups": "estimated"}))
    with pytest.raises(ConfigError, match=r"folds\.by: \[NAME\]"):
        run_all(run)


def test_file_names_tell_speakers_by_a_pattern(tmp_path: Path) -> None:
    path = recipe(tmp_path)
    run = open_run(path, [r"data.options.group_pattern=([a-z]+\d\d)\d\.avi$"])
    cohort = index(run)
    assert cohort["train012"].group == "train01"
    assert len(set(cohort.groups.values())) == 12
    assert cohort.knows_groups
    said: list[str] = []
    run.progress.warn = said.append  # type: ignore[method-assign]
    again = open_run(path, [r"data.options.group_pattern=^Train/.*?(\d\d)\d\.avi$"])
    again.progress.warn = said.append  # type: ignore[method-assign]
    assert not index(again).knows_groups
    assert any("fits 60 clips not, e.g. val" in line for line in said)
