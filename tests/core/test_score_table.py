"""Scores keep their ids, their rows and the record of what their models have seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emotiw.core.errors import LeakageError, TableError
from emotiw.core.files import sha256_of
from emotiw.core.score_frame import read_score_frame
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification, Regression, Task

LABELS = ("Angry", "Happy", "Sad")
IDS = st.sampled_from(
    ["000143240", "143240", "NA", "nan", "null", "True", "1e5", "ä,b", "-", "a b"]
)


def table(**changes: Any) -> ScoreTable:
    parts: dict[str, Any] = {
        "name": "audio",
        "task": Classification(LABELS),
        "clip_ids": ("b", "000143240", "NA"),
        "scores": np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [np.nan] * 3]),
        "split": ("val", "train", "test"),
        "fold": (None, 1, None),
        "seen_groups": {None: frozenset({"s1", "s2"}), 1: frozenset({"s2"})},
    }
    return ScoreTable(**{**parts, **changes})


def probabilities(rows: int, labels: int = 3) -> st.SearchStrategy[npt.NDArray[np.float64]]:
    raw = hnp.arrays(np.float64, (rows, labels), elements=st.floats(1e-6, 1.0))
    return raw.map(lambda values: values / values.sum(axis=1, keepdims=True))


def test_a_row_without_scores_is_not_present() -> None:
    assert table().present.tolist() == [True, True, False]
    assert len(table()) == 3


def test_predictions_are_by_clip_and_leave_out_what_is_not_there() -> None:
    assert table().predictions() == {"b": "Angry", "000143240": "Sad"}
    tie = table(scores=np.array([[0.4, 0.4, 0.2]] * 3))
    assert set(tie.predictions().values()) == {"Angry"}


def test_rows_are_joined_by_id_and_never_by_position() -> None:
    aligned = table().aligned_to(["000143240", "unknown", "b", "b"])
    np.testing.assert_array_equal(
        aligned, [[0.1, 0.2, 0.7], [np.nan] * 3, [0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]
    )
    assert table().aligned_to([]).shape == (0, 3)


def test_a_selection_is_sorted_and_keeps_the_record() -> None:
    selected = table().select(["b", "000143240", "none"])
    assert selected.clip_ids == ("000143240", "b")
    assert selected.scores.tolist() == [[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]]
    assert selected.split == ("train", "val")
    assert selected.fold == (1, None)
    assert selected.seen_groups == table().seen_groups
    assert len(table().select([])) == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scores": np.full((2, 3), 1 / 3)}, ["expected 3 rows of 3 scores, got (2, 3)"]),
        ({"scores": np.full((3, 2), 0.5)}, ["expected 3 rows of 3 scores, got (3, 2)"]),
        ({"split": ("val",)}, ["expected 3 splits and folds"]),
        ({"fold": ()}, ["expected 3 splits and folds"]),
        ({"task": Classification(("Sad", "Sad", "Happy"))}, ["duplicate labels"]),
        ({"clip_ids": ("a", "a", "b")}, ["clip 'a' has more than one row"]),
        (
            {"clip_ids": ("a", "a", "a"), "split": ()},
            ["expected 3 splits", "clip 'a' has more than one row"],
        ),
        (
            {"scores": np.array([[0.5, 0.5, np.nan], [0.1, 0.2, 0.7], [-0.1, 0.1, 1.0]])},
            ["clip 'b': some scores are missing and some are not", "negative scores"],
        ),
        ({"scores": np.array([[2.0, 1.0, 0.5]] * 3)}, ["don't sum to 1 (off by up to 2.5)"]),
        ({"scores": np.array([[np.inf, 0.0, 0.0]] * 3)}, ["infinite scores"]),
        ({"scores": np.zeros((3, 3))}, ["rows don't sum to 1"]),
    ],
)
def test_what_is_no_table_of_probabilities_is_refused(
    changes: dict[str, Any], says: list[str]
) -> None:
    with pytest.raises(TableError) as caught:
        table(**changes)
    assert str(caught.value).startswith("scores of 'audio': ")
    assert all(part in str(caught.value) for part in says)


def test_targets_need_not_sum_to_one() -> None:
    regression = {"task": Regression(("valence",))}
    assert table(scores=np.array([[-3.0], [7.0], [np.nan]]), **regression).present.sum() == 2
    with pytest.raises(TableError, match="infinite"):
        table(scores=np.array([[-3.0], [-np.inf], [np.nan]]), **regression)


class TestLeakage:
    groups = {"b": "s3", "000143240": "s1"}  # noqa: RUF012

    def test_rows_whose_models_have_not_seen_them_may_be_fitted_on(self) -> None:
        table().require_unseen(self.groups)

    def test_every_row_that_was_seen_is_named(self) -> None:
        with pytest.raises(LeakageError) as caught:
            table().require_unseen({"b": "s1", "000143240": "s2", "elsewhere": "s1"})
        assert str(caught.value).splitlines() == [
            "scores of 'audio' can't be fitted on: 2 problems",
            "  - clip 'b': its model was trained on its group 's1'",
            "  - clip '000143240': its model was trained on its group 's2'",
        ]

    def test_nothing_known_of_a_model_is_a_refusal(self) -> None:
        unknown = table(seen_groups={None: frozenset()})
        with pytest.raises(LeakageError, match="'000143240': nothing says what its model was"):
            unknown.require_unseen(self.groups)

    def test_rows_that_are_not_fitted_on_are_not_looked_at(self) -> None:
        table(seen_groups={}).require_unseen({})

    def test_the_record_survives_the_disk(self, tmp_path: Path) -> None:
        table().write_csv(tmp_path / "audio.csv")
        back = ScoreTable.read_csv(tmp_path / "audio.csv")
        back.require_unseen(self.groups)
        with pytest.raises(LeakageError):
            back.require_unseen({"b": "s2"})


class TestCsv:
    def test_what_is_written_is_read_sorted_by_id(self, tmp_path: Path) -> None:
        table().write_csv(tmp_path / "audio.csv", provenance={"model": "svm"})
        back = ScoreTable.read_csv(tmp_path / "audio.csv")
        assert back.clip_ids == ("000143240", "NA", "b")
        assert back.split == ("train", "test", "val")
        assert back.fold == (1, None, None)
        assert back.seen_groups == table().seen_groups
        assert (back.name, back.labels) == ("audio", LABELS)
        assert back.task == Classification(LABELS)
        np.testing.assert_allclose(
            back.scores, [[0.1, 0.2, 0.7], [np.nan] * 3, [0.5, 0.25, 0.25]], rtol=1e-8
        )
        noted = json.loads((tmp_path / "audio.json").read_text())["provenance"]
        assert noted == {"model": "svm", "sha256": sha256_of(tmp_path / "audio.csv")}

    def test_the_file_is_one_that_a_person_can_read(self, tmp_path: Path) -> None:
        table().write_csv(tmp_path / "audio.csv")
        assert (tmp_path / "audio.csv").read_bytes() == (
            b"clip_id,split,fold,Angry,Happy,Sad\n"
            b"000143240,train,1,0.1,0.2,0.7\n"
            b"NA,test,,,,\n"
            b"b,val,,0.5,0.25,0.25\n"
        )

    def test_the_order_of_rows_does_not_change_a_byte(self, tmp_path: Path) -> None:
        table().write_csv(tmp_path / "one.csv")
        replace(
            table(),
            clip_ids=("NA", "000143240", "b"),
            scores=table().scores[::-1],
            split=("test", "train", "val"),
            fold=(None, 1, None),
            seen_groups={1: frozenset({"s2"}), None: frozenset({"s2", "s1"})},
        ).write_csv(tmp_path / "two.csv")
        for suffix in (".csv", ".json"):
            one, two = (tmp_path / f"{name}{suffix}" for name in ("one", "two"))
            assert one.read_bytes() == two.read_bytes()

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
    @given(data=st.data(), clip_ids=st.lists(IDS, unique=True, max_size=6))
    def test_ids_stay_text_and_scores_stay_close(
        self, tmp_path: Path, data: st.DataObject, clip_ids: list[str]
    ) -> None:
        scores = data.draw(probabilities(len(clip_ids)))
        whole = table(
            clip_ids=tuple(clip_ids),
            scores=scores,
            split=("val",) * len(clip_ids),
            fold=(None,) * len(clip_ids),
        )
        whole.write_csv(tmp_path / "x.csv")
        back = ScoreTable.read_csv(tmp_path / "x.csv")
        assert back.clip_ids == tuple(sorted(clip_ids))
        np.testing.assert_allclose(back.aligned_to(clip_ids), scores, rtol=2e-8)
        np.testing.assert_allclose(back.scores.sum(axis=1), 1.0, rtol=1e-15 * 4)

    @pytest.mark.parametrize("task", [Classification(LABELS), Regression(LABELS)])
    def test_a_table_without_rows(self, tmp_path: Path, task: Task) -> None:
        empty: dict[str, Any] = {"clip_ids": (), "split": (), "fold": ()}
        table(scores=np.zeros((0, 3)), task=task, **empty).write_csv(tmp_path / "x.csv")
        back = ScoreTable.read_csv(tmp_path / "x.csv")
        assert (len(back), back.task) == (0, task)
        assert back.scores.shape == (0, 3)
        assert back.predictions() == {}
        assert len(back.to_frame()) == 0

    def test_targets_are_not_rescaled(self, tmp_path: Path) -> None:
        scores = np.array([[-3.5], [2.0], [np.nan]])
        table(scores=scores, task=Regression(("valence",))).write_csv(tmp_path / "x.csv")
        back = ScoreTable.read_csv(tmp_path / "x.csv")
        assert back.task == Regression(("valence",))
        np.testing.assert_array_equal(back.aligned_to(["b", "000143240", "NA"]), scores)

    def spoil(self, tmp_path: Path, old: str, new: str, *, file: str = "x.csv") -> Path:
        table().write_csv(tmp_path / "x.csv")
        text = (tmp_path / file).read_text()
        assert old in text
        (tmp_path / file).write_text(text.replace(old, new))
        return tmp_path / "x.csv"

    def test_columns_may_be_put_in_another_order(self, tmp_path: Path) -> None:
        path = tmp_path / "x.csv"
        table().write_csv(path)
        path.write_text("Sad,extra,Angry,fold,Happy,split,clip_id\r\n0.7,?,0.1,1,0.2,train,001\r\n")
        back = ScoreTable.read_csv(path)
        assert back.clip_ids == ("001",)
        np.testing.assert_allclose(back.scores, [[0.1, 0.2, 0.7]])

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ("Happy", "Hapy", "line 1: no column 'Happy'"),
            ("\nNA,", "\n,", "line 3: no clip id"),
            ("\nNA,", "\n\n\n,", "line 5: no clip id"),
            ("NA,test,", "NA,,", "line 3: no split"),
            ("0.25,0.25", "0.25,much", "line 4: Sad 'much' is not a number"),
            ("0.25,0.25", "0.25,nan", "line 4: Sad 'nan' is not a number"),
            ("train,1,", "train,one,", "line 2: fold 'one' is not a whole number"),
            ("train,1,", "train,1.5,", "line 2: fold '1.5' is not a whole number"),
            ("NA,test,,,,", "NA,test,,,", "line 3: expected 6 fields, got 5"),
            ("0.7\n", "0.7,\n", "line 2: expected 6 fields, got 7"),
            ("0.25,0.25", "0.25,", "clip 'b': some scores are missing and some are not"),
            ("NA,test", "b,test", "clip 'b' has more than one row"),
            # a row that never was one of probabilities is not made into one
            ("0.5,0.25,0.25", "0,0,0", "rows don't sum to 1"),
            ("0.5,0.25,0.25", "50,25,25", "rows don't sum to 1"),
            ("0.5,0.25,0.25", "2.5,-1,-0.5", "negative scores"),
            ("0.5,0.25,0.25", "inf,0,0", "infinite scores"),
        ],
    )
    def test_what_was_spoilt_by_hand_is_refused(
        self, tmp_path: Path, old: str, new: str, says: str
    ) -> None:
        path = self.spoil(tmp_path, old, new)
        with pytest.raises(TableError) as caught:
            ScoreTable.read_csv(path)
        assert says in str(caught.value)

    def test_all_problems_come_at_once(self, tmp_path: Path) -> None:
        table().write_csv(tmp_path / "x.csv")
        (tmp_path / "x.csv").write_text(
            "clip_id,split,fold,Angry,Happy,Sad\n,val,x,a,b,1\nb,,,0.5,0.5,0\n"
        )
        with pytest.raises(TableError, match="5 problems"):
            ScoreTable.read_csv(tmp_path / "x.csv")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("{", ""),
            ('"labels"', '"label"'),
            ('"seen_groups": {', '"seen_groups": [], "x": {'),
            ('"1": [', '"one": ['),
            ('"final"', '"last"'),
        ],
    )
    def test_a_damaged_card_is_refused(self, tmp_path: Path, old: str, new: str) -> None:
        path = self.spoil(tmp_path, old, new, file="x.json")
        with pytest.raises(TableError, match=r"x\.json: not the card of a score table"):
            ScoreTable.read_csv(path)

    @pytest.mark.parametrize("card", ["[]", "3", '"x"', "null"])
    def test_another_json_is_no_card(self, tmp_path: Path, card: str) -> None:
        table().write_csv(tmp_path / "x.csv")
        (tmp_path / "x.json").write_text(card)
        with pytest.raises(TableError, match="not the card of a score table"):
            ScoreTable.read_csv(tmp_path / "x.csv")

    @pytest.mark.parametrize("missing", ["x.csv", "x.json"])
    def test_both_files_are_needed(self, tmp_path: Path, missing: str) -> None:
        table().write_csv(tmp_path / "x.csv")
        (tmp_path / missing).unlink()
        with pytest.raises(TableError, match=r"both the CSV and its x\.json are needed"):
            ScoreTable.read_csv(tmp_path / "x.csv")

    def test_a_truncated_card_is_refused_at_every_length(self, tmp_path: Path) -> None:
        table().write_csv(tmp_path / "x.csv")
        whole = (tmp_path / "x.json").read_bytes()
        for length in range(0, len(whole) - 2, 7):
            (tmp_path / "x.json").write_bytes(whole[:length])
            with pytest.raises(TableError):
                ScoreTable.read_csv(tmp_path / "x.csv")


def test_scores_from_elsewhere_need_only_ids_and_labels(tmp_path: Path) -> None:
    (tmp_path / "theirs.csv").write_bytes(b"\xef\xbb\xbfHappy,clip_id,Sad\r\n0.25,007,0.75\r\n")
    frame = read_score_frame(tmp_path / "theirs.csv", ("Sad", "Happy"), needed=("clip_id",))
    assert frame["clip_id"].tolist() == ["007"]
    assert frame[["Sad", "Happy"]].to_numpy().tolist() == [[0.75, 0.25]]


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="can't be read"):
        read_score_frame(tmp_path / "none.csv", LABELS)
