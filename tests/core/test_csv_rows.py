"""Rows that people may have written by hand: nothing is skipped or guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotiw.core.csv_rows import read_frame, read_rows, row_lines, rows_as_csv
from emotiw.core.errors import Problems, SubmissionError, TableError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def read(path: Path, *needed: str) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    problems = Problems(str(path))
    return list(read_rows(path, needed, problems)), problems.lines


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(rows=st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_any_text_comes_back(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    (tmp_path / "x.csv").write_bytes(rows_as_csv([("a", "b"), *rows]))
    found, problems = read(tmp_path / "x.csv", "a", "b")
    assert problems == []
    assert [(row["a"], row["b"]) for _, row in found] == rows


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3,4\n",
        b"a,b\r\n1,2\r\n3,4\r\n",
        b"a,b\r1,2\r3,4\r",
        b"a,b\n1,2\n3,4",
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
        b'"a","b"\n"1","2"\n"3","4"\n',
    ],
)
def test_line_ends_marks_and_quotes_make_no_difference(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    found, problems = read(tmp_path / "x.csv", "a")
    assert problems == []
    assert found == [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})]


def test_lines_are_those_an_editor_shows(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('\na,b\n\n1,"two\nlines"\n\n\n3,4\n\n')
    found, problems = read(tmp_path / "x.csv", "a")
    assert problems == []
    assert [(line, row["b"]) for line, row in found] == [(4, "two\nlines"), (8, "4")]


def test_everything_wrong_is_noted_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('a,b\n1\n1,2\n1,2,3\n"never closed,2\n9,9\n')
    found, problems = read(tmp_path / "x.csv", "a")
    assert found == [(3, {"a": "1", "b": "2"})]
    assert problems[:2] == ["line 2: expected 2 fields, got 1", "line 4: expected 2 fields, got 3"]
    assert problems[2].startswith("line 5: ")
    assert len(problems) == 3


def test_a_quote_that_never_closes_swallows_no_row_unseen(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('a,b\n1,"g1\n2,g2\n3,g3\n')
    _, problems = read(tmp_path / "x.csv", "a")
    assert problems == ["line 2: unexpected end of data"]


def test_columns_that_are_missing_and_that_come_twice(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("clipid,b,b\n1,2,3\n")
    found, problems = read(tmp_path / "x.csv", "clip_id", "split")
    assert found == []
    assert problems == [
        "line 1: no column 'clip_id' among ['clipid', 'b', 'b']; did you mean 'clipid'?",
        "line 1: no column 'split' among ['clipid', 'b', 'b']",
        "line 1: column 'b' comes more than once",
    ]


def test_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"")
    assert read(tmp_path / "x.csv", "a") == ([], ["line 1: no column 'a' among []"])


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1.5,2\n".encode("utf-16"),
        b"\xef\xbb\xbfa;b\n1,5;2\n",
        b"a\tb\r\n1,5\t2\r\n",
        b'"a, or";b\n',
    ],
)
def test_tables_are_read_as_other_programs_write_them(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    if b"or" in content:
        assert read(tmp_path / "x.csv", "a, or") == ([], [])
    else:
        assert read(tmp_path / "x.csv", "a") == ([(2, {"a": "1.5", "b": "2"})], [])


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"a,b\n\xe4,2\n")
    found, problems = read(tmp_path / "x.csv", "a")
    assert found == []
    assert "can't be read as UTF-8 text" in problems[0]


ODD = '\ufeff\nclip_id,note,score\n\n"a","two\nlines",0.5\n   \nb,,oops\n,NA,\n'


def test_a_frame_has_the_line_of_every_row_and_every_cell_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(ODD, encoding="utf-8")
    frame = read_frame(tmp_path / "x.csv")
    assert list(frame.columns) == ["clip_id", "note", "score"]
    assert frame.index.name == "line"
    assert frame.index.tolist() == [4, 7, 8]
    assert frame["note"].tolist() == ["two\nlines", "", "NA"]
    assert frame["score"].tolist() == ["0.5", "oops", ""]


def test_numbers_of_a_frame_are_those_that_python_reads(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n0.1,\n1e-3,-inf\n 2 ,nan\n")
    frame = read_frame(tmp_path / "x.csv", ("a",), numbers=("a", "b", "not there"))
    assert frame["a"].tolist() == [0.1, 0.001, 2.0]
    assert frame["b"].isna().tolist() == [True, False, True]
    assert frame.loc[3, "b"] == -float("inf")


def test_what_is_no_number_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(ODD + "c,,1_000\n", encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_frame(tmp_path / "x.csv", numbers=("score",))
    assert str(caught.value).splitlines()[1:] == [
        "  - line 7: score 'oops' is not a number",
        "  - line 9: score '1_000' is not a number",
    ]


def test_a_frame_without_rows_has_its_columns(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n")
    frame = read_frame(tmp_path / "x.csv", numbers=("b",))
    assert frame.empty
    assert list(frame.columns) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a\n1\n", "line 1: no column 'b' among"),
        ("a,b,a\n1,2,3\n", "line 1: column 'a' comes more than once"),
        ("a,b\n\n1\n", "line 3: expected 2 fields, got 1"),
    ],
)
def test_a_frame_that_is_damaged_raises_what_was_asked_for(
    tmp_path: Path, content: str, says: str
) -> None:
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(SubmissionError, match=says):
        read_frame(tmp_path / "x.csv", ("b",), error=SubmissionError)
    with pytest.raises(TableError, match="can't be read"):
        read_frame(tmp_path / "absent.csv")


def test_rows_of_pandas_find_their_lines(tmp_path: Path) -> None:
    """Its own count of rows, an independent one, fits the lines found here."""
    import pandas as pd

    (tmp_path / "x.csv").write_text(ODD, encoding="utf-8")
    lines = row_lines(tmp_path / "x.csv")
    assert lines == [4, 7, 8]
    assert len(pd.read_csv(tmp_path / "x.csv", encoding="utf-8-sig")) == len(lines)
