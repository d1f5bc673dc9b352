"""A fault of the machine stops a stage, blames no clip, and what was made until then is kept."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import yaml

from emotiw.core import cluster
from emotiw.core.errors import ConfigError, MachineError, MediaError
from emotiw.core.execution import run_jobs
from emotiw.runs.recipe_settings import ExecutionSettings
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.index import index
from emotiw.runs.workforce import Workforce
from features.extractor import ClipSource, Extraction
from tests.device_spies import PlainExtractor
from tests.in_process import IN_PROCESS
from tests.predict.videos import LIGHT

DONE: list[str] = []
N_CLIPS = 8


class Faulty(PlainExtractor):
    """Fails from the third clip on, as it is told to."""

    fault: ClassVar[Callable[[Path], Exception] | None] = None

    def extract(self, source: ClipSource) -> Extraction:
        if Faulty.fault is not None and len(DONE) >= 2:
            raise Faulty.fault(source.path)
        DONE.append(source.clip_id)
        return super().extract(source)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for n in range(N_CLIPS):
        clip = tmp_path / "data" / ("Dark", "Bright")[n % 2] / f"{n}.mp4"
        clip.parent.mkdir(parents=True, exist_ok=True)
        clip.write_bytes(bytes(n + 1))
    (tmp_path / "light.yaml").write_text(yaml.safe_dump(LIGHT))
    recipe = {
        "challenge": str(tmp_path / "light.yaml"),
        "data": {"root": str(tmp_path / "data")},
        "paths": {"runs": str(tmp_path / "runs")},
        "execution": IN_PROCESS,
        "features": {"size": {"extractor": f"{__name__}:Faulty"}},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    DONE.clear()
    monkeypatch.setattr(Faulty, "fault", None)
    opened = open_run(tmp_path / "recipe.yaml")
    index(opened)
    return opened


def again(run: Run, *settings: str) -> Run:
    return open_run(run.folder.parents[1] / "recipe.yaml", settings)


def no_space(_: Path) -> Exception:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_descriptors(path: Path) -> Exception:
    wrapped = MediaError(f"{path.name}: not a video, sound or image file")
    wrapped.__cause__ = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return wrapped


def unmounted(path: Path) -> Exception:
    shutil.rmtree(path.parents[1])
    path.parents[1].mkdir()
    return MediaError(f"{path.name}: no such file")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (no_space, "No space left on device"),
        (no_descriptors, "Too many open files"),
        (unmounted, r"data: the folder of the clips is lost \(it is empty\)"),
        (lambda _: KeyError("x"), r"last 5 clips failed alike: .*KeyError .*max_alike_failures"),
    ],
)
def test_no_clip_is_blamed_and_what_was_done_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any, told: str
) -> None:
    shutil.copytree(tmp_path / "data", tmp_path / "kept")
    monkeypatch.setattr(Faulty, "fault", staticmethod(fault))
    with pytest.raises(MachineError, match=told) as caught:
        extract_all(run)
    assert "what is done is kept" in str(caught.value)
    assert run.ledger().rows("features:size") == []
    assert len(DONE) == 2
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "kept").rename(tmp_path / "data")
    monkeypatch.setattr(Faulty, "fault", None)
    assert {row.status for row in extract_all(run)["size"]} == {"ok"}
    assert len(DONE) == len(set(DONE)) == N_CLIPS


def test_broken_clips_in_a_row_are_only_themselves(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Faulty, "fault", staticmethod(lambda path: MediaError("no video track")))
    rows = extract_all(run)["size"]
    assert sorted(row.status for row in rows) == ["failed"] * 6 + ["ok"] * 2


def test_who_knows_better_may_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Faulty, "fault", staticmethod(lambda path: KeyError("x")))
    going_on = open_run(
        run.folder.parents[1] / "recipe.yaml", ["execution.max_alike_failures=null"]
    )
    rows = extract_all(going_on)["size"]
    assert sorted(row.status for row in rows) == ["failed"] * 6 + ["ok"] * 2


class Dask:
    """Stands for ``distributed``: one scheduler, with as many workers as are given."""

    def __init__(self, *workers: str) -> None:
        self.workers = list(workers)
        self.status = "running"
        self.is_closed = False
        self.needed: dict[str, float] = {}

    def Client(self, address: str, timeout: float) -> Dask:
        return self

    def get_executor(self, *, pure: bool, resources: dict[str, float]) -> Executor:
        self.needed = resources
        return ThreadPoolExecutor(1)

    def wait_for_workers(self, n_workers: int, timeout: float) -> None:
        if len(self.workers) < n_workers:
            raise TimeoutError

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.workers, 1)

    def scheduler_info(self) -> dict[str, Any]:
        return {"workers": self.workers}

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def dask(run: Run, monkeypatch: pytest.MonkeyPatch) -> Dask:
    there = Dask("w1")
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=there.Client))
    monkeypatch.setattr(cluster, "WORKERS_SEC", 0.1)
    return there


def on_dask(run: Run) -> Run:
    return again(run, "execution.dask=tcp://far:1")


def test_a_cluster_does_the_work_and_is_left(run: Run, dask: Dask) -> None:
    assert {row.status for row in extract_all(on_dask(run))["size"]} == {"ok"}
    assert dask.is_closed


def test_work_with_networks_asks_for_what_it_needs(dask: Dask, tmp_path: Path) -> None:
    settings = ExecutionSettings(dask="tcp://far:1", dask_resources={"GPU": 1})
    force = Workforce(settings, tmp_path, tmp_path / "store")
    assert [done.value for done in force.do_long(len, {"a": "bcd"}, device="auto")] == [3]
    assert dask.needed == {"GPU": 1}
    assert [done.value for done in force.do(len, {"a": "bcd"})] == [3]
    assert dask.needed == {}


def test_a_cluster_without_workers_is_told_of(run: Run, dask: Dask) -> None:
    dask.workers.clear()
    told = r"execution\.dask: the scheduler at tcp://far:1 has had no workers .*`dask worker tcp:"
    with pytest.raises(MachineError, match=told):
        extract_all(on_dask(run))
    assert dask.is_closed
    assert run.ledger().rows("features:size") == []


def test_a_cluster_that_loses_its_workers_is_told_of(
    dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cluster.Cluster("tcp://far:1") as there:
        monkeypatch.setattr(there, "submit", lambda *_: Future())
        dask.workers.clear()
        with pytest.raises(MachineError, match="no workers"):
            list(run_jobs(len, {"a": "b"}, executor=there))


def test_a_cluster_that_is_not_there_is_a_mistake(
    run: Run, dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(address: str, timeout: float) -> None:
        raise OSError("timed out")

    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=refuse))
    with pytest.raises(ConfigError, match=r"no scheduler at tcp://far:1 \(timed out\)"):
        extract_all(on_dask(run))
