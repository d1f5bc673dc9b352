"""What is handed out is whole: the sdist has what a clone has, and says who it is."""

from __future__ import annotations

import json
import re
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

from docs.given import clips
from tests.in_process import SET_IN_PROCESS
from tests.installed import ROOT, build, from_wheel, run

SMALL_DEMO = """
import sys
from functools import partial

import emotiw
from emotiw.cli.app import app
from emotiw.demo import affect_corpus, corpus, group_corpus, synthetic_clip

assert emotiw.__file__.startswith(sys.argv[1]), emotiw.__file__
few = {"n_train_per_label": 2, "n_val_per_label": 1, "n_test_per_label": 1}
corpus.DAMAGES, group_corpus.STILL_DAMAGES, group_corpus.CLIP_DAMAGES = (), (), ()
synthetic_clip.FEWEST_FRAMES = synthetic_clip.MOST_FRAMES = 8
group_corpus.FEWEST_FRAMES = group_corpus.MOST_FRAMES = 2
group_corpus.STILL_SIZE = group_corpus.CLIP_SIZE = (320, 240)
corpus.make_corpus = partial(corpus.make_corpus, **few)
more = {**few, "n_train_per_label": 5}  # so that no fold of whole videos lacks a label
group_corpus.make_group_corpus = partial(group_corpus.make_group_corpus, **more)
brief = [f"models.{name}=1" for name in ("cnn_rnn.training.epochs", "c3d.training.epochs")]
settings = [sys.argv[2], "folds.n_folds=2", "fusion.nested=false", "models.c3d.width=0.0625"]
settings += brief
affect_corpus.DURATION_SEC = 4.0
affect_corpus.make_affect_corpus = partial(
    affect_corpus.make_affect_corpus, n_train=6, n_val=2, n_test=2
)
if __name__ == "__main__":  # clips are made in processes that read this file, too
    app(["demo", "demo", "--quiet", *(word for each in settings for word in ("--set", each))])
"""


@pytest.mark.slow
def test_the_sdist_is_whole(tmp_path: Path) -> None:
    had = build("sdist", tmp_path)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert had - held == set()
    assert {"constraints.txt", "CITATION.cff", "Dockerfile", "tests/test_packaging.py"} <= held


@pytest.mark.slow
@pytest.mark.timeout(900)  # half a minute of work, on a machine that may be busy
def test_the_wheel_does_what_a_clone_does(tmp_path: Path) -> None:
    python, packages = from_wheel(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    clips(home)
    emotiw = python.with_name("emotiw")
    run(emotiw, "start", "clips", "--yes", cwd=home)
    done = run(emotiw, "run", "clips.yaml", "--set", SET_IN_PROCESS, "--json", cwd=home)
    assert json.loads(done)["clips"] == 18
    (home / "small.py").write_text(SMALL_DEMO)
    told = run(python, "small.py", str(packages), SET_IN_PROCESS, cwd=home)
    assert "demo.zip: ok" in told
    assert "demo_vgaf.zip: ok" in told


def test_the_citation_is_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])


def test_files_that_the_readme_and_the_container_install_by_are_there() -> None:
    for name in ("README.md", "docs/install.md", "Dockerfile"):
        for file in re.findall(r"-c (\S+)", (ROOT / name).read_text()):
            assert (ROOT / Path(file).name).is_file(), f"{name}: {file}"
