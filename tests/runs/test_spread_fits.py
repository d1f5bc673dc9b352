"""Fits are made by whoever is free, and come to the same bytes; nothing is lost with a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiw.analysis.ablation import work
from emotiw.cli.net import STOPPED
from emotiw.core.errors import ConfigError, MachineError
from emotiw.core.notices import EmotiwWarning
from emotiw.runs import workforce as workforce_module
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.pipeline import run_all
from emotiw.runs.recipe_settings import ExecutionSettings
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.index import index
from emotiw.runs.stages.train import train_all
from emotiw.runs.workforce import Workforce
from tests.ablation.small import make_small
from tests.runs.test_cuts import files_of

ROOT = Path(__file__).parents[2]
TWO = "execution.workers=2"
OWN = '''
    """A model that says who fits it, and does what the files beside it ask for."""

    import multiprocessing
    import os
    import signal
    import time
    from pathlib import Path

    from emotiw.core.errors import ConfigError
    from emotiw.core.notices import warn
    from emotiw.models.tabular.logistic import Logistic

    HOME = Path(__file__).parent


    class Marked(Logistic):
        def fit(self, examples, *, folder=None):
            is_apart = multiprocessing.parent_process() is not None
            (HOME / f"{os.getpid()}-{time.monotonic_ns()}.begun").touch()
            if is_apart and (HOME / "once").exists():
                (HOME / "once").unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            if is_apart and (HOME / "always").exists():
                os.kill(os.getpid(), signal.SIGKILL)
            if (HOME / "refused").exists():
                raise ConfigError("these clips are refused")
            time.sleep(float((HOME / "seconds").read_text()))
            warn("it was hard")
            super().fit(examples, folder=folder)
'''


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = make_small(
        tmp_path,
        {"face": 1.5, "voice": 1.0},
        n_train=24,
        n_val=12,
        features={
            "face": {"extractor": "imported", "path": "face.npz"},
            "voice": {"extractor": "imported", "path": "traces.npz", "unit": "frame"},
        },
        models={
            "own": {"model": "own_model:Marked", "features": "face"},
            "voice": {
                "model": "lstm",
                "features": "voice",
                "training": {"epochs": 1},
            },
        },
        folds={"n_folds": 2},
    )
    rng = np.random.default_rng(0)
    with np.load(tmp_path / "clips/voice.npz") as known:
        traces = {n: row + rng.normal(size=(5, 4)).astype(np.float32) for n, row in known.items()}
    np.savez(tmp_path / "clips/traces.npz", **traces)
    (tmp_path / "own_model.py").write_text(textwrap.dedent(OWN))
    (tmp_path / "seconds").write_text("0.1")
    return path


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start processes at the first chance."""
    monkeypatch.setattr("emotiw.core.here_first.WORTH_A_POOL_SEC", 0.0)
    monkeypatch.setattr("emotiw.core.here_first.LOOK_SEC", 0.01)


def opened(recipe: Path, name: str, *settings: str) -> Run:
    return open_run(recipe, [f"paths.runs={recipe.parent / name}", *settings])


def fits_in(run: Run) -> dict[str, bytes]:
    """Cards and weights of all fits; skops files have addresses of objects in them."""
    models = run.store.root / "models"
    return {
        path.relative_to(models).as_posix(): path.read_bytes()
        for path in sorted(models.rglob("*"))
        if path.suffix in (".json", ".safetensors") and path.parent.name == "model"
    }


def assert_same(one: Run, other: Run) -> None:
    assert fits_in(one) == fits_in(other)
    files, others = files_of(one.folder), files_of(other.folder)
    assert files.pop("recipe.yaml") != others.pop("recipe.yaml")  # who works is said there
    assert files == others


def processes(recipe: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in recipe.parent.glob("*.begun")}


