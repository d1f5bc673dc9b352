"""A group is never in two folds."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiw.core.errors import ConfigError, LeakageError
from emotiw.core.folds import Scheme, assign_folds

LABELS = ("Angry", "Happy", "Sad")


def corpus(n_groups: int, clips_per_group: int = 6) -> tuple[dict[str, str], dict[str, str]]:
    groups = {f"{g:02d}-{n}": f"s{g}" for g in range(n_groups) for n in range(clips_per_group)}
    return groups, {clip_id: LABELS[n % 3] for n, clip_id in enumerate(groups)}


def parts_of(folds: dict[str, int]) -> set[frozenset[str]]:
    held_out: dict[int, set[str]] = defaultdict(set)
    for clip_id, fold in folds.items():
        held_out[fold].add(clip_id)
    return {frozenset(part) for part in held_out.values()}


def assert_whole(folds: dict[str, int], groups: dict[str, str]) -> None:
    assert folds.keys() == groups.keys()
    assert len({(groups[clip_id], fold) for clip_id, fold in folds.items()}) == len(
        set(groups.values())
    )


@settings(max_examples=30)
@given(st.data())
def test_groups_stay_whole_and_no_fold_is_empty(data: st.DataObject) -> None:
    n_groups = data.draw(st.integers(2, 9))
    n_folds = data.draw(st.integers(2, n_groups))
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=n_groups, max_size=n_groups))
    groups = {f"{g}-{n}": f"s{g}" for g, size in enumerate(sizes) for n in range(size)}
    answers = {clip_id: data.draw(st.sampled_from(LABELS)) for clip_id in groups}
    seed = data.draw(st.integers(0, 3))
    folds = assign_folds(groups, answers, n_folds=n_folds, seed=seed)
    assert_whole(folds, groups)
    assert sorted(set(folds.values())) == list(range(n_folds))
    assert folds == assign_folds(groups, answers, n_folds=n_folds, seed=seed)


def test_labels_are_spread_evenly() -> None:
    groups, answers = corpus(10)
    folds = assign_folds(groups, answers, n_folds=5)
    counts = Counter((folds[clip_id], answers[clip_id]) for clip_id in groups)
    assert set(counts.values()) == {4}


def test_targets_are_split_by_group_alone() -> None:
    groups, _ = corpus(6)
    targets = {clip_id: n / 36 for n, clip_id in enumerate(groups)}
    folds = assign_folds(groups, targets, n_folds=3)
    assert_whole(folds, groups)
    assert set(Counter(folds.values()).values()) == {12}


def test_names_of_clips_do_not_matter() -> None:
    groups, answers = corpus(8)
    folds = assign_folds(groups, answers, n_folds=4)
    renamed = {clip_id: clip_id[::-1] for clip_id in groups}
    again = assign_folds(
        {renamed[clip_id]: group for clip_id, group in groups.items()},
        {renamed[clip_id]: answer for clip_id, answer in answers.items()},
        n_folds=4,
    )
    assert again == {renamed[clip_id]: fold for clip_id, fold in folds.items()}


@pytest.mark.parametrize("scheme", ["grouped", "leave_one_group_out"])
def test_the_order_of_clips_does_not_change_who_is_held_out_together(scheme: Scheme) -> None:
    groups, answers = corpus(8)
    turned = dict(reversed(groups.items()))
    one = assign_folds(groups, answers, scheme=scheme, n_folds=4)
    two = assign_folds(turned, answers, scheme=scheme, n_folds=4)
    assert parts_of(one) == parts_of(two)


def test_another_seed_is_another_split() -> None:
    groups, answers = corpus(10)
    splits = [parts_of(assign_folds(groups, answers, seed=seed)) for seed in range(5)]
    assert any(split != splits[0] for split in splits)


def test_a_rare_label_does_not_stop_the_split() -> None:
    groups, answers = corpus(4)
    answers["00-0"] = "Disgust"
    folds = assign_folds(groups, answers, n_folds=4)
    assert_whole(folds, groups)
    assert len(parts_of(folds)) == 4


def test_one_group_at_a_time() -> None:
    groups, answers = corpus(3)
    folds = assign_folds(groups, answers, scheme="leave_one_group_out")
    assert_whole(folds, groups)
    assert sorted(set(folds.values())) == [0, 1, 2]
    with pytest.raises(ConfigError, match="at least two groups"):
        assign_folds({"a": "x"}, {"a": "Sad"}, scheme="leave_one_group_out")


@pytest.mark.parametrize("n_groups", [0, 1, 4])
def test_fewer_groups_than_folds_is_refused(n_groups: int) -> None:
    groups, answers = corpus(n_groups)
    with pytest.raises(ConfigError, match=f"5 folds asked for, but there are {n_groups} groups"):
        assign_folds(groups, answers)


@pytest.mark.parametrize("n_folds", [-1, 0, 1])
def test_fewer_than_two_folds_are_refused(n_folds: int) -> None:
    groups, answers = corpus(4)
    with pytest.raises(ConfigError, match=f"at least 2, got {n_folds}"):
        assign_folds(groups, answers, n_folds=n_folds)


class TestPublished:
    groups = {"a": "x", "b": "x", "c": "y"}  # noqa: RUF012
    labels = {"a": "Sad", "b": "Happy", "c": "Sad"}  # noqa: RUF012

    @pytest.mark.parametrize("scheme", ["auto", "manifest"])
    def test_published_folds_are_taken_as_they_are(self, scheme: Scheme) -> None:
        published = {"a": 7, "b": 7, "c": 2, "test": 1}
        folds = assign_folds(self.groups, self.labels, published=published, scheme=scheme)
        assert folds == {"a": 7, "b": 7, "c": 2}

    def test_every_group_that_they_tear_apart_is_named(self) -> None:
        groups = {**self.groups, "d": "y"}
        answers = {**self.labels, "d": "Sad"}
        with pytest.raises(LeakageError) as caught:
            assign_folds(groups, answers, published={"a": 0, "b": 1, "c": 0, "d": 1})
        assert str(caught.value).splitlines() == [
            "published folds: 2 problems",
            "  - group 'x' is in fold 0 and, by 'b', 1",
            "  - group 'y' is in fold 0 and, by 'd', 1",
        ]

    @pytest.mark.parametrize("published", [None, {}, {"a": 0, "b": 0}])
    def test_folds_that_are_not_there_are_not_made_up(
        self, published: dict[str, int] | None
    ) -> None:
        with pytest.raises(ConfigError, match="does not say the fold of every training clip"):
            assign_folds(self.groups, self.labels, published=published, scheme="manifest")

    def test_auto_without_published_folds_groups(self) -> None:
        folds = assign_folds(self.groups, self.labels, published={"a": 0}, n_folds=2)
        assert folds == {"a": 0, "b": 0, "c": 1}


def test_a_label_among_several_answers_is_spread_as_if_it_were_alone() -> None:
    groups, labels = corpus(7)
    labels = {clip_id: label if clip_id < "04" else "Sad" for clip_id, label in labels.items()}
    beside = {clip_id: (0.5, label, None) for clip_id, label in labels.items()}
    alone = assign_folds(groups, labels, scheme="grouped", n_folds=3)
    assert assign_folds(groups, beside, scheme="grouped", n_folds=3) == alone
    unknown = dict.fromkeys(labels, (0.5, None, None))
    assert assign_folds(groups, unknown, scheme="grouped", n_folds=3) != alone
