"""The project as others have it: a wheel in an environment of its own, away from the clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "_build")
PACKAGES = ("emotiw", "features", "fusion", "submissions", "configs")
FOLDERS = (*PACKAGES, "tests", "docs", "notebooks", "benchmarks")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def build(kind: str, folder: Path) -> set[str]:
    """Build an sdist or a wheel into a folder; return the files that it was made of."""
    pytest.importorskip("setuptools", minversion="77")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / "src" / name, ignore=LEFT_OUT)
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, folder / "src")
    had = files_of(folder / "src")
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(folder)!r})"
    run(sys.executable, "-c", code, cwd=folder / "src")
    return had


def from_wheel(folder: Path) -> tuple[Path, Path]:
    """Build a wheel and install it; return its Python, and where its packages lie."""
    build("wheel", folder)
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index"]
    run(*pip, "--quiet", next(folder.glob("*.whl")), cwd=folder)
    packages = next((folder / "venv").glob("lib/python*/site-packages"))
    # what it needs, and not the clone: a .pth that lies in a folder of another's is not read
    (packages / "installed.pth").write_text(sysconfig.get_path("purelib"))
    return python, packages


def run(*words: str | Path, cwd: Path) -> str:
    """Run a program away from the clone; return what it printed."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
