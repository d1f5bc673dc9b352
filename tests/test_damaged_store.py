"""A damaged artifact costs its own making anew, never a wrong value, a stop or a clip."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer
import yaml
from typer.testing import CliRunner

from emotiw.cli import store as commands
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.core.progress import Progress
from emotiw.core.store import Store, _index_of
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.faces import find_all_faces
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.index import index
from emotiw.runs.stages.train import train_all
from emotiw.runs.store_upkeep import Item, items_of
from features.extractor import ClipSource, Extraction, Extractor
from tests.predict.videos import LIGHT, SquareDetector, frame, write_video

HERE = "tests.test_damaged_store"
N_CLIPS = 6
app = typer.Typer()
app.add_typer(commands.app, name="store")


class Squares(SquareDetector):
    version = "1"


class Brightness(Extractor):
    needs = "faces"

    @property
    def spec(self) -> FeatureSpec:
        return FeatureSpec(self.name, (2,), "clip")

    def extract(self, source: ClipSource) -> Extraction:
        assert source.faces is not None
        light = float(source.faces.crop(0).mean())
        return Extraction(FeatureArray.all_present(np.array([[light, 1.0]], np.float32)))


class News(Progress):
    def __init__(self) -> None:
        self.told: list[str] = []

    def say(self, line: str) -> None:
        self.told.append(line)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, recipe and a finished run."""
    home = tmp_path_factory.mktemp("light")
    for n in range(N_CLIPS):
        label = ("Dark", "Bright")[n % 2]
        grey = 100 + 20 * n
        write_video(home / "data" / label / f"{n}.mp4", [frame((20 + 5 * n, grey))] * 4)
    (home / "light.yaml").write_text(yaml.safe_dump(LIGHT))
    recipe = {
        "challenge": "light.yaml",
        "data": {"root": "data"},
        "execution": {"workers": 1},
        "faces": {"detector": f"{HERE}:Squares"},
        "features": {"light": {"extractor": f"{HERE}:Brightness"}},
        "models": {"light": {"model": "logistic", "features": "light", "c": 1.0}},
        "folds": {"n_folds": 2},
    }
    (home / "small.yaml").write_text(yaml.safe_dump(recipe))
    all_stages(opened(home))
    return home


def opened(home: Path) -> Run:
    places = [f"paths.runs={home / 'runs'}", f"data.root={home / 'data'}"]
    places.append(f"challenge={home / 'light.yaml'}")
    return open_run(home / "small.yaml", places, progress=News())


def all_stages(run: Run) -> None:
    index(run)
    find_all_faces(run)
    extract_all(run)
    train_all(run)


@pytest.fixture
def home(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "home")
    _index_of.cache_clear()
    return tmp_path / "home"


def tables(home: Path) -> dict[str, bytes]:
    folder = home / "runs" / "small"
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.csv")}
    return {name: data for name, data in found.items() if not name.startswith("ledger")}


def spoil(path: Path, at: int = -3) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)


def one(home: Path, pattern: str) -> Path:
    return sorted((home / "runs" / "store").glob(pattern))[0]


def told(run: Run) -> str:
    assert isinstance(run.progress, News)
    return "\n".join(run.progress.told)


def test_a_stage_leaves_one_file(finished: Path) -> None:
    store = finished / "runs" / "store"
    for stage in ("faces", "features"):
        (name,) = [str(p.relative_to(store / stage)) for p in (store / stage).rglob("*.*")]
        assert name.startswith(f"packs/{N_CLIPS}-")


@pytest.mark.parametrize("at", [-3, 3])
@pytest.mark.parametrize("stage", ["faces", "features"])
def test_a_damaged_pack_is_made_anew_by_the_next_run(home: Path, stage: str, at: int) -> None:
    before = tables(home)
    spoil(one(home, f"{stage}/packs/*"), at)
    run = opened(home)
    for table in run.folder.rglob("*.csv"):
        if table.name not in ("manifest.csv", "ledger.csv") and "ledger" not in table.parts:
            table.unlink()
    for folder in ("features", "models", "scores") if stage == "faces" else ("models", "scores"):
        shutil.rmtree(run.store.root / folder)
    all_stages(run)
    assert tables(home) == before
    assert {row.status for row in run.ledger().rows()} == {"ok"}
    assert all(item.is_whole() for item in items(home))


def test_training_makes_damaged_features_anew(home: Path) -> None:
    before = tables(home)
    for folder in ("models", "scores"):
        shutil.rmtree(home / "runs" / "store" / folder)
    run = opened(home)
    run.scores_path("light").unlink()
    spoil(one(home, "features/packs/*"))
    train_all(run)
    assert "damaged" in told(run)
    assert tables(home)["scores/light.csv"] == before["scores/light.csv"]


