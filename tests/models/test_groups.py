"""Models of groups: who is in one, how the faces are joined, and what is said of each person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.part import full_version
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.groups.individuals import judge_of
from emotiw.models.groups.person import people_of
from emotiw.models.model import Examples, Model
from emotiw.models.registry import MODELS
from features.frames.people import PLACE

LABELS = Classification(("Positive", "Neutral", "Negative"))
TARGET = Regression(("happiness",), (0.0, 5.0))
EXPRESSIONS = ("Angry", "Happy", "Neutral", "Surprise")
SCORES = tuple(f"score_{name}" for name in EXPRESSIONS)
SPEC = FeatureSpec("people", (len(PLACE) + 4,), "face", columns=PLACE + SCORES)
BRIEF = {"epochs": 4, "batch_size": 8}
LOGISTIC = {"model": "logistic", "c": 1.0}
# every kind of group model, small
CASES: list[tuple[str, dict[str, Any], Task]] = [
    ("group", {"learner": LOGISTIC}, LABELS),
    ("group", {"aggregation": "statistics", "learner": "svm"}, TARGET),
    ("group", {"aggregation": {"kind": "weighted", "by_size": 2}, "learner": "boosting"}, TARGET),
    ("individuals", {"learner": LOGISTIC}, LABELS),
    ("individuals", {"learner": {"model": "gru", "hidden": 4, "training": BRIEF}}, TARGET),
    ("vote", {}, LABELS),
    ("vote", {"aggregation": "trimmed_mean"}, TARGET),
    ("group_network", {"channels": 4, "training": BRIEF}, LABELS),
    ("group_network", {"aggregation": "recurrent", "channels": 4, "training": BRIEF}, LABELS),
    ("group_network", {"n_levels": 6, "training": {**BRIEF, "loss": "ccc"}}, TARGET),
    ("one_vs_rest", {"learner": {"model": "individuals", "learner": LOGISTIC}}, LABELS),
    ("expected_value", {"learner": {"model": "group", "learner": LOGISTIC}}, TARGET),
]  # fmt: skip
every = pytest.mark.parametrize(("name", "options", "task"), CASES, ids=lambda v: str(v)[:50])


def make(
    name: str, options: dict[str, Any], task: Task = LABELS, spec: FeatureSpec = SPEC
) -> Model:
    kind: Any = MODELS.resolve(name)
    model: Model = kind(kind.Options.model_validate(options), spec=spec, task=task, seed=0)
    return model


def rows(shown: list[str], *, sure: float = 0.9, sides: list[float] | None = None) -> FeatureArray:
    """Return people who show these expressions, side by side in a picture of 100 by 100 px."""
    values = np.full((len(shown), SPEC.dim), 0.0, dtype=np.float32)
    for number, expression in enumerate(shown):
        side = 10.0 if sides is None else sides[number]
        x = 100 * (number + 0.5) / len(shown)
        box = (x - side / 2, 50 - side / 2, x + side / 2, 50 + side / 2)
        values[number, : len(PLACE)] = (number, 0, 0, 1, *box, 0.99, 100, 100)
        values[number, len(PLACE) :] = (1 - sure) / 3
        values[number, len(PLACE) + EXPRESSIONS.index(expression)] = sure
    return FeatureArray.all_present(values)


def examples(task: Task, n: int = 24, seed: int = 0) -> Examples:
    """Groups of one to five, most of whom show what the group feels."""
    rng = np.random.default_rng(seed)
    mood = ("Happy", "Neutral", "Angry")
    arrays, answers = {}, []
    for number in range(n):
        label = number % 3
        others = [mood[rng.integers(3)] for _ in range(int(rng.integers(0, 2)))]
        shown = [mood[label]] * int(rng.integers(1, 4)) + others
        sides = rng.uniform(8, 12, len(shown)).tolist()
        arrays[f"g{number:02d}"] = rows(shown, sure=rng.uniform(0.6, 0.9), sides=sides)
        answers.append(label if task.is_label else 2.5 * (2 - label))
    ids = tuple(arrays)
    return Examples(FeatureTable(SPEC, arrays), ids, ids, np.array(answers))


def reordered(given: Examples, order: int = -1) -> Examples:
    arrays = {
        clip_id: FeatureArray.all_present(given.table[clip_id].values[::order])
        for clip_id in given.clip_ids
    }
    return Examples(FeatureTable(SPEC, arrays), given.clip_ids, given.groups)


@every
def test_every_group_model_keeps_the_contract(
    name: str, options: dict[str, Any], task: Task, tmp_path: Path
) -> None:
    model, learnt, new = make(name, options, task), examples(task), examples(task, 9, seed=1)
    model.fit(learnt)
    found = model.predict(new)
    assert found.shape == (9, len(task.labels))
    if task.is_label:
        assert found.sum(axis=1) == pytest.approx(1)
        assert found.min() >= 0
    else:
        assert found.min() >= 0
        assert found.max() <= 5
    assert model.predict(new.subset([4])) == pytest.approx(found[4:5], abs=1e-5)
    assert model.predict(reordered(new)) == pytest.approx(found, abs=1e-5)
    model.save(tmp_path)
    again = type(model).load(tmp_path).predict(new)
    assert again == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "options"), [(n, o) for n, o, task in CASES if task is LABELS and n != "group_network"]
)
def test_moods_are_told_apart(name: str, options: dict[str, Any]) -> None:
    model, new = make(name, options), examples(LABELS, 30, seed=2)
    model.fit(examples(LABELS, 60))
    right = model.predict(new).argmax(axis=1) == new.targets
    # undecided between neutral and negative, the first of them is taken
    assert right.mean() > (0.6 if name == "one_vs_rest" else 0.85)


@pytest.mark.parametrize(
    ("name", "options", "task"),
    [(n, o, g) for n, o, g in CASES if n not in {"group", "group_network", "expected_value"}],
)
def test_everyone_has_scores_of_their_own(name: str, options: dict[str, Any], task: Task) -> None:
    model: Any = make(name, options, task)
    new = examples(task, 6, seed=1)
    model.fit(examples(task))
    found = judge_of(model)(new)  # type: ignore[misc]
    expected = [(f"{c}#{n}", c) for c in new.clip_ids for n in range(len(new.table[c].values))]
    assert list(zip(found.ids, found.clip_ids, strict=True)) == expected
    assert found.scores.shape == (len(expected), len(task.labels))
    if task.is_label:
        assert found.scores.sum(axis=1) == pytest.approx(1)


def test_models_of_whole_groups_judge_nobody() -> None:
    assert judge_of(make("group", {"learner": LOGISTIC})) is None
    assert judge_of(make("expected_value", {"learner": "group"}, TARGET)) is None
    assert judge_of(make("expected_value", {"learner": "individuals"}, TARGET)) is not None


def test_a_group_is_the_mean_of_its_people() -> None:
    model: Any = make("individuals", {"learner": LOGISTIC})
    model.fit(examples(LABELS))
    new = examples(LABELS, 6, seed=1)
    people = model.individuals(new)
    for row, clip_id in enumerate(new.clip_ids):
        own = people.scores[[c == clip_id for c in people.clip_ids]]
        assert model.predict(new)[row] == pytest.approx(own.mean(axis=0), abs=1e-6)


def of_one_group(array: FeatureArray) -> Examples:
    return Examples(FeatureTable(SPEC, {"a": array}), ("a",), ("a",))


def test_expressions_are_read_as_moods() -> None:
    group = of_one_group(rows(["Happy", "Happy", "Angry", "Surprise"], sure=1.0))
    found = make("vote", {"aggregation": "mean"}).predict(group)
    # a surprise stands for nothing, so that person is for none of the three
    assert found[0] == pytest.approx(np.array([2 + 1 / 3, 1 / 3, 1 + 1 / 3]) / 4)
    means = {"Surprise": "Positive", "Angry": "Negative"}
    found = make("vote", {"aggregation": "mean", "means": means}).predict(group)
    assert found[0] == pytest.approx(np.array([1 + 2 / 3, 2 / 3, 1 + 2 / 3]) / 4)


def test_scores_sum_to_one_whatever_joins_them() -> None:
    group = of_one_group(rows(["Happy", "Angry"], sure=1.0))
    found = make("vote", {"aggregation": "max"}).predict(group)
    assert found[0] == pytest.approx([0.5, 0, 0.5])


def test_happiness_is_counted_for_a_target() -> None:
    group = of_one_group(rows(["Happy", "Neutral"], sure=1.0))
    assert make("vote", {}, TARGET).predict(group)[0, 0] == pytest.approx(2.5)
    means = {"Happy": 4.0, "Neutral": 1.0, "Angry": 0.0, "Surprise": 2.0}
    found = make("vote", {"means": means}, TARGET).predict(group)
    assert found[0, 0] == pytest.approx(2.5)
    assert make("vote", {"means": {**means, "Happy": 99}}, TARGET).predict(group)[0, 0] == 5


def test_larger_faces_count_more_where_they_should() -> None:
    group = of_one_group(rows(["Happy", "Angry"], sure=1.0, sides=[30.0, 10.0]))
    mean, weighted, largest = (
        make("vote", {"aggregation": name}).predict(group)[0, 0]
        for name in ("mean", "weighted", "largest")
    )
    assert (mean, weighted, largest) == pytest.approx((1 / 2, 3 / 4, 1))


def test_one_against_the_rest_is_undecided_among_the_others() -> None:
    inner = {"learner": {"model": "vote", "aggregation": "mean"}}
    group = of_one_group(rows(["Happy", "Happy", "Angry"], sure=1.0))
    soft = make("one_vs_rest", inner).predict(group)[0]
    assert soft == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert make("one_vs_rest", {**inner, "style": "hard"}).predict(group)[0].tolist() == [1, 0, 0]
    angry = of_one_group(rows(["Angry"], sure=1.0))
    hard = make("one_vs_rest", {**inner, "style": "hard"}).predict(angry)[0]
    assert hard.tolist() == [0, 0.5, 0.5]


def test_an_expected_value_lies_between_the_levels_that_are_likely() -> None:
    model = make("expected_value", {"learner": {"model": "group", "learner": LOGISTIC}}, TARGET)
    model.fit(examples(TARGET, 60))
    mixed = rows(["Happy", "Happy", "Angry", "Angry"])
    happy, half, angry = (
        model.predict(of_one_group(array))[0, 0]
        for array in (rows(["Happy"] * 4), mixed, rows(["Angry"] * 4))
    )
    assert happy > 4
    assert angry < 1
    assert 1 < half < 4


def test_people_are_known_by_their_track_and_place() -> None:
    array = rows(["Happy", "Angry", "Angry"], sides=[20.0, 10.0, 10.0])
    array.values[2, 0] = 1  # another frame of the second one
    first, second = people_of(array, SPEC)
    assert (first.number, second.number) == (0, 1)
    assert first.place == pytest.approx([0.2, 1 / 6, 0.5])
    assert second.rows.shape == (2, 4)
    assert second.place == pytest.approx([0.1, (0.5 + 5 / 6) / 2, 0.5])
    array.present[0] = False
    assert [person.number for person in people_of(array, SPEC)] == [1]


def test_faces_from_elsewhere_need_no_place() -> None:
    spec = FeatureSpec("mine", (2,), "face")
    table = {
        f"g{n}": FeatureArray.all_present(np.full((n + 1, 2), n, np.float32)) for n in range(4)
    }
    model = make("group", {"learner": LOGISTIC, "aggregation": "weighted"}, spec=spec)
    given = Examples(FeatureTable(spec, table), tuple(table), tuple(table), np.array([0, 0, 1, 1]))
    model.fit(given)
    assert model.predict(given).argmax(axis=1).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("group", {"aggregation": "means"}, "unknown aggregation 'means'; did you mean 'mean'"),
        ("group", {"learner": "svn"}, "unknown model 'svn'; did you mean 'svm'"),
        ("group", {"learner": {"model": "svm", "C": 1}}, "no option 'C'; did you mean 'c'"),
        ("group", {"aggregation": {"share": 1}}, "a mapping with 'kind'"),
        ("group", {"aggregation": {"kind": "weighted", "by_size": -1}}, "by_size: .*greater"),
    ],
)
def test_options_of_parts_are_checked_with_the_recipe(
    name: str, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        MODELS.resolve(name).Options.model_validate(options)


@pytest.mark.parametrize(
    ("name", "options", "task", "told"),
    [
        ("group", {"aggregation": "attention"}, LABELS, "model: group_network"),
        ("individuals", {"aggregation": "statistics"}, LABELS, "keeps their number"),
        ("expected_value", {"learner": "group"}, LABELS, "two known limits"),
        ("one_vs_rest", {"learner": "group", "positive": "Positiv"}, LABELS, "mean 'Positive'"),
        ("one_vs_rest", {"learner": "group"}, TARGET, "no label 'Positive'"),
        ("vote", {"means": {"Happyness": "Positive"}}, LABELS, "did you mean 'Happy'"),
        ("vote", {"means": {"Happy": "Good"}}, LABELS, "no label 'Good'"),
        ("vote", {"means": {"Happy": 1}}, TARGET, "nothing for Angry"),
        ("group_network", {"n_levels": 3}, LABELS, "n_levels"),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    name: str, options: dict[str, Any], task: Task, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        make(name, options, task)


def test_rows_per_face_go_into_group_models_alone() -> None:
    for name in ("svm", "lstm"):
        with pytest.raises(ConfigError, match="face"):
            make(name, {})
    frames = FeatureSpec("frames", (4,), "frame")
    for name in ("group", "individuals", "vote", "group_network"):
        with pytest.raises(ConfigError, match="extractor: people"):
            make(name, {}, spec=frames)


def test_a_model_is_as_old_as_the_one_inside() -> None:
    kind = MODELS.resolve("group")
    nested = MODELS.resolve("one_vs_rest")
    options: Any = {"learner": {"model": "group", "learner": "svm"}}
    assert full_version(nested, nested.Options.model_validate(options)) == "1+1+1+1"
    assert full_version(kind, kind.Options()) == "1+1+1"
