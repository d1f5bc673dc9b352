"""What is kept of a run so that it can be told apart from another, and where it may be sent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from emotiw.analysis.ablation.outputs import load_ablation
from emotiw.analysis.tracking import figures_of, parameters_of, require_tracker, track
from emotiw.cli.app import app
from emotiw.core.errors import ConfigError
from emotiw.core.files import sha256_of
from emotiw.runs.pipeline import run_all
from emotiw.runs.provenance import git_state
from emotiw.runs.run import Run, open_run
from tests.ablation.small import make_small


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("tracked")
    opened = open_run(make_small(folder, {"face": 1.5, "voice": 0.8}, n_train=18, n_val=9))
    run_all(opened)
    return opened


def test_the_folder_says_what_made_it(run: Run) -> None:
    noted = json.loads((run.folder / "provenance.json").read_text())
    assert noted["manifest"] == sha256_of(run.manifest_path)
    root = run.recipe.settings.data.root
    assert noted["imported"]["feature face: face.npz"] == sha256_of(root / "face.npz")
    assert set(noted["git"]) == {"emotiw", "here"}
    for name in ("recipe.yaml", "versions.json", "metrics.csv", "ledger.csv"):
        assert (run.folder / name).is_file(), name


def test_the_state_of_a_checkout(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True)

    git("init", "-q", "-b", "trunk")
    (tmp_path / "a.txt").write_text("a")
    git("add", "a.txt")
    git("commit", "-qm", "a")
    state = git_state(tmp_path, tracked="a.txt")
    assert state is not None
    assert (state["branch"], state["is_changed"], len(state["commit"])) == ("trunk", False, 40)
    (tmp_path / "a.txt").write_text("b")
    changed = git_state(tmp_path)
    assert changed is not None
    assert changed["is_changed"]
    (tmp_path / "library.py").write_text("")
    assert git_state(tmp_path, tracked="library.py") is None


class FakeTracker(ModuleType):
    """The few calls that are made of mlflow, and what they were given."""

    def __init__(self) -> None:
        super().__init__("mlflow")
        self.runs: list[dict[str, Any]] = []
        self.uri = self.experiment = self.artifacts = ""

    def set_tracking_uri(self, uri: str) -> None:
        self.uri = uri

    def get_experiment_by_name(self, name: str) -> str | None:
        return name if self.experiment == name else None

    def create_experiment(self, name: str, artifact_location: str) -> None:
        self.artifacts = artifact_location

    def set_experiment(self, name: str) -> None:
        self.experiment = name

    def search_runs(self, **asked: Any) -> list[Any]:
        return [
            SimpleNamespace(info=SimpleNamespace(run_id=str(number)))
            for number, each in enumerate(self.runs)
            if each["tags"]["emotiw.key"] in asked["filter_string"]
        ]

    @contextmanager
    def start_run(self, run_name: str) -> Iterator[Any]:
        self.runs.append({"name": run_name, "tags": {}, "params": {}, "metrics": {}, "files": []})
        yield SimpleNamespace(info=SimpleNamespace(run_id=str(len(self.runs) - 1)))

    def set_tags(self, tags: dict[str, str]) -> None:
        self.runs[-1]["tags"] |= tags

    def log_params(self, params: dict[str, str]) -> None:
        self.runs[-1]["params"] |= params

    def log_metrics(self, metrics: dict[str, float]) -> None:
        self.runs[-1]["metrics"] |= metrics

    def log_artifact(self, path: str) -> None:
        self.runs[-1]["files"].append(Path(path).name)


def test_settings_figures_and_files_are_logged_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeTracker()
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert track(run, "mlflow") == "0"
    assert track(run, "mlflow") == "0"
    [logged] = fake.runs
    assert fake.uri.startswith("sqlite:///")
    assert fake.uri.endswith("/runs/mlflow.db")
    assert fake.artifacts.endswith("/runs/mlruns/small")
    assert fake.experiment == "small"
    assert logged["params"]["models.face.model"] == "logistic"
    assert logged["metrics"]["fused/val/uar"] == figures_of(run)["fused/val/uar"]
    assert logged["tags"]["manifest"] == sha256_of(run.manifest_path)
    assert {"recipe.yaml", "metrics.csv", "provenance.json", "ledger.csv"} <= set(logged["files"])
    assert track(run, None) is None


def test_every_row_of_an_ablation_is_logged_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeTracker()
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    recipe = str(run.folder.parent.parent / "recipe.yaml")
    asked = ["ablate", recipe, "--axis", "fusion=weighted,mean", "--track", "mlflow"]
    for _ in range(2):
        done = CliRunner().invoke(app, asked, catch_exceptions=False)
        assert done.exit_code == 0, done.output
    table = load_ablation(run.folder).table.set_index("row")
    first, second = fake.runs
    assert [each["name"] for each in fake.runs] == ["recipe: weighted", "recipe: mean"]
    assert first["params"]["axis.fusion"] == "weighted"
    assert first["params"]["models.face.model"] == "logistic"
    assert "ablation.csv" in first["files"]
    assert not second["files"]
    assert second["metrics"]["uar"] == table.loc["mean", "value"]
    assert second["metrics"]["p_holm"] == table.loc["mean", "p_holm"]
    assert "difference" not in first["metrics"]


def test_a_tracker_that_is_not_there_is_told_before_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigError, match="did you mean 'mlflow'"):
        require_tracker("mlfow")
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ConfigError, match=r"pip install 'emotiw\[mlflow\]'"):
        require_tracker("mlflow")
    require_tracker(None)


@pytest.mark.slow
def test_a_local_store_of_mlflow_holds_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is an optional extra")
    pytest.importorskip("alembic", reason="its SQLite store needs alembic")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run_id = track(run, "mlflow")
    assert track(run, "mlflow") == run_id
    kept = mlflow.get_run(run_id)
    assert kept.data.metrics["fused/val/uar"] == pytest.approx(figures_of(run)["fused/val/uar"])
    assert kept.data.params["models.face.model"] == parameters_of(run)["models.face.model"]
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(run_id)}
    assert {"metrics.csv", "recipe.yaml", "fusion.txt"} <= names
