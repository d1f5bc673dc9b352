"""Classes of a user's own, in a module beside their recipe: found, told apart, and never stale."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from emotiw.core.errors import ConfigError, MissingStageError
from emotiw.core.notices import heard_by
from emotiw.core.part import full_version
from emotiw.core.registry import Registry
from emotiw.models.registry import MODELS
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.features import extract_all, feature_table
from emotiw.runs.stages.index import index
from emotiw.runs.stages.train import train_all
from emotiw.runs.status import status_of
from features.registry import EXTRACTORS
from fusion.registry import CALIBRATIONS, COMBINERS
from tests.in_process import IN_PROCESS
from tests.predict.videos import LIGHT

ROOT = Path(__file__).parents[1]
MINE = """
from hashlib import sha256
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.models.model import Model
from features.extractor import Extraction, Extractor
from helper import ROW

WEIGHTS = Path(__file__).with_name("weights.txt")
SURE = 0.7


class Settings(BaseModel):
    plus: float = 0.0


class Constant(Extractor):
    Options = Settings

    @property
    def spec(self):
        return FeatureSpec(self.name, (1,), "clip")

    def extract(self, source):
        row = ROW + self.options.plus
        return Extraction(FeatureArray.all_present(np.array([[row]], np.float32)))


class Sure(Model):
    @property
    def weights_fingerprint(self):
        return sha256(WEIGHTS.read_bytes()).hexdigest()

    def fit(self, examples, *, folder=None):
        self.sure = SURE + float(WEIGHTS.read_text())

    def predict(self, examples):
        return np.tile([self.sure, 1 - self.sure], (len(examples), 1))

    def save(self, folder):
        folder.mkdir(parents=True)
        (folder / "sure.txt").write_text(str(self.sure))

    @classmethod
    def load(cls, folder):
        model = cls(None, spec=None, task=None, seed=0)
        model.sure = float((folder / "sure.txt").read_text())
        return model


class Stranger:
    pass


def function():
    pass
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("two")
    for n in range(6):
        folder = home / "data" / (("Dark", "Bright")[n % 2] if n < 4 else "test")
        folder.mkdir(parents=True, exist_ok=True)
        with wave.open(str(folder / f"{n}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes([n]) * 8000)
    (home / "two.yaml").write_text(yaml.safe_dump({**LIGHT, "name": "two"}))
    return home


def recipe_in(folder: Path, data: Path, *, row: float = 1.0, **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(MINE)
    (folder / "helper.py").write_text(f"ROW = {row}\n")
    (folder / "weights.txt").write_text("0")
    recipe: dict[str, Any] = {
        "challenge": str(data / "two.yaml"),
        "name": "two",
        "data": {"root": str(data / "data")},
        "paths": {"runs": str(folder / "runs")},
        "execution": IN_PROCESS,
        "features": {"rows": {"extractor": "mine:Constant"}},
        "models": {"sure": {"model": "mine:Sure", "features": "rows"}},
        "folds": {"n_folds": 2},
        "fusion": {"n_folds": 2},
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**recipe, **more}, sort_keys=False))
    return path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def rows(run: Run) -> set[float]:
    """Return what the user's extractor says of the clips."""
    index(run)
    extract_all(run)
    assert {row.status for row in run.ledger("features:rows").rows()} == {"ok"}
    return {float(array.values[0, 0]) for _, array in feature_table(run, "rows").items()}


def sure(run: Run) -> float:
    """Return how sure the user's model is of all clips."""
    train_all(run)
    (found,) = set(run.scores("sure").scores[:, 0].round(6).tolist())
    return float(found)


def test_a_module_beside_the_recipe_is_found_from_anywhere(data: Path, tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path / "project", data)
    # a project may well have a module of that name: nothing of ours is taken from there
    (tmp_path / "project" / "features.py").write_text("raise RuntimeError\n")
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "emotiw", "run", str(recipe), "--set", "execution.workers=2"],
        cwd=tmp_path / "elsewhere",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    run = open_run(tmp_path / "project" / "runs" / "two")
    assert run.recipe.models["sure"].model == "mine:Sure"
    assert {row.status for row in run.ledger().rows("features:rows")} == {"ok"}
    assert np.allclose(run.scores("sure").scores, [0.7, 0.3])


