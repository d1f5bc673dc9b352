"""A recipe finds its clips wherever it is called from, and says where it has looked."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.core.errors import ConfigError, ManifestError
from emotiw.core.notices import heard_by
from emotiw.runs.first_recipe import start
from emotiw.runs.recipe import load_recipe
from emotiw.runs.run import open_run
from emotiw.runs.stages.index import index


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe and clips in ``study``; commands are run in ``elsewhere``."""
    for name in ("happy/a.wav", "sad/b.wav"):
        path = tmp_path / "study" / "clips" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"RIFF    WAVE" + name.encode())
    (tmp_path / "study" / "mine.yaml").write_text("challenge: folder\ndata: {root: clips}\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


def test_clips_lie_beside_the_recipe(project: Path) -> None:
    for recipe in (Path("../study/mine.yaml"), project / "study" / "mine.yaml"):
        assert load_recipe(recipe).settings.data.root.samefile(project / "study" / "clips")
    run = open_run("../study/mine.yaml")
    assert len(index(run)) == 2
    assert run.folder.absolute() == project / "elsewhere" / "runs" / "mine"
    assert len(index(open_run(run.folder))) == 2  # its own recipe says where they are


def test_else_they_lie_where_the_command_is_run(project: Path) -> None:
    (project / "study" / "clips").rename(project / "elsewhere" / "clips")
    assert str(load_recipe("../study/mine.yaml").settings.data.root) == "clips"
    assert len(index(open_run("../study/mine.yaml"))) == 2


def test_of_two_the_one_beside_the_recipe_is_taken_and_told(project: Path) -> None:
    (project / "elsewhere" / "clips").mkdir()
    told: list[str] = []
    with heard_by(told.append):
        recipe = load_recipe("../study/mine.yaml")
    assert recipe.settings.data.root.samefile(project / "study" / "clips")
    assert told == [
        f"data.root: ../study/clips is taken, beside the recipe, and not {project}/elsewhere/clips"
    ]


def test_what_is_set_starts_where_it_is_typed(project: Path) -> None:
    recipe = load_recipe("../study/mine.yaml", ["data.root=clips"])
    assert str(recipe.settings.data.root) == "clips"


def test_what_is_missing_is_shown_with_both_places(project: Path) -> None:
    (project / "study" / "mine.yaml").write_text("challenge: folder\ndata: {root: clip}\n")
    with pytest.raises(ManifestError) as caught:
        index(open_run("../study/mine.yaml"))
    assert f"no folder {project}/elsewhere/clip (" in str(caught.value)
    assert "where the command is run" in str(caught.value)
    assert "study/clip beside the recipe" in str(caught.value)


def test_a_first_recipe_is_found_from_anywhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = start("../study/clips", out="first.yaml")
    monkeypatch.chdir(project)
    recipe = load_recipe("elsewhere/first.yaml")
    assert recipe.settings.data.root.samefile(project / "study" / "clips")
    assert len(index(open_run(Path("elsewhere") / started.recipe))) == 2


def test_a_challenge_and_modules_lie_beside_the_recipe(project: Path) -> None:
    (project / "study" / "own.yaml").write_text("extends: folder\nname: own\ntitle: Mine\n")
    (project / "study" / "parts").mkdir()
    (project / "study" / "mine.yaml").write_text(
        "challenge: own.yaml\ndata: {root: clips}\npaths: {modules: parts}\n"
    )
    recipe = load_recipe("../study/mine.yaml")
    assert recipe.spec.title == "Mine"
    assert recipe.modules.samefile(project / "study" / "parts")


def test_a_recipe_here_is_never_mistaken_for_one_that_comes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`emotiw start clips` writes clips.yaml, and a recipe of that name comes along."""
    monkeypatch.chdir(tmp_path)
    assert load_recipe("clips").name == "clips"
    (tmp_path / "clips.yaml").write_text("challenge: folder\ndata: {root: clips}\nseed: 7\n")
    with pytest.raises(ConfigError, match=r"two recipes are called clips.*say clips\.yaml, or"):
        load_recipe("clips")
    assert load_recipe("clips.yaml").settings.seed == 7


def test_a_run_never_takes_its_own_folder_for_the_clips(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "study" / "clips")
    (project / "study" / "clips" / "mine.yaml").write_text("challenge: folder\ndata: {root: .}\n")
    run = open_run("mine.yaml")
    assert len(index(run)) == 2
    told: list[str] = []
    with heard_by(told.append):
        again = open_run(run.folder)
    assert again.recipe.settings.data.root.samefile(project / "study" / "clips")
    assert told == []
