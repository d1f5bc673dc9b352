"""Results of score tables by hand: what counts, what counts as wrong, and how much is covered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emotiw import api
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.results import evaluate, evaluate_all, folds_frame, results_frame
from tests.evaluation.small_tables import JOY, cohort_of, table_saying

TRUTH = {"a": "Sad", "b": "Sad", "c": "Happy", "d": "Happy", "t": "Sad"}
COHORT = cohort_of(TRUTH, split="val")
SPLIT = Cohort(
    [
        *(clip for clip in COHORT if clip.clip_id != "t"),
        Clip("t", COHORT["t"].path, "test", label="Sad"),
        Clip("x", COHORT["t"].path, "val"),
    ]
)


def sad(ids: str, split: str | Mapping[str, str] = "val") -> ScoreTable:
    """Scores that say Sad, of these clips alone."""
    return table_saying(dict.fromkeys(ids, "Sad"), split=split)


def test_a_clip_that_the_table_does_not_list_is_wrong() -> None:
    found = evaluate(sad("ac"), SPLIT)
    assert (found.value, found.n, found.n_scored) == (1 / 4, 4, 2)
    assert evaluate(sad("ab"), SPLIT).value == 1 / 2


def test_an_empty_row_and_no_row_count_the_same() -> None:
    empty = table_saying({"a": "Sad", "b": None, "c": None, "d": None})
    assert evaluate_all([empty], SPLIT) == evaluate_all([sad("a")], SPLIT)


def test_clips_without_scores_count_as_wrong_in_every_metric_and_are_no_class() -> None:
    half = table_saying({"a": "Sad", "b": None, "c": "Happy", "d": None})
    values = {r.metric.name: r.value for r in evaluate_all([half], SPLIT)}
    assert values == pytest.approx(
        {"accuracy": 1 / 2, "uar": 1 / 2, "weighted_f1": 2 / 3, "macro_f1": 2 / 3}
    )


def test_a_split_without_any_score_has_no_result() -> None:
    assert {r.split for r in evaluate_all([sad("abcd")], SPLIT)} == {"val"}
    both = evaluate_all([sad("abcdt", {"t": "test"})], SPLIT)
    assert {r.split for r in both} == {"val", "test"}


def test_a_clip_without_a_label_is_not_judged() -> None:
    assert evaluate(sad("abcdx"), SPLIT).n == 4


def test_test_clips_are_judged_where_they_are_asked_for() -> None:
    scores = sad("abcdt", {"t": "test"})
    assert evaluate(scores, SPLIT).split == "val"
    found = evaluate(scores, SPLIT, split="test")
    assert (found.split, found.value, found.n) == ("test", 1.0, 1)
    with pytest.raises(ConfigError, match="'voice': no val or train clip with a label"):
        evaluate(sad("t", "test"), SPLIT)
    with pytest.raises(ConfigError, match="unknown split 'tset'"):
        evaluate(scores, SPLIT, split="tset")
    with pytest.raises(ConfigError, match="no train clip has a label or target"):
        evaluate(scores, SPLIT, split="train")


def test_a_regression_leaves_clips_without_scores_out_and_tells() -> None:
    cohort = cohort_of({"a": 2.0, "b": 2.0, "c": 9.0, "d": 9.0})
    found = evaluate(table_saying({"a": 1.0, "b": 2.0, "c": None}, JOY), cohort, "mse")
    assert (found.value, found.n, found.n_scored, found.n_groups) == (0.5, 4, 2, 2)
    assert np.isnan([found.low, found.high]).all()
    assert found.note == "2 clips: too few to say how sure this is"


def test_numbers_are_judged_where_there_are_any() -> None:
    truth = {f"c{n}": n / 7 for n in range(8)}
    groups = {clip_id: f"s{n // 2}" for n, clip_id in enumerate(truth)}
    exact = table_saying({**truth, "c0": None}, JOY)
    found = evaluate(exact, cohort_of(truth, group=groups), "ccc")
    assert found.value == pytest.approx(1.0)
    assert (found.low, found.high) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (found.n_scored, found.n_groups) == (7, 4)


def test_clips_that_the_scores_have_in_another_split_are_told() -> None:
    elsewhere = table_saying({"a": "Sad", "b": "Sad", "zz": "Sad"}, split="train")
    with pytest.raises(TableError) as caught:
        evaluate(elsewhere, SPLIT)
    assert str(caught.value).splitlines() == [
        "scores of 'voice' have clips in other splits: 2 problems",
        "  - clip 'a' is in train, among the clips in val",
        "  - clip 'b' is in train, among the clips in val",
    ]


def test_a_table_of_labels_without_splits_takes_those_of_the_scores() -> None:
    """As training clips they would have been seen by the model that scores them."""
    labels = pd.DataFrame({"clip_id": list(TRUTH), "label": list(TRUTH.values())})
    scores = table_saying(
        {"a": "Sad", "b": "Sad", "c": "Sad"}, seen_groups={None: frozenset({"somebody"})}
    )
    found = api.evaluate(scores, labels, metrics=["accuracy"])
    # d and t, of which the scores know nothing, are training clips
    assert found[["split", "value", "n"]].to_numpy().tolist() == [["val", 2 / 3, 3]]


def test_other_labels_and_metrics_of_other_tasks_are_refused() -> None:
    other = table_saying({"a": "Sad"}, Classification(("Sad", "Glad")))
    with pytest.raises(
        TableError, match="labels of the cohort: 2 problems\n  - clip 'c': 'Happy' is no label"
    ):
        evaluate(other, SPLIT)
    with pytest.raises(ConfigError, match="judges a regression, not a classification"):
        evaluate(sad("a"), SPLIT, "rmse")


class TestOutOfFold:
    """Four speakers with four clips each, two speakers to a fold."""

    @staticmethod
    def scored(right: list[list[bool]], **more: object) -> tuple[ScoreTable, Cohort]:
        truth, said, group, fold = {}, {}, {}, {}
        for speaker, clips in enumerate(right):
            for number, is_right in enumerate(clips):
                clip_id = f"{speaker}-{number}"
                truth[clip_id] = ("Happy", "Sad")[number % 2]
                said[clip_id] = ("Happy", "Sad")[(number + (not is_right)) % 2]
                group[clip_id] = f"s{speaker}"
                fold[clip_id] = speaker // 2
        everyone = {*group.values()}
        seen = {
            number: frozenset(everyone - {group[c] for c, own in fold.items() if own == number})
            for number in {*fold.values()}
        }
        table = table_saying(said, split="train", folds=fold, seen_groups=seen)
        return table, cohort_of(truth, split="train", group=group, fold=fold)

    def test_folds_are_judged_one_by_one(self) -> None:
        found = evaluate(*self.scored([[True] * 4, [True] * 4, [False] * 4, [True] * 4]))
        assert found.by_fold == {0: 1.0, 1: 0.5}
        assert (found.value, found.n_groups, found.split) == (0.75, 4, "train")
        assert found.knows_groups

    def test_without_folds_there_is_nothing_to_say_of_them(self) -> None:
        table, cohort = self.scored([[True] * 2])
        unfolded = Cohort(replace(clip, fold=None) for clip in cohort)
        found = evaluate(table, unfolded)
        assert (found.value, found.by_fold) == (1.0, {})
        assert len(folds_frame([found])) == 0

    def test_the_frame_has_a_row_per_fold_and_one_for_all(self) -> None:
        found = evaluate(*self.scored([[True] * 4, [False] * 4, [True] * 4]), "uar")
        frame = folds_frame([found])
        assert frame["fold"].tolist() == ["0", "1", "all"]
        assert frame["value"].tolist() == pytest.approx([0.5, 1.0, 2 / 3])
        whole = frame.iloc[-1]
        row = results_frame([found]).iloc[0]
        for name in ("modality", "metric", "value", "low", "high", "n_groups"):
            assert whole[name] == row[name]

    def test_scores_of_models_that_have_seen_the_clip_are_none(self) -> None:
        ids = "abcd"
        cohort = cohort_of(
            dict.fromkeys(ids, "Sad"), split="train", group=dict.fromkeys(ids, "speaker0")
        )
        seen = {0: frozenset({"other"}), None: frozenset({"speaker0"})}
        table = table_saying(
            dict.fromkeys(ids, "Sad"), split="train", folds={"a": 0, "b": 0, "d": 7},
            seen_groups=seen,
        )  # fmt: skip
        found = evaluate(table, cohort)  # c by a model that has seen it, d by an unknown one
        assert (found.value, found.n, found.n_scored) == (0.5, 4, 2)
        in_sample = table_saying(
            dict.fromkeys(ids, "Sad"), split="train", seen_groups={None: frozenset({"speaker0"})}
        )
        with pytest.raises(ConfigError, match="has not seen its group"):
            evaluate(in_sample, cohort)
        with pytest.raises(ConfigError, match=r"no train clip.*has not seen its group"):
            evaluate(in_sample, cohort, split="train")

    def test_a_final_model_may_have_seen_a_clip_whose_group_it_does_not_name(self) -> None:
        cohort = cohort_of({"a": "Sad"}, split="train", group={"a": "unlisted"})
        trained = {None: frozenset({"speaker0"})}
        with pytest.raises(ConfigError, match="has not seen its group"):
            evaluate(table_saying({"a": "Sad"}, split="train", seen_groups=trained), cohort)
        elsewhere = table_saying({"a": "Sad"}, split="train", seen_groups={None: frozenset()})
        assert evaluate(elsewhere, cohort).value == 1.0

    def test_validation_clips_come_before_training_clips(self) -> None:
        table, cohort = self.scored([[True] * 4, [False] * 4])
        val = cohort_of({"v": "Sad"})
        both = Cohort([*cohort, *val])
        assert evaluate(table, both).split == "train"
        with_val = ScoreTable(
            "voice", table.task, (*table.clip_ids, "v"), np.vstack([table.scores, [0.0, 1.0]]),
            (*table.split, "val"), (*table.fold, None),
            {**table.seen_groups, None: frozenset({"s0", "s1"})},
        )  # fmt: skip
        assert evaluate(with_val, both).split == "val"
        assert evaluate(with_val, both, split="both").value == 5 / 9
        assert [r.split for r in evaluate_all([with_val], both)] == ["train"] * 4 + ["val"] * 4


class TestCopies:
    """20 recordings, each there ten times under other names; 16 are recognised."""

    truth = {f"clip{n:03}": "Sad" for n in range(200)}  # noqa: RUF012
    content = {c: f"{n % 20:064x}" for n, c in enumerate(truth)}  # noqa: RUF012

    def said(self, n_right: int) -> ScoreTable:
        right = {f"{n:064x}" for n in range(n_right)}
        words = {c: "Sad" if self.content[c] in right else "Happy" for c in self.truth}
        return table_saying(words)

    def test_copies_are_no_witnesses_of_their_own(self) -> None:
        copied = evaluate(self.said(16), cohort_of(self.truth, content=self.content))
        assert (copied.value, copied.n, copied.n_groups) == (0.8, 200, 20)
        # of 20 coins, 16 heads: the exact interval of their share
        assert (copied.low, copied.high) == pytest.approx((0.563, 0.943), abs=0.04)
        assert not copied.knows_groups
        once = {c: self.truth[c] for c in list(self.truth)[:20]}
        alone = evaluate(self.said(16), cohort_of(once, content=self.content))
        assert (alone.value, alone.n) == (0.8, 20)
        assert (alone.low, alone.high) == (copied.low, copied.high)

    def test_clips_of_unknown_content_stand_for_themselves(self) -> None:
        apart = evaluate(self.said(16), cohort_of(self.truth))
        assert apart.n_groups == 200
        # of 200 coins, 160 heads
        assert (apart.low, apart.high) == pytest.approx((0.738, 0.853), abs=0.005)


class TestUndefined:
    """The area under the curve needs both classes, wherever it is asked for."""

    def test_folds_of_one_class_end_in_nothing_and_not_in_a_traceback(self) -> None:
        truth = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 1.0}
        fold = {"a": 0, "b": 0, "c": 1, "d": 1}
        cohort = cohort_of(truth, split="train", group={c: c for c in truth}, fold=fold)
        table = table_saying(
            truth, JOY, split="train", folds=fold,
            seen_groups={0: frozenset("cd"), 1: frozenset("ab")},
        )  # fmt: skip
        found = evaluate(table, cohort, "auc")
        assert found.value == 1.0
        assert np.isnan(found.by_fold[0])
        assert found.by_fold[1] == 1.0
        assert np.isnan([found.low, found.high]).all()
        assert found.note == "the area under the ROC curve doesn't add up over groups"
        assert str(found) == "AUC 1.0000, n = 4"
        frame = folds_frame([found])
        assert frame["value"].isna().tolist() == [True, False, False]

    def test_clips_of_one_class_have_no_value_and_a_note(self) -> None:
        cohort = cohort_of({"a": 1.0, "b": 1.0})
        found = evaluate(table_saying({"a": 0.1, "b": 0.2}, JOY), cohort, "auc")
        assert np.isnan([found.value, found.low, found.high]).all()
        assert found.note == "AUC is undefined on these clips"
        assert str(found) == "AUC undefined, n = 2"

    def test_one_group_has_no_interval_and_a_note(self) -> None:
        cohort = cohort_of(TRUTH, group=dict.fromkeys(TRUTH, "s1"))
        found = evaluate(sad("abcdt"), cohort)
        assert found.value == 3 / 5
        assert np.isnan([found.low, found.high]).all()
        assert found.note == "1 group: too few to say how sure this is"


def test_a_metric_of_ones_own_is_a_function_of_what_is_judged() -> None:
    def share_of_sad(y_true: np.ndarray, y_pred: np.ndarray) -> float:  # type: ignore[type-arg]
        return float((y_pred == 1).mean())

    own = Metric("sad", "share of Sad", "classification", (0.0, 1.0), function=share_of_sad)
    found = evaluate(table_saying({"a": "Sad", "b": None, "c": "Happy"}), SPLIT, own)
    assert found.value == 1 / 4
    assert np.isnan(found.low)
    assert found.note == "this metric has no interval"
    assert str(found) == "share of Sad 25.00 %, n = 4, 2 scored"
    assert found.row()["metric"] == "sad"


def test_one_way_to_print_a_result() -> None:
    found = evaluate(sad("abcdt"), COHORT)
    assert str(found) == "accuracy 60.00 % (6.14–98.10), n = 5"
    row = results_frame([found]).iloc[0]
    assert row.drop(["low", "high"]).to_dict() == {
        "modality": "voice", "split": "val", "metric": "accuracy", "value": 0.6, "n": 5,
        "n_scored": 5, "n_groups": 5, "knows_groups": False, "provenance": "held out",
        "adapted_on": "",
    }  # fmt: skip


def test_the_order_of_rows_and_clips_means_nothing() -> None:
    there = evaluate(table_saying({"a": "Sad", "b": "Happy", "t": "Sad"}), COHORT)
    here = evaluate(
        table_saying({"t": "Sad", "b": "Happy", "a": "Sad"}), Cohort(reversed(list(COHORT)))
    )
    assert here == there
