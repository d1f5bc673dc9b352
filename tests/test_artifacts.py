"""The tables that the toolkit writes for itself, mended by hand: read exactly, told by line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emotiw.analysis.tracking import figures_of
from emotiw.core.cohort import Cohort
from emotiw.core.errors import MissingStageError, TableError
from emotiw.runs.stages.artifacts import Artifact, artifacts_as_csv, read_artifacts
from emotiw.runs.stages.fuse import FusionInputs
from fusion.fusion_options import FusionOptions


def test_artifacts_come_back_and_mistakes_have_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    with pytest.raises(MissingStageError, match="emotiw faces"):
        read_artifacts(path, made_by="faces")
    artifacts = {"a": Artifact("k1", 3, 2), 'b,"\n': Artifact("k2", 1, 0)}
    path.write_bytes(artifacts_as_csv(artifacts))
    assert read_artifacts(path, made_by="faces") == artifacts
    path.write_text('clip_id,key,n_rows,n_present\n"a\nb",k,1,1\n\nc,k,1,x\n\nd,k,1\n')
    with pytest.raises(TableError) as caught:
        read_artifacts(path, made_by="faces")
    assert str(caught.value).splitlines()[1:] == [
        "  - line 5: n_rows and n_present must be whole numbers",
        "  - line 7: expected 4 fields, got 3",
    ]


def test_figures_are_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(
        "modality,split,metric,value,low,high,n\nNA,val,uar,0.1234567890123456789,,1,3\n"
    )
    run: Any = SimpleNamespace(metrics_path=path)
    told = {"": 0.1234567890123456789, "/high": 1.0, "/n": 3.0}  # no lower end
    assert figures_of(run) == {f"NA/val/uar{end}": value for end, value in told.items()}
    path.write_text("modality,split,metric,value,low,high,n\n\nx,val,uar,oops,,,3\n")
    with pytest.raises(TableError, match="line 3: value 'oops' is not a number"):
        figures_of(run)


def test_a_fusion_is_made_anew_where_the_metric_changes_that_its_text_speaks_of() -> None:
    told = FusionInputs({}, Cohort([]), FusionOptions(), metric="accuracy", seed=0, contents={})
    assert told.key != replace(told, metric="uar").key
    assert told.key == replace(told).key
