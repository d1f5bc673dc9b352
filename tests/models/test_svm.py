"""Support vector machines: what they learn, and what must not change their answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification, Regression
from emotiw.models.model import Examples
from emotiw.models.registry import MODELS
from emotiw.models.tabular.kernels import kernel_matrix
from emotiw.models.tabular.preparation import Preparation, PreparationOptions
from emotiw.models.tabular.svm import Svm, SvmOptions

TASK = Classification(("Angry", "Happy", "Sad"))
SPEC = FeatureSpec("voice", (5,), "clip")


def examples_of(
    vectors: npt.NDArray[Any], answers: Sequence[Any] | None, groups: Sequence[str]
) -> Examples:
    ids = tuple(f"c{row}" for row in range(len(vectors)))
    arrays = {
        clip_id: FeatureArray.all_present(vector[None].astype(np.float32))
        for clip_id, vector in zip(ids, vectors, strict=True)
    }
    return Examples(
        FeatureTable(SPEC, arrays),
        ids,
        tuple(groups),
        None if answers is None else np.asarray(answers),
    )


def speakers(n_speakers: int = 6, *, offset: float = 0.0, noise: float = 0.3) -> Examples:
    """Three labels as three directions; each speaker with a voice of their own."""
    rng = np.random.default_rng(4)
    vectors, answers, groups = [], [], []
    for speaker in range(n_speakers):
        own = offset * rng.standard_normal(5)
        for clip in range(12):
            answers.append(clip % 3)
            vectors.append(np.eye(5)[clip % 3] + noise * rng.standard_normal(5) + own)
            groups.append(f"s{speaker}")
    return examples_of(np.array(vectors), np.array(answers, dtype=np.int64), groups)


def svm(**options: Any) -> Svm:
    return Svm(SvmOptions.model_validate(options), spec=SPEC, task=TASK, seed=0)


def half(examples: Examples) -> tuple[Examples, Examples]:
    """Return the first speakers to learn from, and the others."""
    cut = len(examples) // 2
    return examples.subset(range(cut)), examples.subset(range(cut, len(examples)))


def share_right(model: Svm, examples: Examples) -> float:
    return float((model.predict(examples).argmax(axis=1) == examples.targets).mean())


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_it_tells_labels_of_unseen_speakers_apart(kernel: str) -> None:
    learned, others = half(speakers())
    model = svm(kernel=kernel, c=1.0)
    model.fit(learned)
    scores = model.predict(others)
    assert scores.shape == (36, 3)
    assert np.allclose(scores.sum(axis=1), 1)
    assert share_right(model, others) > 0.85


def test_kernels_are_those_of_scikit_learn() -> None:
    from sklearn.metrics.pairwise import linear_kernel, rbf_kernel

    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((2, 4, 5)).astype(np.float32)
    assert np.allclose(
        kernel_matrix(left, right, "linear", 1.0), linear_kernel(left, right) / 5, atol=1e-5
    )
    expected = rbf_kernel(left, right, gamma=2.0 / 5)
    assert np.allclose(kernel_matrix(left, right, "rbf", 2.0), expected, atol=1e-5)


def test_decisions_are_those_of_libsvm_itself() -> None:
    from sklearn.svm import SVC

    learned, others = half(speakers(noise=0.8))
    model = svm(c=0.5)
    model.fit(learned)

    def scaled(examples: Examples) -> npt.NDArray[Any]:
        rows = np.array([array.values[0] for array in examples.arrays()])
        base = np.array([array.values[0] for array in learned.arrays()])
        return (rows - base.mean(axis=0)) / base.std(axis=0)

    direct = SVC(kernel="linear", C=0.5 / 5, class_weight="balanced").fit(
        scaled(learned), learned.targets
    )
    # votes and coupled margins may only differ where it is close
    same = model.predict(others).argmax(axis=1) == direct.predict(scaled(others))
    assert same.mean() > 0.9


def test_calibration_makes_confidence_honest() -> None:
    examples = speakers(40, noise=1.0)
    learned, others = half(examples)
    model = svm(c=1.0)
    model.fit(learned)
    confidence = model.predict(others).max(axis=1).mean()
    assert confidence == pytest.approx(share_right(model, others), abs=0.08)


def test_shuffled_labels_give_chance() -> None:
    learned, others = half(speakers(20))
    assert learned.targets is not None
    rng = np.random.default_rng(0)
    right = []
    for _ in range(20):
        shuffled = rng.permutation(learned.targets)
        model = svm(c=1.0)
        model.fit(Examples(learned.table, learned.clip_ids, learned.groups, shuffled))
        right.append(share_right(model, others))
    assert np.mean(right) == pytest.approx(1 / 3, abs=0.1)


def test_speakers_with_voices_of_their_own_need_speaker_standardisation() -> None:
    learned, others = half(speakers(12, offset=8.0, noise=0.2))
    right = {}
    for standardise in ("global", "speaker"):
        model = svm(c=1.0, preparation={"standardise": standardise})
        model.fit(learned)
        right[standardise] = share_right(model, others)
    assert right["speaker"] > 0.9
    assert right["speaker"] > right["global"] + 0.1


def test_company_never_changes_an_answer() -> None:
    learned, others = half(speakers())
    model = svm(kernel="rbf", c=1.0)
    model.fit(learned)
    together = model.predict(others)
    alone = np.concatenate([model.predict(others.subset([row])) for row in range(len(others))])
    assert np.allclose(together, alone, atol=1e-6)


def test_per_speaker_only_clips_of_the_same_speaker_matter() -> None:
    learned, others = half(speakers())
    model = svm(preparation={"standardise": "speaker"})
    model.fit(learned)
    together = model.predict(others)
    first = others.subset(range(12))  # one speaker
    assert np.allclose(together[:12], model.predict(first), atol=1e-6)
    backwards = others.subset(range(len(others))[::-1])
    assert np.allclose(together, model.predict(backwards)[::-1], atol=1e-6)
    with_copies = others.subset([*range(len(others)), 0, 0, 0])
    assert np.allclose(together, model.predict(with_copies)[: len(others)], atol=1e-6)


def test_c_is_chosen_where_it_serves_unseen_speakers() -> None:
    examples = speakers()
    assert examples.targets is not None
    rare = np.flatnonzero((examples.targets == 0) | (np.arange(len(examples)) % 12 == 1))
    learned = examples.subset(rare)  # with hardly any C, the frequent label is always the answer
    for values, expected in (([1e-9, 1.0], 1.0), ([1.0, 1e-9], 1.0), (1e-9, 1e-9)):
        model = svm(c=values, class_weight=None)
        model.fit(learned)
        assert model.chosen == (expected, 1.0)


def test_a_label_that_never_occurs_in_training_has_probability_zero() -> None:
    examples = speakers()
    assert examples.targets is not None
    learned = examples.subset(np.flatnonzero(examples.targets != 1))
    model = svm()
    model.fit(learned)
    scores = model.predict(examples)
    assert (scores[:, 1] == 0).all()
    assert np.allclose(scores.sum(axis=1), 1)


def test_one_label_alone_is_refused_by_name() -> None:
    examples = speakers()
    assert examples.targets is not None
    with pytest.raises(ConfigError, match="'Happy'"):
        svm().fit(examples.subset(np.flatnonzero(examples.targets == 1)))


def test_pictures_are_refused() -> None:
    spec = FeatureSpec("faces", (112, 112, 3), "frame", dtype="uint8")
    with pytest.raises(ConfigError, match="'faces'"):
        Svm(SvmOptions(), spec=spec, task=TASK, seed=0)


def test_frames_are_pooled() -> None:
    spec = FeatureSpec("frames", (2,), "frame")
    rng = np.random.default_rng(0)
    answers = np.array([0, 1, 2] * 10)
    arrays = {}
    for row, answer in enumerate(answers):
        rows = rng.standard_normal((rng.integers(3, 9), 2)).astype(np.float32)
        rows[:, 0] += 8 * answer
        present = np.ones(len(rows), dtype=bool)
        present[0], rows[0] = False, 0
        arrays[f"c{row}"] = FeatureArray(rows, present)
    ids = tuple(arrays)
    examples = Examples(
        FeatureTable(spec, arrays), ids, tuple(f"s{row % 5}" for row in range(30)), answers
    )
    model = Svm(SvmOptions(c=1.0), spec=spec, task=TASK, seed=0)
    model.fit(examples)
    assert (model.predict(examples).argmax(axis=1) == answers).mean() > 0.9


def test_targets_are_learned_and_stay_in_their_range() -> None:
    examples = speakers()
    assert examples.targets is not None
    task = Regression(("engagement",), (0.0, 1.0))
    targets = examples.targets / 2
    learned = Examples(examples.table, examples.clip_ids, examples.groups, targets)
    model = Svm(SvmOptions(kernel="rbf", c=(0.1, 1.0)), spec=SPEC, task=task, seed=0)
    model.fit(learned)
    predicted = model.predict(examples)
    assert predicted.shape == (len(examples), 1)
    assert 0 <= predicted.min() <= predicted.max() <= 1
    assert np.corrcoef(predicted[:, 0], targets)[0, 1] > 0.8


@pytest.mark.parametrize(
    "options",
    [
        {"kernel": "linear"},
        {"kernel": "rbf", "c": [0.1, 1.0], "preparation": {"standardise": "speaker", "pca": 3}},
    ],
)
def test_a_saved_model_answers_as_before(tmp_path: Path, options: dict[str, Any]) -> None:
    learned, others = half(speakers())
    model = svm(**options)
    model.fit(learned)
    model.save(tmp_path / "model")
    again = Svm.load(tmp_path / "model")
    assert np.array_equal(again.predict(others), model.predict(others))
    assert again.chosen == model.chosen


def test_the_same_fit_gives_the_same_bytes(tmp_path: Path) -> None:
    scores = []
    for _ in range(2):
        learned, others = half(speakers())
        model = svm(kernel="rbf", c=[0.1, 1.0])
        model.fit(learned)
        scores.append(model.predict(others))
    assert np.array_equal(scores[0], scores[1])


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    model = svm()
    model.fit(speakers())
    model.save(tmp_path)
    (tmp_path / "model.skops").write_bytes(b"junk")
    with pytest.raises(ConfigError, match=r"model\.skops"):
        Svm.load(tmp_path)
    (tmp_path / "card.json").unlink()
    with pytest.raises(ConfigError, match=r"card\.json"):
        Svm.load(tmp_path)


@pytest.mark.parametrize("options", [{"c": 0}, {"c": []}, {"gamma": [-1.0]}, {"kernal": "rbf"}])
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SvmOptions.model_validate(options)


def test_it_can_be_named_in_a_recipe() -> None:
    assert MODELS.resolve("svm") is Svm


def test_signed_square_roots_tame_large_values_and_keep_their_sign() -> None:
    preparation = Preparation(PreparationOptions(signed_sqrt=True))
    vectors = np.array([[-100.0], [0.0], [100.0]], dtype=np.float32)
    assert preparation.fit(vectors, ["a", "b", "c"])[:, 0].tolist() == pytest.approx(
        [-np.sqrt(1.5), 0, np.sqrt(1.5)]
    )
    assert preparation.apply(vectors[2:] / 4, ["d"])[0, 0] == pytest.approx(np.sqrt(1.5) / 2)
