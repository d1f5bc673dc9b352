"""Imports run one way, and nothing happens when a module is imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("emotiw", "features", "fusion", "submissions")
PARTS = ("emotiw.challenges", "emotiw.models", "fusion", "submissions")
HEAVY = (
    "torch", "torchaudio", "torchvision", "cv2", "sklearn", "librosa", "opensmile", "matplotlib",
    "timm", "facenet_pytorch", "av", "pyarrow", "scipy", "accelerate", "skimage", "pandas",
)  # fmt: skip


def floor_of(module: str) -> int:
    """The storey a module lives on: it may import from lower ones, and from its own part."""
    if module == "emotiw.cli" or module == "emotiw.__main__":
        return 4
    if module.startswith("emotiw.core"):
        return 0
    if module == "features" or module.startswith("features."):
        return 1
    if any(module == part or module.startswith(f"{part}.") for part in PARTS):
        return 2
    return 3


def part_of(module: str) -> str:
    return next((p for p in PARTS if module == p or module.startswith(f"{p}.")), "")


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            assert node.module is not None
            yield node.module


def offences(module: str, source: str) -> list[str]:
    found = []
    for target in imports_of(source):
        if target.split(".")[0] not in PACKAGES or target == "emotiw":
            continue
        goes_up = floor_of(target) > floor_of(module)
        is_beside = floor_of(target) == 2 == floor_of(module) and part_of(target) != part_of(module)
        if goes_up or is_beside or target == "emotiw.cli":
            found.append(f"{module} imports {target}")
    return found


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda value: str(value)[-40:])
def test_imports_run_one_way(module: str, path: Path) -> None:
    allowed = {"emotiw.__main__ imports emotiw.cli"}
    assert set(offences(module, path.read_text(encoding="utf-8"))) <= allowed


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("emotiw.core.store", "from features.extractor import Extractor"),
        ("features.frames", "from emotiw.models.interface import Model"),
        ("fusion.late", "from emotiw.models.interface import Model"),
        ("submissions.writer", "import fusion"),
        ("emotiw.models.svm", "from emotiw.run import Run"),
        ("emotiw.run", "from emotiw.cli import app"),
    ],
)
def test_an_import_against_the_flow_is_seen(module: str, line: str) -> None:
    assert offences(module, line)


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from emotiw.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_modules_stay_small() -> None:
    lengths = {m: len(p.read_text(encoding="utf-8").splitlines()) for m, p in modules()}
    assert not {module: n for module, n in lengths.items() if n > 350}


def test_nothing_is_pickled() -> None:
    for module, path in modules():
        for target in imports_of(path.read_text(encoding="utf-8")):
            assert target.split(".")[0] not in {"pickle", "joblib", "dill"}, module


def test_relative_imports_are_refused() -> None:
    with pytest.raises(AssertionError, match="relative"):
        list(imports_of("from . import x"))
