"""A project's own features, fusion, submissions and configs: told in a sentence, or not in the way.

Every case runs in a folder of its own, in an interpreter of its own, where emotiw is found as an
editable install is: by a finder that is asked after every folder of the path.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("features", "fusion", "submissions")
KINDS = ("module", "package", "folder")
LIST = ("-m", "emotiw", "challenges", "list")
FINDER = f"""
import sys
from importlib.machinery import PathFinder

class Installed:
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [{str(ROOT)!r}]) if path is None else None

others = [f for f in sys.meta_path if "Editable" not in getattr(f, "__name__", "")]
sys.meta_path[:] = [*others, Installed]
"""
INSTALLED = "import sys; sys.argv[0] = '/bin/emotiw'; from emotiw.cli.app import main; main()"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder that the user works in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder that is on its path, as in a shell or a notebook."""
    site = folder.parent / "site"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(FINDER)
    environment = {**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"}
    environment.pop("PYTHONSAFEPATH", None)
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def make_foreign(folder: Path, name: str, kind: str) -> Path:
    if kind == "module":
        path = folder / f"{name}.py"
        path.write_text("")
        return path
    path = folder / name
    path.mkdir()
    (path / "mine.yaml").write_text("a: 1\n")
    if kind == "package":
        (path / "__init__.py").write_text("")
    return path


def told(done: subprocess.CompletedProcess[str], path: Path, *, by: str) -> bool:
    """Whether the last line, and for a command the only one, names the path and the cure."""
    lines = done.stderr.splitlines()
    if by == "error":
        assert len(lines) == 1
        assert done.returncode == 2
    assert done.stdout == ""
    return lines[-1].startswith(f"{by}: ") and str(path) in lines[-1] and "rename it" in lines[-1]


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_module_is_told_in_one_sentence(work: Path, name: str, kind: str) -> None:
    path = make_foreign(work, name, kind)
    assert told(python(work, "-c", "import emotiw"), path, by="ImportError")
    assert told(python(work, *LIST), path, by="error")


def test_a_script_beside_a_foreign_module(work: Path) -> None:
    path = make_foreign(work, "features", "module")
    (work / "mine.py").write_text("from emotiw.core.errors import EmotiwError\n")
    elsewhere = work / "elsewhere"
    elsewhere.mkdir()
    done = python(elsewhere, str(work / "mine.py"))
    assert told(done, path, by="ImportError")


def test_the_installed_command_tells_it_like_the_module(work: Path) -> None:
    path = make_foreign(work, "fusion", "package")
    assert told(python(work, "-c", INSTALLED), path, by="error")


def test_a_foreign_module_that_was_imported_before(work: Path) -> None:
    path = make_foreign(work, "submissions", "module")
    code = "import sys, submissions; del sys.path[0]; import emotiw"
    assert told(python(work, "-c", code), path, by="ImportError")
    code = "import sys, types; sys.modules['fusion'] = types.ModuleType('fusion'); import emotiw"
    (work / "submissions.py").unlink()
    done = python(work, "-c", code)
    assert "because a module 'fusion' comes first" in done.stderr.splitlines()[-1]


def test_all_that_is_in_the_way_is_told_at_once(work: Path) -> None:
    paths = [make_foreign(work, name, "module") for name in OURS]
    done = python(work, "-c", "import emotiw")
    assert all(str(path) in done.stderr.splitlines()[-1] for path in paths)
    assert "rename them" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_configs_of_a_project_are_never_in_the_way(work: Path, kind: str) -> None:
    make_foreign(work, "configs", kind)
    done = python(work, *LIST)
    assert done.returncode == 0, done.stderr
    assert "afew2017" in done.stdout
    code = (
        "import configs\n"
        "from emotiw.core.weights import locate, read_card\n"
        "print(locate(read_card('emotion_cnn')).is_file())"
    )
    assert python(work, "-c", code).stdout == "True\n"


def test_nothing_is_said_or_imported_where_nothing_clashes(work: Path) -> None:
    code = "import sys, emotiw; print([name for name in sys.modules if name in {NAMES}])"
    done = python(work, "-c", code.replace("{NAMES}", repr((*OURS, "typer", "pydantic"))))
    assert done.stdout == "[]\n"


def test_the_look_at_the_neighbours_takes_no_time() -> None:
    from emotiw.core.siblings import clash

    clash()
    start = time.perf_counter()
    for _ in range(100):
        assert clash() == ""
    assert time.perf_counter() - start < 0.5