@pytest.mark.parametrize("what", ["models/*/*/model/*.*", "scores/*/*.csv", "scores/*/*.json"])
def test_damaged_models_and_scores_are_made_anew(home: Path, what: str) -> None:
    before = tables(home)
    if what.startswith("models"):
        shutil.rmtree(home / "runs" / "store" / "scores")
    for path in (home / "runs" / "store").glob(what):
        spoil(path, len(path.read_bytes()) // 2)
    run = opened(home)
    run.scores_path("light").unlink()
    train_all(run)
    assert tables(home)["scores/light.csv"] == before["scores/light.csv"]
    assert "damaged artifacts of the store are made anew" in told(run)
    assert all(item.is_whole() for item in items(home))


def items(home: Path) -> list[Item]:
    _index_of.cache_clear()
    return items_of(Store(home / "runs" / "store"))


def command(*words: str | Path, status: int = 0, answer: str | None = None) -> str:
    _index_of.cache_clear()
    result = CliRunner().invoke(app, [str(word) for word in words], input=answer)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.output


def test_status_tells_what_no_run_uses(home: Path) -> None:
    store = home / "runs" / "store"
    Store(store).write("features", "ab" * 32, {"x": np.zeros(1000)}, {})
    lines = json.loads(command("store", "status", store, "--json"))
    found = {
        line["stage"]: (line["artifacts"], line["files"], line["unused"])
        for line in lines["stages"]
    }
    assert found == {
        "faces": (6, 1, 0), "features": (7, 2, 1), "models": (3, 3, 0), "scores": (1, 1, 0)
    }  # fmt: skip
    assert "features" in command("store", "status", home / "runs" / "small")
    with pytest.raises(ConfigError, match="neither a store nor the folder of a run"):
        command("store", "status", home / "data")


def test_check_lists_and_removes_what_is_damaged(home: Path) -> None:
    store = home / "runs" / "store"
    assert "16 artifacts, 0 damaged" in command("store", "check", store)
    spoil(one(home, "features/packs/*"))
    spoil(one(home, "faces/packs/*"), 3)
    spoil(one(home, "scores/*/*.csv"))
    shown = command("store", "check", store, status=1)
    assert (shown.count("damaged: features"), shown.count("damaged: scores")) == (1, 1)
    assert shown.count("damaged: all of") == 1
    command("store", "check", store, "--remove")
    assert "8 artifacts, 0 damaged" in command("store", "check", store)
    all_stages(opened(home))  # which needs none of them
    assert "8 artifacts, 0 damaged" in command("store", "check", store)
    find_all_faces(opened(home), force=True)
    extract_all(opened(home), force=True)
    assert "15 artifacts, 0 damaged" in command("store", "check", store)


def aged(home: Path, days: float) -> None:
    for path in (home / "runs" / "store").rglob("*"):
        time = path.stat().st_mtime - days * 24 * 3600
        os.utime(path, (time, time))


def test_clear_takes_out_what_no_run_uses(home: Path) -> None:
    store = home / "runs" / "store"
    (home / "runs" / "small" / "features" / "light.csv").unlink()
    shown = command("store", "clear", store, "--unused", "--yes")
    assert "0 artifacts" in shown
    assert "6 more are kept: they were made within a day" in shown
    aged(home, 2)
    assert "6 artifacts" in command("store", "clear", store, "--unused", answer="n\n")
    assert len(items(home)) == 16
    command("store", "clear", store, "--unused", "--yes")
    assert {item.stage for item in items(home)} == {"faces", "models", "scores"}
    assert len(items(home)) == 10


def test_clear_leaves_a_pack_with_what_is_used(home: Path) -> None:
    table = home / "runs" / "small" / "faces.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(lines[:4]))
    aged(home, 2)
    command("store", "clear", home / "runs" / "store", "--unused", "--yes")
    kept = [item for item in items(home) if item.stage == "faces"]
    assert {item.key for item in kept} == {line.split(",")[1] for line in lines[1:4]}
    assert all(item.is_whole() for item in kept)


def test_clear_of_a_run_spares_what_others_use(home: Path) -> None:
    shutil.copytree(home / "runs" / "small", home / "runs" / "other")
    (home / "runs" / "other" / "features" / "light.csv").unlink()
    aged(home, 2)
    command("store", "clear", home / "runs" / "store", "--run", "small", "--yes")
    assert {item.stage for item in items(home)} == {"faces", "models", "scores"}
    with pytest.raises(ConfigError, match=r"no run 'smal' .*did you mean 'small'"):
        command("store", "clear", home / "runs" / "store", "--run", "smal")


def test_clear_by_age_says_what_is_used(home: Path) -> None:
    aged(home, 10)
    store = home / "runs" / "store"
    found = json.loads(command("store", "clear", store, "--older-than", "9", "--json"))
    assert (found["artifacts"], found["used"], found["removed"]) == (16, 16, False)
    found = json.loads(command("store", "clear", store, "--older-than", "11", "--json", "--yes"))
    assert found["artifacts"] == 0
    command("store", "clear", store, "--older-than", "9", "--yes")
    assert items(home) == []
    all_stages(opened(home))  # which needs none of them
    assert items(home) == []


def test_clear_sweeps_leftovers(home: Path) -> None:
    store = home / "runs" / "store"
    left = store / "features" / "loose" / ".partial-0123abcd-1-x.safetensors"
    left.parent.mkdir(exist_ok=True)
    left.touch()
    command("store", "clear", store)
    assert left.exists()  # of another machine, and it may be at work
    aged(home, 2)
    assert "1 leftovers" in command("store", "clear", store)
    assert not left.exists()
