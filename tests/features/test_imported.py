"""Features that another tool computed: ids stay text, holes stay holes, damage is one error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from emotiw.core.errors import TableError
from emotiw.core.feature_table import FeatureTable
from features.external.imported_features import ImportedOptions, import_features


def imported(
    path: Path, unit: Any = "frame", columns: tuple[str, ...] | None = None
) -> FeatureTable:
    options = ImportedOptions(path=Path(path.name), unit=unit, columns=columns)
    return import_features("theirs", options, root=path.parent)


def rows_of(table: FeatureTable, clip_id: str) -> Any:
    array = table[clip_id]
    return array.values  # noqa: PD011  (of a FeatureArray)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def save_npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


class TestNpz:
    def test_one_array_per_clip(self, tmp_path: Path) -> None:
        frames = np.arange(6, dtype=np.float32).reshape(3, 2)
        arrays: dict[str, Any] = {"000143240": frames, "NA": frames[:1] + 1}
        table = imported(save_npz(tmp_path / "x.npz", **arrays))
        assert table.clip_ids == ("000143240", "NA")
        assert (table.spec.name, table.spec.shape, table.spec.unit) == ("theirs", (2,), "frame")
        np.testing.assert_array_equal(rows_of(table, "000143240"), frames)
        assert table["NA"].present.tolist() == [True]

    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8, bool])
    def test_any_kind_of_number_will_do(self, tmp_path: Path, dtype: Any) -> None:
        table = imported(save_npz(tmp_path / "x.npz", a=np.array([1, 0], dtype=dtype)), "clip")
        assert rows_of(table, "a").tolist() == [[1.0, 0.0]]
        assert rows_of(table, "a").dtype == np.float32

    def test_a_row_with_nan_is_a_hole(self, tmp_path: Path) -> None:
        holes = np.array([[1, 2], [np.nan, 2], [np.inf, 1]])
        table = imported(save_npz(tmp_path / "x.npz", a=holes, b=holes[1:]))
        assert table["a"].present.tolist() == [True, False, False]
        assert rows_of(table, "a").tolist() == [[1, 2], [0, 0], [0, 0]]
        assert "b" not in table

    def test_other_files_are_one_clear_error(self, tmp_path: Path) -> None:
        whole = save_npz(tmp_path / "x.npz", a=np.ones(50), b=np.zeros((2, 50))).read_bytes()
        path = tmp_path / "x.npz"
        contents = [whole[: len(whole) * n // 12] for n in range(12)]
        contents += [b"text", b"PK\x03\x04", whole[:200] + b"\0" * 40 + whole[240:]]
        for content in contents:
            path.write_bytes(content)
            with pytest.raises(TableError, match="can't be read as npz"):
                imported(path)

    def test_compressed_bytes_that_were_damaged(self, tmp_path: Path) -> None:
        path = tmp_path / "x.npz"
        np.savez_compressed(path, a=np.random.default_rng(0).normal(size=400))
        content = bytearray(path.read_bytes())
        content[200:260] = b"\xff" * 60
        path.write_bytes(content)
        with pytest.raises(TableError, match="can't be read as npz"):
            imported(path)

    def test_a_single_array_is_no_npz(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.ones(3))
        (tmp_path / "x.npy").rename(tmp_path / "x.npz")
        with pytest.raises(TableError, match="can't be read as npz"):
            imported(tmp_path / "x.npz")

    @pytest.mark.parametrize("array", [np.array([{"a": 1}], dtype=object), np.array(["x"])])
    def test_objects_and_text_are_refused(self, tmp_path: Path, array: Any) -> None:
        with pytest.raises(TableError, match="can't be read as npz of plain arrays"):
            imported(save_npz(tmp_path / "x.npz", a=array))

    @pytest.mark.parametrize("array", [np.ones((2, 2, 2)), np.array(1.0)])
    def test_other_shapes_are_refused(self, tmp_path: Path, array: Any) -> None:
        with pytest.raises(TableError, match=r"clip 'a' has shape .*expected \(n, dim\)"):
            imported(save_npz(tmp_path / "x.npz", a=array))

    def test_columns_cannot_be_picked_where_none_has_a_name(self, tmp_path: Path) -> None:
        with pytest.raises(TableError, match="no named columns"):
            imported(save_npz(tmp_path / "x.npz", a=np.ones(3)), columns=("b",))

    def test_every_clip_that_differs_is_named(self, tmp_path: Path) -> None:
        path = save_npz(tmp_path / "x.npz", a=np.ones(3), b=np.ones((2, 4)), c=np.ones((1, 3)))
        with pytest.raises(TableError) as caught:
            imported(path, "clip")
        assert str(caught.value).splitlines() == [
            f"{path}: 2 problems",
            "  - clip 'b' has 4 columns, clip 'a' has 3",
            "  - clip 'b' has 2 rows, and a clip has one; unit: frame?",
        ]


@pytest.fixture(params=[".csv", ".parquet"])
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def write_frame(folder: Path, suffix: str, **columns: Any) -> Path:
    frame, path = pd.DataFrame(columns), folder / f"x{suffix}"
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


class TestTables:
    def test_rows_are_ordered_by_frame(self, tmp_path: Path, suffix: str) -> None:
        path = write_frame(
            tmp_path, suffix, clip_id=["b", "a", "a", "a"], frame=[0, 10, 9, 1], x=[7, 3, 2, 1]
        )
        table = imported(path)
        assert table.spec.columns == ("x",)
        assert rows_of(table, "a").ravel().tolist() == [1, 2, 3]
        assert rows_of(table, "b").ravel().tolist() == [7]

    def test_rows_are_ordered_by_time(self, tmp_path: Path, suffix: str) -> None:
        path = write_frame(
            tmp_path, suffix, clip_id=["a"] * 3, time_sec=[10.5, 9.0, 0.1], x=[3, 2, 1]
        )
        table = imported(path)
        assert rows_of(table, "a").ravel().tolist() == [1, 2, 3]
        times = table["a"].times
        assert times is not None
        assert times.tolist() == [[0.1, 0.1], [9.0, 9.0], [10.5, 10.5]]

    def test_without_an_order_rows_stay_as_they_are(self, tmp_path: Path, suffix: str) -> None:
        path = write_frame(tmp_path, suffix, clip_id=["b", "a", "b", "a"], x=[4, 9, 3, 1])
        table = imported(path)
        assert rows_of(table, "a").ravel().tolist() == [9, 1]
        assert rows_of(table, "b").ravel().tolist() == [4, 3]

    def test_ids_stay_text(self, tmp_path: Path, suffix: str) -> None:
        ids = ["000143240", "NA", "nan", "null", "1e5", "True", "None"]
        table = imported(write_frame(tmp_path, suffix, clip_id=ids, x=range(7)), "clip")
        assert table.clip_ids == tuple(sorted(ids))
        assert rows_of(table, "NA").tolist() == [[1.0]]

    def test_a_missing_value_is_a_hole(self, tmp_path: Path, suffix: str) -> None:
        path = write_frame(tmp_path, suffix, clip_id=["a", "a"], x=[1.0, None], y=[1.0, 2.0])
        assert imported(path)["a"].present.tolist() == [True, False]

    def test_whole_numbers_with_holes(self, tmp_path: Path, suffix: str) -> None:
        x = pd.array([1, None], dtype="Int64")
        path = write_frame(tmp_path, suffix, clip_id=["a", "a"], x=x)
        assert imported(path)["a"].present.tolist() == [True, False]

    def test_columns_are_taken_in_the_order_asked_for(self, tmp_path: Path, suffix: str) -> None:
        path = write_frame(tmp_path, suffix, clip_id=["a"], x=[1], name=["n"], y=[2], z=[3])
        assert imported(path, "clip").spec.columns == ("x", "y", "z")
        table = imported(path, "clip", ("z", "x"))
        assert table.spec.columns == ("z", "x")
        assert rows_of(table, "a").tolist() == [[3, 1]]
        with pytest.raises(TableError) as caught:
            imported(path, "clip", ("xx", "name"))
        assert "no numeric column 'xx'; did you mean 'x'?" in str(caught.value)
        assert "no numeric column 'name'" in str(caught.value)

    @pytest.mark.parametrize(
        ("columns", "says"),
        [
            ({"clipid": ["a"], "x": [1]}, "no column 'clip_id'; did you mean 'clipid'?"),
            ({"clip_id": ["a"], "name": ["n"]}, "no numeric columns"),
            ({"clip_id": ["a"], "frame": [1]}, "no numeric columns"),
            ({"clip_id": ["a"], "frame": ["f_10"], "x": [1]}, "'frame' holds something else"),
            ({"clip_id": ["", "b", ""], "x": [1, 2, 3]}, "2 problems"),
        ],
    )
    def test_what_is_missing_is_said(
        self, tmp_path: Path, suffix: str, columns: dict[str, Any], says: str
    ) -> None:
        path = write_frame(tmp_path, suffix, **columns)
        with pytest.raises(TableError) as caught:
            imported(path)
        assert says in str(caught.value)
        assert str(path) in str(caught.value)

    def test_a_table_without_rows_holds_no_clip(self, tmp_path: Path) -> None:
        path = write_frame(tmp_path, ".parquet", clip_id=pd.Series([], dtype="str"), x=np.zeros(0))
        with pytest.raises(TableError, match="holds no clip"):
            imported(path)

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe\0", b"PAR1 and nothing else"])
    def test_damaged_files_are_one_clear_error(
        self, tmp_path: Path, suffix: str, content: bytes
    ) -> None:
        path = tmp_path / f"x{suffix}"
        path.write_bytes(content)
        with pytest.raises(TableError, match=str(path)):
            imported(path)

    def test_mistakes_have_the_line_that_an_editor_shows(self, tmp_path: Path) -> None:
        text = 'clip_id,frame,x,y\n\n"a\nb",1,2,3\n  \nc,1,oops,3\n,2,3,zero\n'
        path = write(tmp_path / "x.csv", text)
        with pytest.raises(TableError, match="line 7: clip id '' is not text"):
            imported(path)
        path.write_text(text.replace("\n,2", "\nd,2"))
        with pytest.raises(TableError) as caught:
            imported(path, columns=("x", "y"))
        assert str(caught.value).splitlines()[1:] == [
            "  - no numeric column 'x': line 6: 'oops'",
            "  - no numeric column 'y': line 7: 'zero'",
        ]
        path.write_text(text.replace("\nc,1", "\nc,first"))
        with pytest.raises(TableError, match="order by: line 6: 'first'"):
            imported(path)
        path.write_text(text + "e,3,4,5,6\n")
        with pytest.raises(TableError, match="line 8: expected 4 fields, got 5"):
            imported(path)

    def test_numbers_as_ids_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TableError, match="row 1: clip id 143240 is not text"):
            imported(write_frame(tmp_path, ".parquet", clip_id=[143240], x=[1.0]), "clip")

    def test_ids_kept_as_categories(self, tmp_path: Path) -> None:
        ids = pd.Categorical(["b", "a"], categories=["a", "b", "unused"])
        table = imported(write_frame(tmp_path, ".parquet", clip_id=ids, x=[1.0, 2.0]), "clip")
        assert table.clip_ids == ("a", "b")

    def test_fields_beyond_the_last_column_neither_shift_nor_vanish(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", "clip_id,x,y\n001,1,2,3\n002,3,4,5\n")
        with pytest.raises(TableError, match="line 2: expected 3 fields, got 4"):
            imported(path, "clip")

    def test_marks_and_line_ends_make_no_difference(self, tmp_path: Path) -> None:
        path = tmp_path / "x.csv"
        path.write_bytes(b"\xef\xbb\xbfclip_id,x\r\n\r\n001,1\r\n")
        assert rows_of(imported(path, "clip"), "001").tolist() == [[1]]

    def test_a_row_that_is_too_long_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TableError):
            imported(write(tmp_path / "x.csv", "clip_id,x\na,1\nb,1,2\n"), "clip")


def test_no_file_and_no_known_kind_of_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"feature 'theirs': no file .*none\.csv"):
        imported(tmp_path / "none.csv")
    with pytest.raises(TableError, match=r"neither \.npz nor \.csv nor \.parquet"):
        imported(write(tmp_path / "x.mat", "?"))


def test_options_are_read_strictly() -> None:
    with pytest.raises(ValidationError):
        ImportedOptions(path=Path("x"), units="frame")  # type: ignore[call-arg]


def test_too_large_numbers_do_not_pass_as_data(tmp_path: Path) -> None:
    table = imported(save_npz(tmp_path / "x.npz", a=np.array([[1e300], [1.0]])))
    assert table["a"].present.tolist() == [False, True]