def test_a_run_made_beside_its_recipe_is_opened_from_anywhere(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe_in(tmp_path / "study", data)
    monkeypatch.chdir(tmp_path / "study")
    run = open_run("recipe.yaml")
    index(run)
    extract_all(run)
    told: list[str] = []
    for here in (tmp_path / "study", tmp_path):
        monkeypatch.chdir(here)
        with heard_by(told.append):
            again = open_run(run.folder)
        assert status_of(again).stages[1].state == "up to date"
    assert told == []


def test_modules_may_lie_in_another_folder(data: Path, tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path / "recipes", data)
    (tmp_path / "code").mkdir()
    for name in ("mine.py", "helper.py", "weights.txt"):
        (tmp_path / "recipes" / name).rename(tmp_path / "code" / name)
    with pytest.raises(ConfigError, match="No module named 'mine'"):
        open_run(recipe)
    run = open_run(recipe, [f"paths.modules={tmp_path / 'code'}"])
    assert (rows(run), sure(run)) == ({1.0}, 0.7)


def test_edited_code_is_run_and_what_it_made_before_is_not_taken(
    data: Path, tmp_path: Path
) -> None:
    recipe = recipe_in(tmp_path, data)
    run = open_run(recipe)
    assert (rows(run), sure(run)) == ({1.0}, 0.7)
    made = [run.features_path("rows"), run.models_path("sure")]
    features, models = (path.read_bytes() for path in made)
    again = open_run(recipe)
    assert (rows(again), sure(again)) == ({1.0}, 0.7)
    assert [path.read_bytes() for path in made] == [features, models]

    edit(tmp_path / "mine.py", "row = ROW", "row = 10 * ROW")
    edit(tmp_path / "mine.py", "SURE = 0.7", "SURE = 0.625")
    edited = open_run(recipe)
    assert (rows(edited), sure(edited)) == ({10.0}, 0.625)
    for path, before in zip(made, (features, models), strict=True):
        keys, old = (
            set(re.findall("[0-9a-f]{64}", t.decode())) for t in (path.read_bytes(), before)
        )
        assert keys
        assert old
        assert not keys & old


def test_a_class_is_known_by_the_source_that_it_was_made_from(data: Path, tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path, data)
    run = open_run(recipe)
    assert (rows(run), sure(run)) == ({1.0}, 0.7)
    before = full_version(MODELS.resolve("mine:Sure"))
    edit(tmp_path / "mine.py", "SURE = 0.7", "SURE = 0.625")
    assert sure(run) == 0.7  # it is the code that was there when the run was opened
    assert full_version(MODELS.resolve("mine:Sure")) == before
    edited = open_run(recipe)
    with pytest.raises(MissingStageError, match="features:rows is out of date: version was"):
        sure(edited)  # its class stands in the same file
    assert (rows(edited), sure(edited)) == ({1.0}, 0.625)
    assert full_version(MODELS.resolve("mine:Sure")) != before


def test_an_edited_helper_is_imported_anew(data: Path, tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path, data)
    assert rows(open_run(recipe)) == {1.0}
    (tmp_path / "helper.py").write_text("ROW = 22.0\n")
    assert rows(open_run(recipe)) == {22.0}


def test_other_weights_give_other_scores(data: Path, tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path, data)
    run = open_run(recipe)
    assert (rows(run), sure(run)) == ({1.0}, 0.7)
    (tmp_path / "weights.txt").write_text("0.25")
    assert sure(run) == 0.95
    (tmp_path / "weights.txt").write_text("0")
    assert sure(run) == 0.7


@pytest.mark.parametrize("workers", [1, 2])
def test_two_projects_with_modules_of_the_same_names_have_their_own(
    data: Path, tmp_path: Path, workers: int
) -> None:
    settings = [f"execution.workers={workers}"]
    one = open_run(recipe_in(tmp_path / "one", data), settings)
    two = open_run(recipe_in(tmp_path / "two", data, row=2.0), settings)
    edit(tmp_path / "two" / "mine.py", "SURE = 0.7", "SURE = 0.625")
    two = open_run(tmp_path / "two" / "recipe.yaml", settings)
    assert [rows(run) for run in (one, two, one)] == [{1.0}, {2.0}, {1.0}]
    assert [sure(run) for run in (two, one, two)] == [0.625, 0.7, 0.625]
    kinds = [type(run.recipe.features["rows"].options) for run in (one, two)]
    assert kinds[0] is not kinds[1]
    assert open_run(tmp_path / "one" / "recipe.yaml").recipe.features["rows"].options == (
        one.recipe.features["rows"].options
    )


def test_a_class_that_is_no_part_is_refused_in_a_sentence(data: Path, tmp_path: Path) -> None:
    recipe = recipe_in(
        tmp_path,
        data,
        features={"rows": {"extractor": "mine:Stranger"}},
        models={
            "sure": {"model": "mine:Stranger", "features": "rows"},
            "other": {"model": "mine:function", "features": "rows"},
        },
    )
    with pytest.raises(ConfigError) as caught:
        open_run(recipe)
    told = str(caught.value).splitlines()
    assert told[0] == f"{recipe}: 3 problems"
    assert told[1].endswith(
        "extractor 'mine:Stranger' is no subclass of features.extractor.Extractor: "
        "let it inherit from that class, which says what every extractor must have"
    )
    assert "model 'mine:Stranger' is no subclass of emotiw.models.model.Model" in told[2]
    assert "model 'mine:function' is no subclass" in told[3]
    line = recipe.read_text().splitlines().index("  sure:") + 1
    assert f"recipe.yaml:{line}: " in told[2]


@pytest.mark.parametrize("registry", [MODELS, EXTRACTORS, COMBINERS, CALIBRATIONS])
def test_every_kind_of_part_is_told_apart_from_others(registry: Any) -> None:
    with pytest.raises(ConfigError, match=f"{registry.kind} 'pathlib:Path' is no subclass of"):
        registry.resolve("pathlib:Path")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def broken(:\n", r"SyntaxError at .*mine\.py:1: invalid syntax"),
        ("\nnames = nothing + 1\n", r"NameError at .*mine\.py:2: name 'nothing' is not defined"),
        ("import nowhere_at_all\n", "No module named 'nowhere_at_all'"),
        ("class Constnt:\n    pass\n", r"mine\.py has no attribute 'Constant'; .*'Constnt'"),
    ],
)
def test_a_module_that_can_not_be_imported_is_one_clear_error(
    data: Path, tmp_path: Path, source: str, told: str
) -> None:
    recipe = recipe_in(tmp_path, data)
    (tmp_path / "mine.py").write_text(source)
    with pytest.raises(ConfigError, match=told):
        open_run(recipe)


