"""Imports run one way, floor by floor, and nothing happens when a module is imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("emotiw", "features", "fusion", "submissions")
# from the ground up; a room may import from lower floors and from itself, not from its neighbours
FLOORS: tuple[tuple[str, ...], ...] = (
    ("emotiw.core",),
    ("emotiw.evaluation", "emotiw.visualization"),
    ("features", "emotiw.challenges"),
    ("emotiw.models", "fusion", "submissions"),
    ("emotiw.runs", "emotiw.checks", "emotiw.estimators"),
    ("emotiw.analysis", "emotiw.predict", "emotiw.demo"),
    ("emotiw.api",),
    ("emotiw",),
    ("emotiw.cli",),
    ("emotiw.__main__",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
LOOSE = {"emotiw", "emotiw.__main__", "emotiw.api"}
SAME_IDEA = {"registry"}  # the names of one kind of part: every kind has its own
HEAVY = (
    "torch", "torchaudio", "torchvision", "cv2", "sklearn", "librosa", "opensmile", "matplotlib",
    "timm", "facenet_pytorch", "av", "pyarrow", "scipy", "accelerate", "skimage", "pandas",
)  # fmt: skip


def room_of(module: str) -> str:
    """The room that a module lies in: the longest one that its name begins with."""
    return max((r for r in FLOOR_OF if module == r or module.startswith(f"{r}.")), key=len)


@cache
def modules() -> Mapping[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def source_of(module: str) -> str:
    return modules()[module].read_text(encoding="utf-8")


def imports_of(source: str) -> Iterator[str]:
    """Every module that is imported, also inside functions and for types."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            assert node.module is not None
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            inside = [name for name in submodules if name in modules()]
            yield from inside or [node.module]


def offences(module: str, source: str) -> list[str]:
    own = room_of(module)
    found = []
    for target in imports_of(source):
        if target.split(".")[0] not in PACKAGES or target == "emotiw":
            continue
        room = room_of(target)
        if room != own and FLOOR_OF[room] >= FLOOR_OF[own]:
            found.append(f"{module} imports {target}")
    return found


@pytest.mark.parametrize("module", sorted(modules()), ids=lambda name: name[-40:])
def test_imports_run_one_way(module: str) -> None:
    assert offences(module, source_of(module)) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("emotiw.core.store", "from features.extractor import Extractor"),
        ("emotiw.core.media", "from emotiw.evaluation.metrics import METRICS"),
        ("features.frames.people", "from emotiw.models.model import Model"),
        ("features.extractor", "from emotiw.challenges.spec import load_spec"),
        ("fusion.late", "from emotiw.models.model import Model"),
        ("submissions.writer", "import fusion"),
        ("emotiw.models.tabular.svm", "from emotiw.runs.run import Run"),
        ("emotiw.runs.run", "from emotiw.analysis import comparison"),
        ("emotiw.estimators.clip_arrays", "from emotiw.runs.run import Run"),
        ("emotiw.analysis.tracking", "from emotiw.demo.corpus import make_corpus"),
        ("emotiw.predict.windows", "from emotiw.api import fuse"),
        ("emotiw.runs.run", "from emotiw.cli.app import app"),
    ],
)
def test_an_import_against_the_flow_is_seen(module: str, line: str) -> None:
    assert offences(module, line)


def test_only_its_command_imports_the_demo() -> None:
    users = {m for m in modules() for t in imports_of(source_of(m)) if t.startswith("emotiw.demo")}
    outside = {user for user in users if room_of(user) != "emotiw.demo"}
    assert {room_of(user) for user in outside} <= {"emotiw.cli"}


def circles(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the modules that reach themselves through imports."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen, todo = set[str](), list(graph[start])
        while todo:
            step = todo.pop()
            if step not in seen:
                seen.add(step)
                todo.extend(graph.get(step, ()))
        reached[start] = seen
    return sorted(start for start in graph if start in reached[start])


def test_no_circles() -> None:
    assert circles({"a": {"b"}, "b": {"a"}, "c": {"a"}}) == ["a", "b"]
    graph = {m: {t for t in imports_of(source_of(m)) if t in modules()} for m in modules()}
    assert circles(graph) == []


def test_no_module_stands_loose() -> None:
    loose = {m for m, path in modules().items() if path.parent == ROOT / "emotiw"}
    assert loose == LOOSE


def test_no_two_rooms_share_a_name_for_different_ideas() -> None:
    """The command line's modules are called as their commands are."""
    places = defaultdict(set)
    for module, path in modules().items():
        if path.stem not in {"__init__", *SAME_IDEA} and room_of(module) != "emotiw.cli":
            places[path.stem].add(module)
    packages = Counter(p.parent.name for p in modules().values() if p.stem == "__init__")
    assert {stem: sorted(found) for stem, found in places.items() if len(found) > 1} == {}
    assert {name: n for name, n in packages.items() if n > 1} == {}


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from emotiw.cli.app import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {(*HEAVY, 'pydantic')!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_modules_stay_small() -> None:
    lengths = {m: len(source_of(m).splitlines()) for m in modules()}
    assert not {module: n for module, n in lengths.items() if n > 350}


def test_nothing_is_pickled() -> None:
    for module in modules():
        for target in imports_of(source_of(module)):
            assert target.split(".")[0] not in {"pickle", "joblib", "dill"}, module


def test_relative_imports_are_refused() -> None:
    with pytest.raises(AssertionError, match="relative"):
        list(imports_of("from . import x"))
