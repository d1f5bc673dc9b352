"""Where scores are of models that have seen the clips, or nobody knows, every figure says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, LeakageError
from emotiw.core.imported_scores import import_scores
from emotiw.evaluation.notes import SEEN, UNKNOWN_TRAINING, alarms, notes_of
from emotiw.evaluation.results import Result, evaluate, evaluate_all, result_of
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from tests.ablation.small import LABELS, make_small
from tests.evaluation.small_tables import SMILES, table_saying

TRUTH = {f"t{n}": ("Happy", "Sad")[n % 2] for n in range(20)}
VAL = {f"v{n}": ("Happy", "Sad")[n % 2] for n in range(20)}
COHORT = Cohort(
    Clip(c, Path(c), "train" if c in TRUTH else "val", label, group=f"s{c[0]}{int(c[1:]) // 2}")
    for c, label in {**TRUTH, **VAL}.items()
)
EVERYONE = frozenset(COHORT.groups[c] for c in TRUTH)


def told(seen: frozenset[str] | None, *, fold: int | None = None) -> dict[str, tuple[float, str]]:
    """What is said of scores that are right of every training clip and of half of the others."""
    said = {**TRUTH, **dict.fromkeys(VAL, "Sad")}
    seen_groups = {} if seen is None else {fold: seen, None: EVERYONE}
    splits = dict.fromkeys(TRUTH, "train")
    folds = {} if fold is None else dict.fromkeys(TRUTH, fold)
    table = table_saying(said, split=splits, folds=folds, seen_groups=seen_groups)
    found = evaluate_all([table], COHORT, in_sample=True)
    return {r.judged_on: (r.value, r.provenance) for r in found if r.metric.name == "accuracy"}


def test_what_has_been_seen_is_never_called_out_of_fold() -> None:
    assert told(EVERYONE) == {"train, in sample": (1.0, "seen"), "val": (0.5, "held out")}
    assert told(EVERYONE, fold=0) == told(EVERYONE)
    assert told(frozenset({"another"}), fold=0) == {
        "train, out of fold": (1.0, "held out"), "val": (0.5, "held out")
    }  # fmt: skip


def test_models_of_unknown_training_are_said_to_be_that() -> None:
    assert told(None) == {
        "val, by models of unknown training": (0.5, "unknown"),
        "train, by models of unknown training": (1.0, "unknown"),
    }


def test_seen_and_held_out_rows_are_two_figures() -> None:
    said = dict.fromkeys(TRUTH, "Sad")
    folds = {c: 0 for c in TRUTH if int(c[1:]) < 4}
    table = table_saying(
        said, split="train", folds=folds, seen_groups={0: frozenset({"st9"}), None: EVERYONE}
    )
    found = evaluate_all([table], COHORT, in_sample=True)
    counts = {r.judged_on: (r.n, r.n_scored) for r in found}
    # held out, a clip without a score is wrong; in sample, there is nothing else than these clips
    assert counts == {"train, out of fold": (20, 4), "train, in sample": (16, 16)}
    assert not [r for r in found if r.provenance == "seen" and r.by_fold]


def test_scores_learnt_on_train_are_chosen_and_compared_on_val_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{c},{float(t == 'Happy')},{float(t == 'Sad')}" for c, t in {**TRUTH, **VAL}.items()]
    path.write_text("\n".join(["clip_id,Happy,Sad", *rows]))
    cohort = Cohort(COHORT.answered(), task=SMILES)
    table = import_scores(path, cohort, name="text", trained_on="train")
    assert evaluate(table, cohort).split == "val"
    with pytest.raises(ConfigError, match="has not seen its group"):
        evaluate(table, cohort, split="train")
    with pytest.raises(LeakageError, match=r"those of validation clips can: fusion\.fit_on: val"):
        table.require_unseen(cohort.groups)
    unknown = import_scores(path, cohort, name="text", trained_on="unknown")
    assert evaluate(unknown, cohort).provenance == "unknown"


def test_notes_name_whose_figures_these_are() -> None:
    table = table_saying(TRUTH, split="train", seen_groups={None: EVERYONE})
    [result] = evaluate_all([table], COHORT, [], in_sample=True)[:1]
    assert f"voice (train): {SEEN}" in notes_of([result])
    [result] = evaluate_all([table_saying(VAL, seen_groups={})], COHORT, in_sample=True)[:1]
    assert f"voice (val): {UNKNOWN_TRAINING}" in notes_of([result])
    assert result_of(result.to_dict(), SMILES) == result
    older = result.to_dict()
    del older["provenance"]  # as it was written before
    assert result_of(older, SMILES) == replace(result, provenance="held out")


def of(split: str, value: float, reach: float) -> Result:
    one = evaluate(table_saying(VAL), COHORT)
    return replace(one, split=split, value=value, low=value - reach, high=value + reach)


def test_an_alarm_where_out_of_fold_and_val_are_further_apart_than_their_intervals() -> None:
    [alarm] = alarms([of("train", 0.99, 0.01), of("val", 0.757, 0.06)])
    assert "accuracy 99.00 % on train, out of fold and 75.70 % on val" in alarm
    assert "trained_on: train" in alarm
    assert not list(alarms([of("train", 0.8, 0.05), of("val", 0.757, 0.06)]))
    [other] = alarms([of("train", 0.5, 0.05), of("val", 0.757, 0.06)])
    assert "val is easier" in other
    in_sample = replace(of("train", 0.99, 0.01), provenance="seen")
    assert not list(alarms([in_sample, of("val", 0.757, 0.06)]))  # nobody expects them to agree


class TestFeatures:
    """Features that know every training clip, and nothing of any other."""

    @staticmethod
    def recipe(folder: Path, **more: object) -> Path:
        path = make_small(folder, {"text": 0.0, "voice": 1.5})
        rng = np.random.default_rng(0)
        arrays = dict(np.load(folder / "clips" / "text.npz"))
        for clip_id, row in arrays.items():
            if clip_id.startswith("train"):
                row[int(clip_id[5:]) % len(LABELS)] += 9 + rng.random()
        np.savez(folder / "clips" / "text.npz", **arrays)
        recipe = yaml.safe_load(path.read_text())
        recipe["features"]["text"] |= more
        recipe["fusion"] = {"fit_on": "val"}
        path.write_text(yaml.safe_dump(recipe))
        return path

    def test_learnt_on_train_they_have_no_held_out_figure_there(self, tmp_path: Path) -> None:
        results = run_all(open_run(self.recipe(tmp_path, trained_on="train"))).results
        assert results is not None
        kinds = {(r.name, r.judged_on) for r in results}
        assert ("text", "train, in sample") in kinds
        assert ("text", "train, out of fold") not in kinds
        assert ("fused", "train, out of fold") not in kinds  # the text is part of it
        assert ("voice", "train, out of fold") in kinds
        assert ("text", "val") in kinds

    def test_nobody_said_so_and_the_figures_do(self, tmp_path: Path) -> None:
        run = open_run(self.recipe(tmp_path))
        results = run_all(run).results
        assert results is not None
        assert [note for note in alarms(results) if note.startswith("warning: text: UAR")]
        # said now, the scores are made anew
        again = run_all(open_run(self.recipe(tmp_path, trained_on="train"))).results
        assert again is not None
        assert not list(alarms(again))
