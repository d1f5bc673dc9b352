"""Bags of words: counting, and learning from rows whose order means nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification
from emotiw.models.model import Examples
from emotiw.models.registry import MODELS
from emotiw.models.tabular.bag_of_words import BagOfWords, BagOfWordsOptions
from emotiw.models.tabular.codebooks import CodebookOptions, Codebooks
from features.external.imported_features import ImportedOptions, import_features

TASK = Classification(("steady", "lively"))
SPEC = FeatureSpec("lld", (4,), "frame")


def examples_of(
    arrays: list[npt.NDArray[Any]], answers: Any = None, groups: Any = None
) -> Examples:
    ids = tuple(f"c{n}" for n in range(len(arrays)))
    rows = {
        clip_id: FeatureArray.all_present(array.astype(np.float32))
        for clip_id, array in zip(ids, arrays, strict=True)
    }
    spec = FeatureSpec("lld", (arrays[0].shape[1],), "frame")
    return Examples(FeatureTable(spec, rows), ids, tuple(groups or ids), answers)


def lively_and_steady(offset: float = 0.0) -> Examples:
    """Same mean and spread, different words: one label has two levels, the other four."""
    rng = np.random.default_rng(0)
    arrays, answers, groups = [], [], []
    for speaker in range(6):
        own = offset * rng.standard_normal(4)
        for clip in range(10):
            levels = ([-1.0, 1.0], [-1.342, -0.447, 0.447, 1.342])[clip % 2]
            rows = rng.choice(levels, size=(rng.integers(60, 90), 4))
            arrays.append(rows + 0.05 * rng.standard_normal(rows.shape) + own)
            answers.append(clip % 2)
            groups.append(f"s{speaker}")
    return examples_of(arrays, np.array(answers), groups)


def model_of(**options: Any) -> BagOfWords:
    small = {"size": 40, "n_codebooks": 2}
    chosen = {**options, "codebooks": {**small, **options.get("codebooks", {})}}
    return BagOfWords(BagOfWordsOptions.model_validate(chosen), spec=SPEC, task=TASK, seed=0)


def test_words_are_counted_as_a_head_would() -> None:
    clip = np.array([[0.0], [0.0], [10.0], [10.0], [10.0], [10.0]])
    examples = examples_of([clip])
    codebooks = Codebooks(CodebookOptions(size=6, n_codebooks=1, by_length=False), "global", seed=0)
    codebooks.fit(examples)
    codebooks.state["words"] = [np.array([[-1.4], [0.7], [99.0]], dtype=np.float32)]
    # standardised, 0 is -1.41 and 10 is 0.71
    assert np.allclose(codebooks.count(examples), np.log1p([[2, 4, 0]]))
    twice = Codebooks(
        CodebookOptions(size=6, n_codebooks=1, n_assignments=2, by_length=False),
        "global",
        seed=0,
        state=codebooks.state,
    )
    assert np.allclose(twice.count(examples), np.log1p([[6, 6, 0]]))


def test_a_clip_played_twice_has_the_same_words_by_length() -> None:
    once = np.random.default_rng(0).standard_normal((50, 4))
    examples = examples_of([once, np.concatenate([once, once])])
    codebooks = Codebooks(CodebookOptions(size=10), "global", seed=0)
    codebooks.fit(examples)
    counts = codebooks.count(examples)
    assert np.allclose(counts[0], counts[1], atol=1e-6)


def test_split_codebooks_see_their_own_columns_alone() -> None:
    rows = np.random.default_rng(0).standard_normal((50, 4))
    examples = examples_of([rows, rows[:, [0, 1, 3, 2]]])
    codebooks = Codebooks(CodebookOptions(size=10, n_codebooks=2), "global", seed=0)
    codebooks.fit(examples)
    counts = codebooks.count(examples)
    assert counts.shape == (2, 20)
    assert not np.allclose(counts[0, 10:], counts[1, 10:])


@pytest.mark.parametrize("method", ["random", "k_means"])
def test_it_learns_what_means_and_deviations_do_not_show(method: str) -> None:
    examples = lively_and_steady()
    learned, others = examples.subset(range(40)), examples.subset(range(40, 60))
    model = model_of(codebooks={"method": method, "n_codebooks": 4, "size": 12})
    model.fit(learned)
    assert (model.predict(others).argmax(axis=1) == others.targets).mean() >= 0.9


def test_per_speaker_scaling_takes_a_voice_of_its_own_away() -> None:
    examples = lively_and_steady(offset=20.0)
    learned, others = examples.subset(range(40)), examples.subset(range(40, 60))
    right = {}
    for standardise in ("global", "speaker"):
        model = model_of(
            preparation={"standardise": standardise}, codebooks={"n_codebooks": 4, "size": 12}
        )
        model.fit(learned)
        right[standardise] = (model.predict(others).argmax(axis=1) == others.targets).mean()
    assert right["speaker"] >= 0.9 > right["global"]


def test_order_and_company_never_change_an_answer() -> None:
    examples = lively_and_steady()
    model = model_of(codebooks={"n_assignments": 3})
    model.fit(examples)
    together = model.predict(examples)
    backwards = examples.subset(range(len(examples))[::-1])
    assert np.allclose(together, model.predict(backwards)[::-1], atol=1e-9)
    assert np.allclose(together[:3], model.predict(examples.subset(range(3))), atol=1e-9)


@pytest.mark.parametrize("method", ["random", "k_means"])
def test_a_saved_model_answers_as_before(tmp_path: Path, method: str) -> None:
    examples = lively_and_steady()
    model = model_of(codebooks={"method": method}, preparation={"standardise": "speaker"})
    model.fit(examples)
    model.save(tmp_path)
    again = BagOfWords.load(tmp_path)
    assert np.array_equal(again.predict(examples), model.predict(examples))


def test_it_can_be_named_in_a_recipe() -> None:
    assert MODELS.resolve("bag_of_words") is BagOfWords


def test_landmarks_from_elsewhere_become_words(tmp_path: Path) -> None:
    """68 points per frame: a mouth that opens and closes, or one that stays half open."""
    rng = np.random.default_rng(0)
    clips, answers = {}, []
    for number in range(40):
        is_lively = number % 2
        height = 0.5 + 0.4 * is_lively * np.sin(rng.uniform(0, 6) + np.arange(30))
        points = rng.normal(0, 0.05, (30, 68, 2))
        points[:, 48:, 1] += height[:, None]
        clips[f"clip{number}"] = points.reshape(30, 136).astype(np.float32)
        answers.append(is_lively)
    np.savez(tmp_path / "landmarks.npz", **clips)
    options = ImportedOptions(path=tmp_path / "landmarks.npz", unit="frame")
    table = import_features("landmarks", options)
    groups = tuple(f"s{number // 4}" for number in range(40))
    examples = Examples(table, tuple(clips), groups, np.array(answers))
    chosen = BagOfWordsOptions.model_validate({"codebooks": {"size": 20, "n_codebooks": 2}})
    model = BagOfWords(chosen, spec=table.spec, task=TASK, seed=0)
    learned, others = examples.subset(range(28)), examples.subset(range(28, 40))
    model.fit(learned)
    assert (model.predict(others).argmax(axis=1) == others.targets).mean() >= 0.9
