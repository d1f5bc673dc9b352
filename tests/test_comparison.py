"""Two runs side by side: settings, classes and clips, each counted by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from emotiw.analysis.comparison import Comparison, compare_runs
from emotiw.cli.app import app
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import write_manifest
from emotiw.core.errors import ConfigError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification

LABELS = ("Happy", "Sad")
TASK = Classification(LABELS)
CLIPS = tuple(f"c{n:02}" for n in range(12))
TRUTH = ["Happy"] * 6 + ["Sad"] * 6


def written(folder: Path, wrong: set[str], *, method: str, unscored: str = "") -> Path:
    """A run's folder as its stages leave it, with these clips answered wrongly."""
    clips = [
        Clip(c, Path(f"{c}.avi"), "val", label, group=f"g{n % 4}")
        for n, (c, label) in enumerate(zip(CLIPS, TRUTH, strict=True))
    ]
    write_manifest(Cohort(clips, task=TASK), folder / "manifest.csv", root=folder)
    codes = [LABELS.index(label) ^ (c in wrong) for c, label in zip(CLIPS, TRUTH, strict=True)]
    scores = np.eye(2)[codes] * 0.6 + 0.2
    scores[[c == unscored for c in CLIPS]] = np.nan
    table = ScoreTable("fused", TASK, CLIPS, scores, ("val",) * 12, (None,) * 12)
    table.write_csv(folder / "fused.csv")
    table.write_csv(folder / "scores" / "voice.csv")
    (folder / "recipe.yaml").write_text(
        f"challenge: x\nname: {folder.name}\nfusion: {{method: {method}}}\nseed: 0\n"
    )
    (folder / "versions.json").write_text('{"numpy": "2.4.6"}')
    return folder


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    a = written(tmp_path / "a", {"c00", "c01", "c06"}, method="mean")
    b = written(tmp_path / "b", {"c01", "c07"}, method="weighted", unscored="c08")
    return a, b


@pytest.fixture
def found(pair: tuple[Path, Path]) -> Comparison:
    return compare_runs(*pair)


def test_settings_that_differ(found: Comparison) -> None:
    assert found.settings.to_numpy().tolist() == [["fusion.method", "mean", "weighted"]]


def test_figures_and_their_test(found: Comparison) -> None:
    fused = found.figures.set_index("modality").loc["fused"]
    assert (fused["a"], fused["b"]) == (9 / 12, 9 / 12)
    assert fused["difference"] == 0
    assert (fused["gained"], fused["lost"]) == (2, 2)
    assert (fused["p"], fused["mcnemar_p"]) == (1.0, 1.0)


def test_classes(found: Comparison) -> None:
    own = found.classes[found.classes["modality"] == "fused"].set_index("label")
    assert own["n"].tolist() == [6, 6]
    assert own.loc["Happy", ["a", "b"]].tolist() == pytest.approx([4 / 6, 5 / 6])
    assert own.loc["Sad", "difference"] == pytest.approx(-1 / 6)


def test_clips_that_flipped(found: Comparison) -> None:
    own = found.flips[found.flips["modality"] == "fused"].set_index("clip_id")
    assert own["flip"].to_dict() == {"c00": "gained", "c06": "gained", "c07": "lost", "c08": "lost"}
    assert own.loc["c00", ["answer", "a", "b"]].tolist() == ["Happy", "Sad", "Happy"]
    assert own.loc["c08", "b"] == ""  # nothing to say


def test_a_run_is_no_better_than_itself(pair: tuple[Path, Path]) -> None:
    same = compare_runs(pair[0], pair[0])
    assert same.settings.empty
    assert same.flips.empty
    assert (same.figures["p"] == 1).all()


def test_speakers_that_either_run_does_not_know_are_told_of(pair: tuple[Path, Path]) -> None:
    a, b = pair
    assert not any("speakers are unknown" in note for note in compare_runs(a, b).notes)
    frame = pd.read_csv(b / "manifest.csv", dtype=str)
    frame.assign(group="").to_csv(b / "manifest.csv", index=False)
    for runs in ((a, b), (b, a)):
        assert any("speakers are unknown" in note for note in compare_runs(*runs).notes)


def test_joined_by_id(pair: tuple[Path, Path]) -> None:
    a, b = pair
    fewer = pd.read_csv(b / "manifest.csv", dtype=str).iloc[::-1].iloc[:-2]
    fewer.to_csv(b / "manifest.csv", index=False)
    found = compare_runs(a, b)
    assert found.only_a == ("c00", "c01")
    assert found.figures["a"].iloc[0] == 9 / 10


def test_what_cannot_be_compared(pair: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = pair
    with pytest.raises(ConfigError, match="not the folder of a run"):
        compare_runs(a, tmp_path / "bb")
    with pytest.raises(ConfigError, match="did you mean 'uar'"):
        compare_runs(a, b, metric="ura")
    other = shutil.copytree(b, tmp_path / "other")
    text = (other / "manifest.csv").read_text()
    (other / "manifest.csv").write_text(text.replace("val,Sad", "val,Happy", 1))
    with pytest.raises(TableError, match="clip 'c06' is 'Sad' in one and 'Happy' in the other"):
        compare_runs(a, other)


def test_the_command(pair: tuple[Path, Path], tmp_path: Path) -> None:
    words = ["compare", *map(str, pair)]
    shown = CliRunner().invoke(app, words, catch_exceptions=False).output
    for part in (
        "fusion.method: mean -> weighted",
        "2 clips gained, 2 lost",
        "recall of fused",
        "gained   c00 (Happy: Sad -> Happy)",
        "lost     c08 (Sad: Sad -> no scores)",
    ):
        assert part in shown, shown
    told = CliRunner().invoke(app, [*words, "--json", "--out", str(tmp_path / "out")]).output
    assert len(json.loads(told)["flips"]) == 8
    assert len(pd.read_csv(tmp_path / "out" / "clips.csv")) == 24