def kind_from(home: Path, module: str, monkeypatch: pytest.MonkeyPatch) -> type:
    """Return the part ``Own`` of a module as a fresh interpreter would import it."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("lab", "other")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(home)
    found: type = Registry[type]("part", {}, base="emotiw.core.part:Part").resolve(f"{module}:Own")
    return found


@pytest.mark.parametrize(
    ("file", "is_part_of_it"),
    [
        ("lab/model.py", True),
        ("lab/__init__.py", True),
        ("lab/layers.py", True),  # from .layers import
        ("lab/parts/deep.py", True),  # from . import parts, and there from lab.parts import deep
        ("lab/late.py", True),  # imported inside a function
        ("lab/unused.py", False),
        ("other.py", None),  # of the same project, unless both are installed packages
    ],
)
@pytest.mark.parametrize("home", ["project", "site-packages"])
def test_a_class_is_as_new_as_all_that_it_imports_of_its_project(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    is_part_of_it: bool | None,
    home: str,
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    files = {
        "lab/__init__.py": "",
        "lab/model.py": "import other\nfrom emotiw.core.part import Part\nfrom . import parts\n"
        "from .layers import X\n\nclass Own(Part):\n    def f(self):\n        import lab.late\n",
        "lab/layers.py": "X = 1\n",
        "lab/parts/__init__.py": "from lab.parts import deep\n",
        "lab/parts/deep.py": "",
        "lab/late.py": "",
        "lab/unused.py": "",
        "other.py": "",
    }
    for name, text in files.items():
        (tmp_path / home / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / home / name).write_text(text)
    before = full_version(kind_from(tmp_path / home, "lab.model", monkeypatch))
    assert before == full_version(kind_from(tmp_path / home, "lab.model", monkeypatch))
    with (tmp_path / home / file).open("a") as opened:
        opened.write("# another line\n")
    after = full_version(kind_from(tmp_path / home, "lab.model", monkeypatch))
    is_new = home == "project" if is_part_of_it is None else is_part_of_it
    assert (after != before) is is_new
