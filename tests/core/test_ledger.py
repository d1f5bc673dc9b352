"""What became of every clip: nothing is lost between a run and the next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotiw.core.errors import MachineError, TableError
from emotiw.core.ledger import Ledger, LedgerRow

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROWS = st.builds(
    LedgerRow,
    clip_id=TEXT.filter(bool) | st.sampled_from(["000143240", "NA", "null", "1e5"]),
    stage=st.sampled_from(["faces", "features:audio", "train:svm"]),
    status=st.sampled_from(["ok", "missing", "failed"]),
    reason=TEXT | st.sampled_from(["NA", "a\nb", "a\r\nb", "lone \r", 'quo"ted', "a,b", "–"]),
    seconds=st.integers(0, 10**6).map(lambda thousandths: thousandths / 1000),
    quality=st.dictionaries(
        st.sampled_from(["n_tracks", "fps", "codec"]),
        st.integers() | st.floats(allow_nan=False) | st.sampled_from(["h264", "007", "1_000"]),
    ),
)


def write_and_read(ledger: Ledger, path: Path) -> Ledger:
    ledger.write_csv(path)
    return Ledger.read_csv(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.lists(ROWS, max_size=6))
def test_what_is_written_is_read(tmp_path: Path, rows: list[LedgerRow]) -> None:
    ledger = Ledger(rows)
    back = write_and_read(ledger, tmp_path / "ledger.csv")
    assert back.rows() == ledger.rows()
    for row, before in zip(back.rows(), ledger.rows(), strict=True):
        kinds = {name: type(value) for name, value in row.quality.items()}
        assert kinds == {name: type(value) for name, value in before.quality.items()}
    first = (tmp_path / "ledger.csv").read_bytes()
    back.write_csv(tmp_path / "ledger.csv")
    assert (tmp_path / "ledger.csv").read_bytes() == first


def test_the_file_is_one_that_a_person_can_read(tmp_path: Path) -> None:
    ledger = Ledger(
        [
            LedgerRow("000143240", "faces", "ok", "", 1.23456, {"n_tracks": 2, "fps": 25.0}),
            LedgerRow("NA", "faces", "failed", "not a video, or a broken one"),
            LedgerRow("NA", "features:audio", "missing", "silent", 0.5, {"peak": np.float32(0.1)}),
        ]
    )
    ledger.write_csv(tmp_path / "ledger.csv")
    assert (tmp_path / "ledger.csv").read_text() == (
        "clip_id,stage,status,reason,seconds,n_tracks,fps,peak\n"
        "000143240,faces,ok,,1.235,2,25.0,\n"
        'NA,faces,failed,"not a video, or a broken one",0.000,,,\n'
        "NA,features:audio,missing,silent,0.500,,,0.1\n"
    )


def test_a_figure_that_is_not_a_number_is_kept_as_one(tmp_path: Path) -> None:
    rows = [LedgerRow("a", "s", "ok", quality={"gap": float("nan"), "most": float("inf")})]
    (row,) = write_and_read(Ledger(rows), tmp_path / "ledger.csv").rows()
    assert np.isnan(row.quality["gap"])  # type: ignore[call-overload]
    assert row.quality["most"] == float("inf")


def test_an_empty_ledger_is_one(tmp_path: Path) -> None:
    assert Ledger.read_csv(tmp_path / "none.csv").rows() == []
    assert write_and_read(Ledger(), tmp_path / "ledger.csv").rows() == []
    assert list(Ledger().to_frame().columns) == ["clip_id", "stage", "status", "reason", "seconds"]


def test_rows_are_found_by_stage_and_clip() -> None:
    rows = [
        LedgerRow("a", "faces", "missing", "no face"),
        LedgerRow("a", "audio", "failed", "no file"),
        LedgerRow("b", "faces", "failed", "empty"),
    ]
    ledger = Ledger(rows)
    assert ledger.rows("faces") == [rows[0], rows[2]]
    assert ledger.failures() == [rows[1], rows[2]]
    assert ledger.get("faces", "a") == rows[0]
    assert ledger.get("audio", "b") is None


def test_in_pandas_every_figure_is_a_column() -> None:
    frame = Ledger(
        [
            LedgerRow("000", "faces", "ok", quality={"n_tracks": 1}),
            LedgerRow("001", "audio", "ok", quality={"peak": 0.5}),
        ]
    ).to_frame()
    assert list(frame.columns[5:]) == ["n_tracks", "peak"]
    assert list(frame["clip_id"]) == ["000", "001"]
    assert frame["n_tracks"].tolist()[0] == 1
    assert frame["n_tracks"].isna().tolist() == [False, True]


def test_a_ledger_spoilt_by_hand_says_where(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text(
        "clip_id,stage,status,reason,seconds\na,s,fialed,x,0\nb,s,ok,,fast\nc,s,ok\nd,s,ok,,\n"
    )
    with pytest.raises(TableError) as caught:
        Ledger.read_csv(path)
    assert str(caught.value).splitlines() == [
        f"{path}: 3 problems",
        "  - line 2: unknown status 'fialed'; did you mean 'failed'?",
        "  - line 3: seconds 'fast' is not a number",
        "  - line 4: expected 5 fields, got 3",
    ]


@pytest.mark.parametrize("content", ["", "clip,stage\n", "a\nb"])
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "ledger.csv").write_text(content)
    with pytest.raises(TableError, match="no column 'clip_id'"):
        Ledger.read_csv(tmp_path / "ledger.csv")


def test_a_write_that_fails_leaves_the_ledger_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ledger([LedgerRow("a", "s", "ok")]).write_csv(tmp_path / "ledger.csv")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(MachineError, match="disk full"):
        Ledger().write_csv(tmp_path / "ledger.csv")
    assert [row.clip_id for row in Ledger.read_csv(tmp_path / "ledger.csv").rows()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.csv"]
