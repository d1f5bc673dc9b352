"""What is handed out is whole: the sdist has what a clone has, and says who it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_sdist_is_whole(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="77")
    names = ["emotiw", "features", "fusion", "submissions", "configs", "tests", "docs"]
    for name in [*names, "notebooks", "benchmarks"]:
        shutil.copytree(ROOT / name, tmp_path / "src" / name, ignore=LEFT_OUT)
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, tmp_path / "src")
    had = files_of(tmp_path / "src")
    code = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "src", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert had - held == set()
    assert {"constraints.txt", "CITATION.cff", "Dockerfile", "tests/test_packaging.py"} <= held


def test_the_citation_is_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])


def test_files_that_the_readme_and_the_container_install_by_are_there() -> None:
    for name in ("README.md", "Dockerfile"):
        for file in re.findall(r"-c (\S+)", (ROOT / name).read_text()):
            assert (ROOT / Path(file).name).is_file(), f"{name}: {file}"
