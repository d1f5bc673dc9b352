"""Each corpus by itself: what differs between corpora and not between emotions is taken out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from emotiw.checks.small_examples import small_examples
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification
from emotiw.models.out_of_fold import OutOfFold
from emotiw.models.registry import MODELS
from emotiw.models.tabular.preparation import Preparation, PreparationOptions

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(20, 3)).astype(np.float32)
BY_CORPUS = PreparationOptions(standardise="corpus")


def test_another_corpus_is_standardised_by_its_own_clips() -> None:
    preparation = Preparation(BY_CORPUS)
    here = preparation.fit(ROWS, ["a"] * 20, ["here"] * 20)
    there = preparation.apply(5 + 3 * ROWS, ["b"] * 20, ["there"] * 20)
    assert np.allclose(there, here, atol=1e-5)


def test_a_clip_of_a_corpus_that_trained_is_judged_by_itself() -> None:
    preparation = Preparation(BY_CORPUS)
    here = preparation.fit(ROWS, ["a"] * 20, ["here"] * 20)
    assert np.allclose(preparation.apply(ROWS[:9], ["b"] * 9, ["here"] * 9), here[:9], atol=1e-5)
    as_is = Preparation(PreparationOptions())
    assert np.allclose(as_is.fit(ROWS, ["a"] * 20), here, atol=1e-5)


def test_two_training_corpora_are_made_alike_and_few_clips_are_left() -> None:
    preparation = Preparation(BY_CORPUS)
    both = np.concatenate([ROWS, 5 + 3 * ROWS])
    names = ["here"] * 20 + ["there"] * 20
    prepared = preparation.fit(both, ["a"] * 40, names)
    assert np.allclose(prepared[:20], prepared[20:], atol=1e-4)
    few = preparation.apply(both[20:24], ["a"] * 4, ["third"] * 4)
    assert np.allclose(few, (both[20:24] - both.mean(0)) / both.std(0), atol=1e-4)


def test_a_model_judges_a_corpus_that_is_recorded_otherwise(tmp_path: Path) -> None:
    spec, task = FeatureSpec("voice", (4,), "clip"), Classification(("Angry", "Happy", "Sad"))
    examples = small_examples(spec, task)
    here = replace(examples, corpora=("here",) * len(examples))
    moved = {c: FeatureArray.all_present(7 - 4 * a.values) for c, a in examples.table.items()}
    turned = {c: FeatureArray.all_present(7 + 4 * a.values) for c, a in examples.table.items()}
    kind = MODELS.resolve("logistic")
    options = kind.Options.model_validate({"preparation": {"standardise": "corpus"}})
    model = kind(options, spec=spec, task=task, seed=0)
    model.fit(here)
    model.save(tmp_path)
    there = replace(
        here, table=FeatureTable(spec, turned), corpora=("there",) * len(here), targets=None
    )
    again = kind.load(tmp_path)
    assert np.allclose(again.predict(there), model.predict(here), atol=1e-4)
    assert not np.allclose(
        again.predict(replace(there, table=FeatureTable(spec, moved))), model.predict(here)
    )


def test_a_cohort_tells_models_where_clips_come_from() -> None:
    spec, task = FeatureSpec("voice", (1,), "clip"), Classification(("Angry", "Sad"))
    clips = [
        Clip(name, Path(name), "train", label, group=name, extra={"corpus": corpus})
        for name, label, corpus in (("a", "Angry", "x"), ("b", "Sad", "x"), ("c", "Sad", "y"))
    ]
    table = FeatureTable(
        spec, {c.clip_id: FeatureArray.all_present(np.ones((1, 1), np.float32)) for c in clips}
    )
    work = OutOfFold(Cohort(clips, task=task), table, task)
    assert work.examples(("c", "a"), with_targets=True).corpora == ("y", "x")
    moved = [replace(clip, extra={"corpus": "z"}) for clip in clips]
    assert Cohort(clips, task=task).digest != Cohort(moved, task=task).digest