@pytest.mark.filterwarnings("ignore::emotiw.core.notices.EmotiwWarning")
@pytest.mark.slow
@pytest.mark.usefixtures("at_once")
def test_one_process_two_and_a_cluster_come_to_the_same_bytes(recipe: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra")
    asked = AblationSettings(axes={"fusion": ["mean", "product"], "models.own.c": [0.01, 1.0]})
    alone = opened(recipe, "alone")
    run_all(alone)
    assert processes(recipe) == {str(os.getpid())}
    (recipe.parent / "once").touch()
    two = opened(recipe, "two", TWO)
    run_all(two)
    assert len(processes(recipe)) > 1
    assert not (recipe.parent / "once").exists()  # one was killed
    assert_same(alone, two)
    for run in (alone, two):
        record = run.records.get("train:own")
        assert record is not None
        assert record.warnings == ["it was hard"]
    quiet: dict[str, Any] = {"silence_logs": 50, "dashboard_address": None}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as there:
        far = opened(recipe, "far", f"execution.dask={there.scheduler_address}")
        run_all(far)
        assert_same(alone, far)
        tables = [work.ablate(run, asked) for run in (alone, far)]
    assert list(tables[0].table["row"]) == list(tables[1].table["row"])
    for row in tables[0].table["row"]:
        assert np.array_equal(*(table.scores(row).scores for table in tables))


@pytest.mark.usefixtures("at_once")
def test_a_fit_that_kills_every_process_stops_the_run_and_not_this_one(recipe: Path) -> None:
    (recipe.parent / "always").touch()
    run = opened(
        recipe, "two", TWO, "fusion.nested=false", "models.voice={model: logistic, features: voice}"
    )
    index(run)
    with pytest.raises(MachineError, match=r"train own: .*died \(SIGKILL.*same command again"):
        train_all(run)
    assert len(list(run.store.root.glob("models/*/*/model/complete"))) >= 3  # of the other


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_that_refuses_says_why_at_once(recipe: Path, workers: int) -> None:
    (recipe.parent / "refused").touch()
    run = opened(recipe, "runs", f"execution.workers={workers}")
    index(run)
    with pytest.raises(ConfigError, match=r"^these clips are refused$"):
        train_all(run)


def test_a_signal_in_the_middle_of_the_fits(recipe: Path) -> None:
    (recipe.parent / "seconds").write_text("9")
    index(opened(recipe, "runs"))
    command = [sys.executable, "-m", "emotiw", "train", recipe, "own", "--quiet", "--set", TWO]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        wait_until(lambda: len(processes(recipe)) == 3)  # it began here, and two more came
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
    assert told.splitlines()[-1] == STOPPED
    for number in processes(recipe):
        with pytest.raises(ProcessLookupError):
            os.kill(int(number), 0)
    (recipe.parent / "seconds").write_text("0")
    cut, whole = opened(recipe, "runs"), opened(recipe, "whole")
    index(whole)
    for run in (cut, whole):
        with pytest.warns(EmotiwWarning, match="it was hard"):
            train_all(run, ["own"])
    assert files_of(cut.folder).keys() == files_of(whole.folder).keys()
    assert files_of(cut.folder)["scores/own.csv"] == files_of(whole.folder)["scores/own.csv"]


def gpu_and_time(seconds: float) -> tuple[str, float, float]:
    start = time.monotonic()
    time.sleep(seconds)
    return os.environ["CUDA_VISIBLE_DEVICES"], start, time.monotonic()


def test_fits_are_spread_over_gpus_one_at_a_time_on_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(workforce_module, "gpu_count", lambda _: 2)
    done = Workforce(ExecutionSettings(workers=8), tmp_path, tmp_path).do_long(
        gpu_and_time, {str(n): 0.2 for n in range(6)}, device="auto"
    )
    times: dict[str, list[tuple[float, float]]] = {}
    for outcome in done:
        assert outcome.value is not None
        times.setdefault(outcome.value[0], []).append(outcome.value[1:])
    assert times.keys() == {"0", "1"}
    for own in times.values():
        spans = sorted(own)
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def wait_until(is_so: Callable[[], bool], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
