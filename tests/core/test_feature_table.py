"""What an extractor promises is checked on every row it delivers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from emotiw.core.errors import TableError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable

SPEC = FeatureSpec("toy", shape=(2,), unit="frame", rate_hz=25.0)


def rows(n: int = 3, **changes: Any) -> FeatureArray:
    values = changes.get("values", np.ones((n, 2), dtype=np.float32))
    return FeatureArray(values, changes.get("present", np.ones(len(values), dtype=bool)))


@pytest.mark.parametrize(("shape", "dim"), [((256,), 256), ((112, 112, 3), 37632), ((), 1)])
def test_the_dimension_of_a_row(shape: tuple[int, ...], dim: int) -> None:
    assert FeatureSpec("x", shape, "frame").dim == dim


def test_a_promise_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(TableError, match="'x': unknown unit 'second'"):
        FeatureSpec("x", (2,), "second")  # type: ignore[arg-type]
    with pytest.raises(TableError, match=r"'x': 3 column names for shape \(2,\)"):
        FeatureSpec("x", (2,), "clip", columns=("a", "b", "c"))
    with pytest.raises(TableError, match=r"2 column names for shape \(2, 1\)"):
        FeatureSpec("x", (2, 1), "clip", columns=("a", "b"))
    assert FeatureSpec("x", (2,), "clip", columns=("a", "b")).columns == ("a", "b")


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (rows(values=np.ones((3, 4), dtype=np.float32)), r"got \(4,\) float32"),
        (rows(values=np.ones((3, 2, 1), dtype=np.float32)), r"got \(2, 1\) float32"),
        (rows(values=np.ones((3, 2))), r"expected rows of \(2,\) float32, got \(2,\) float64"),
        (rows(values=np.ones((3, 2), dtype=np.uint8)), "uint8"),
        (rows(present=np.ones(2, dtype=bool)), r"presence mask must be \(3,\) bool"),
        (rows(present=np.ones((3, 1), dtype=bool)), r"presence mask must be \(3,\) bool"),
        (rows(present=np.ones(3, dtype=np.int64)), r"presence mask must be \(3,\) bool"),
        (rows(values=np.array([[1, np.nan]], dtype=np.float32)), "NaN or infinity"),
        (rows(values=np.array([[np.inf, 1]], dtype=np.float32)), "NaN or infinity"),
    ],
)
def test_a_broken_promise_names_feature_and_clip(array: FeatureArray, says: str) -> None:
    with pytest.raises(TableError, match=says) as caught:
        FeatureTable(SPEC, {"000143240": array})["000143240"]
    assert "feature 'toy' of clip '000143240'" in str(caught.value)


def test_a_row_that_is_not_present_means_nothing() -> None:
    values = np.array([[np.nan, np.inf], [1, 2]], dtype=np.float32)
    rows(values=values, present=np.array([False, True])).check(SPEC, "a")


def test_pictures_are_promised_as_bytes() -> None:
    spec = FeatureSpec("crops", (2, 2, 3), "frame", dtype="uint8")
    FeatureArray.all_present(np.zeros((4, 2, 2, 3), dtype=np.uint8)).check(spec, "a")
    with pytest.raises(TableError, match="float32"):
        FeatureArray.all_present(np.zeros((4, 2, 2, 3), dtype=np.float32)).check(spec, "a")


def test_all_present_and_no_rows_at_all() -> None:
    assert (
        FeatureArray.all_present(np.ones((3, 2), dtype=np.float32)).present.tolist() == [True] * 3
    )
    FeatureArray.all_present(np.zeros((0, 2), dtype=np.float32)).check(SPEC, "a")


def test_clips_come_by_id_in_the_order_of_their_text() -> None:
    table = FeatureTable(SPEC, {"10": rows(1), "9": rows(2), "010": rows(3)})
    assert table.clip_ids == ("010", "10", "9")
    assert [(clip_id, len(array.values)) for clip_id, array in table.items()] == [
        ("010", 3),
        ("10", 1),
        ("9", 2),
    ]
    assert len(table) == 3
    assert "9" in table
    assert "09" not in table
    with pytest.raises(TableError, match="feature 'toy' has no clip '09'"):
        table["09"]


class OnDisk(Mapping[str, FeatureArray]):
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, clip_id: str) -> FeatureArray:
        self.asked.append(clip_id)
        return rows()

    def __iter__(self) -> Iterator[str]:
        return iter(["b", "a"])

    def __len__(self) -> int:
        return 2

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in {"a", "b"}


def test_arrays_are_read_only_when_they_are_asked_for() -> None:
    arrays = OnDisk()
    table = FeatureTable(SPEC, arrays)
    assert table.clip_ids == ("a", "b")
    assert "a" in table
    assert len(table) == 2
    assert arrays.asked == []
    table["b"]
    assert arrays.asked == ["b"]
