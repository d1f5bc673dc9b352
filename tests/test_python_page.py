"""The page about Python runs from its first block to its last, as it stands."""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

import emotiw

PAGE = next((Path(__file__).parents[1] / "docs").rglob("python.md"))
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)


def test_the_blocks_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in BLOCKS:
            exec(compile(block, str(PAGE), "exec"), space)
    assert (space["fused"] == space["y"]).mean() > 0.6
    assert not space["run"].status().to_do
    assert (tmp_path / "runs" / "recipe" / "report.html").is_file()


def test_every_function_that_is_named_is_there() -> None:
    named = set(re.findall(r"`emotiw\.(\w+)", TEXT)) - {"estimators"}
    assert named <= set(emotiw.__all__)
    assert len(named) > 8


def test_names_of_estimators_are_imported_from_their_room() -> None:
    from emotiw import estimators

    for block in BLOCKS:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "emotiw.estimators":
                assert {alias.name for alias in node.names} <= set(estimators.__all__)
