"""What people read on a terminal is whole, whatever its width, and says what to do next."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from emotiw.challenges.spec import load_spec, spec_names
from emotiw.cli.app import app
from emotiw.cli.terminal_tables import without_twin
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, ManifestError, SubmissionError, TableError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.weights import card_names
from emotiw.evaluation.results import evaluate_all
from emotiw.runs.recipe import load_recipe, packaged_recipes
from fusion.cross_fitting import fuse

AFEW = load_spec("afew2017")


def call(*words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result


@pytest.mark.parametrize("width", [40, 80, 400])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_no_name_is_cut(width: int, is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    if is_terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
    for command, names in (
        ("challenges", spec_names()),
        ("weights", card_names()),
        ("recipes", sorted(packaged_recipes())),
    ):
        lines = call(command, "list").stdout.splitlines()
        assert not [name for name in names if not any(name in line for line in lines)]
        assert not any("…" in line for line in lines)
        if not is_terminal:
            assert len(lines) == len(names) + 1
        elif width == 80:
            assert len(lines) <= 3 * len(names) + 3


def test_a_recipe_that_comes_along_can_be_read() -> None:
    assert "Group photographs" in call("recipes", "list").stdout
    assert call("recipes", "show", "gaf").stdout == packaged_recipes()["gaf"].read_text()
    with pytest.raises(ConfigError, match="did you mean 'gaf'"):
        call("recipes", "show", "gaff")


@pytest.mark.parametrize("name", ["voice", "fine_tune"])
def test_a_recipe_for_another_command_says_for_which(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}.yaml is no .* one for `emotiw train-"):
        call("run", name)
    rows = json.loads(call("recipes", "list", "--json").stdout)
    (row,) = (row for row in rows if row["name"] == name)
    assert row["command"].startswith("train-")
    assert row["about"].endswith(".")


def zipped(path: Path, n_texts: int, text: str = "Sad") -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for number in range(n_texts):
            file.writestr(f"{number:09d}.txt", text)
    return path


def test_a_zip_is_checked_without_a_list_as_the_readme_shows(tmp_path: Path) -> None:
    command = ("submit", "--challenge", "afew2017", "--check")
    told = call(*command, str(zipped(tmp_path / "Team.zip", 653))).stdout
    assert "warning: names not checked: 653 answers" in told
    assert "--clips FOLDER or LIST" in told
    told = call(*command, str(zipped(tmp_path / "Few.zip", 3)), status=1).stdout
    assert "wrong number: 3 answers, and 653 test clips were published" in told
    assert "Hapy" in call(*command, str(zipped(tmp_path / "Odd.zip", 653, "Hapy")), status=1).stdout
    with pytest.raises(SubmissionError, match="the list of its test clips: --clips FOLDER"):
        call("submit", "--challenge", "ravdess", "--check", str(tmp_path / "Few.zip"))


def cohort_of(root: Path) -> Cohort:
    clips = [
        Clip(f"c{n}", root / f"c{n}.avi", "val", AFEW.labels[n % 2], group=f"g{n}", content=f"{n}")
        for n in range(8)
    ]
    return Cohort(clips, task=AFEW.task)


def scores_of(cohort: Cohort, name: str) -> ScoreTable:
    """Return scores that are right for half of the clips."""
    scores = np.full((len(cohort), 7), 0.1)
    scores[:, 0] = 0.4
    n = len(cohort)
    seen = {None: frozenset({"others"})}
    return ScoreTable(name, AFEW.task, cohort.clip_ids, scores, ("val",) * n, (None,) * n, seen)


def test_one_model_alone_is_shown_once(tmp_path: Path) -> None:
    cohort = cohort_of(tmp_path)
    voice, fused = scores_of(cohort, "voice"), scores_of(cohort, "fused")
    results = evaluate_all([voice, fused], cohort)
    assert {result.name for result in without_twin(results)} == {"voice"}
    better = replace(fused, scores=np.roll(fused.scores, 3, axis=1))
    both = evaluate_all([voice, better], cohort)
    assert without_twin(both) == both
    several = evaluate_all([voice, scores_of(cohort, "face"), fused], cohort)
    assert without_twin(several) == several


def test_a_path_that_is_missing_is_shown_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ManifestError, match=f"no folder {tmp_path}/clips .*where the command"):
        call("index", "ravdess", "--set", "data.root=clips", "--quiet")
    with pytest.raises(ManifestError, match=f"no folder {tmp_path}/clips .*where the command"):
        call("start", "clips", "--yes")
    with pytest.raises(ConfigError, match=f"there is no {tmp_path}/mine.yaml"):
        load_recipe("mine.yaml")


def test_what_a_notebook_shows_is_short(tmp_path: Path) -> None:
    cohort = cohort_of(tmp_path)
    table = scores_of(cohort, "voice")
    result = fuse({"voice": table}, cohort)
    features = FeatureTable(FeatureSpec("toy", (2,), "clip"), {})
    for shown, told in (
        (result, "<FusionResult of voice by 'weighted': 8 clips>"),
        (table, "<ScoreTable voice: 8 clips, Angry, Disgust, Fear, Happy, Neutral, Sad, Surprise>"),
        (cohort, "<Cohort of 8 clips: 0 train, 8 val, 0 test>"),
        (features, "<FeatureTable toy: 0 clips, 2 per clip>"),
    ):
        assert repr(shown) == told


def test_features_are_a_frame() -> None:
    spec = FeatureSpec("toy", (2,), "frame", columns=("pitch", "level"))
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    present = np.array([True, False, True])
    times = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]])
    table = FeatureTable(spec, {"a": FeatureArray(values, present, times)})
    assert table.to_frame().to_dict("records") == [
        {"clip_id": "a", "row": 0, "start_sec": 0.0, "end_sec": 1.0, "pitch": 0.0, "level": 1.0},
        {"clip_id": "a", "row": 2, "start_sec": 2.0, "end_sec": 3.0, "pitch": 4.0, "level": 5.0},
    ]
    crops = FeatureTable(FeatureSpec("crops", (4, 4, 3), "frame", dtype="uint8"), {})
    with pytest.raises(TableError, match="are no table"):
        crops.to_frame()
