"""Tables of scores in the formats that other programs keep them in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import TableError
from emotiw.core.imported_scores import import_scores
from emotiw.core.score_formats import read_table_file
from emotiw.core.task import Classification

SCORES = np.array([[0.9, 0.1], [0.25, 0.75]])
IDS = ["007", "008"]


def frame() -> pd.DataFrame:
    return pd.DataFrame({"clip_id": IDS, "Angry": SCORES[:, 0], "Happy": SCORES[:, 1]})


def write(path: Path) -> Path:
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        frame().to_parquet(path)
    elif path.stem == "columns":
        np.savez(path, clip_id=np.array(IDS), Angry=SCORES[:, 0], Happy=SCORES[:, 1])
    elif path.stem == "matrix":
        np.savez(path, clip_id=np.array(IDS), scores=SCORES, labels=np.array(["Angry", "Happy"]))
    else:
        frame().to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["plain.csv", "table.parquet", "columns.npz", "matrix.npz"])
def test_all_formats_give_the_same_scores(tmp_path: Path, name: str) -> None:
    clips = [Clip(clip_id, Path(), "val", group=clip_id) for clip_id in IDS]
    cohort = Cohort(clips, task=Classification(("Angry", "Happy")))
    table = import_scores(write(tmp_path / name), cohort, name="net", trained_on="other data")
    assert table.clip_ids == tuple(IDS)
    assert table.scores == pytest.approx(SCORES)


def test_a_folder_may_mix_them(tmp_path: Path) -> None:
    clips = [Clip(c, Path(), "train", group=c, fold=n) for n, c in enumerate(IDS)]
    cohort = Cohort(clips, task=Classification(("Angry", "Happy")))
    frame()[:1].to_csv(tmp_path / "fold0.csv", index=False)
    np.savez(tmp_path / "fold1.npz", clip_id=np.array(IDS[1:]), Angry=[0.25], Happy=[0.75])
    table = import_scores(tmp_path, cohort, name="net")
    assert dict(zip(table.clip_ids, table.fold, strict=True)) == {"007": 0, "008": 1}


def test_numbers_as_ids_have_lost_their_zeros(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", clip_id=np.array([7, 8]), Angry=SCORES[:, 0])
    with pytest.raises(TableError, match=r"x\.npz: clip ids are text"):
        read_table_file(tmp_path / "x.npz")


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "odd.npz", clip_id=np.array(IDS), Angry=np.zeros(3))
    with pytest.raises(TableError, match=r"all of one length, got clip_id \(2,\), Angry \(3,\)"):
        read_table_file(tmp_path / "odd.npz")
    np.savez(tmp_path / "few.npz", clip_id=np.array(IDS), scores=SCORES, labels=np.array(["Angry"]))
    with pytest.raises(TableError, match=r"scores of \(2, 2\) for 1 labels"):
        read_table_file(tmp_path / "few.npz")
    np.savez(tmp_path / "pickled.npz", clip_id=np.array([None, {}], dtype=object))
    (tmp_path / "text.npz").write_text("no zip")
    (tmp_path / "text.parquet").write_text("no parquet")
    for name in ("pickled.npz", "text.npz"):
        with pytest.raises(TableError, match="can't be read as npz of plain arrays"):
            read_table_file(tmp_path / name)
    with pytest.raises(TableError, match="Parquet"):
        read_table_file(tmp_path / "text.parquet")
