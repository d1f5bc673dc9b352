"""Parts by name, and parts of a user's own."""

from __future__ import annotations

import sys
from pathlib import Path, PurePath
from types import ModuleType

import pytest

from emotiw.core.errors import ConfigError
from emotiw.core.registry import Registry
from emotiw.core.stopping import Stopped


@pytest.fixture
def parts() -> Registry[type]:
    return Registry("part", {"path": "pathlib:PurePath", "gone": "no_such_module:X"})


def test_names_keep_their_order(parts: Registry[type]) -> None:
    assert parts.names() == ["path", "gone"]


def test_a_name_is_imported_only_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy: Registry[object] = Registry("part", {"late": "made_later:thing"})
    module = ModuleType("made_later")
    module.thing = "here"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_later", module)
    assert lazy.resolve("late") == "here"


def test_a_registered_name_and_a_users_own(
    parts: Registry[type], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parts.resolve("path") is PurePath
    (tmp_path / "my_own_part.py").write_text("class Mine: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert parts.resolve("my_own_part:Mine").__name__ == "Mine"


def test_registering_does_not_follow_later_changes() -> None:
    entries = {"a": "pathlib:PurePath"}
    parts: Registry[type] = Registry("part", entries)
    entries.clear()
    assert parts.names() == ["a"]


def test_an_unknown_name_says_which_are_known(parts: Registry[type]) -> None:
    with pytest.raises(ConfigError) as caught:
        parts.resolve("pathh")
    assert str(caught.value) == "unknown part 'pathh'; did you mean 'path'? (known: path, gone)"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone", "part 'gone' can't be imported: No module named 'no_such_module'"),
        ("pathlib:Nothing", "has no attribute 'Nothing'"),
        ("pathlib:", "expected 'module:attribute'"),
        (":Path", "expected 'module:attribute'"),
        (".relative:Path", "expected 'module:attribute'"),
        ("C:\\parts\\mine.py", "No module named 'C'"),
        ("parts/mine.py:Mine", "expected 'module:attribute'"),
    ],
)
def test_what_cannot_be_imported_is_one_clear_error(
    parts: Registry[type], name: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parts.resolve(name)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import math\n\n1 / 0\n", "ZeroDivisionError at {home}/broken.py:3: division by zero"),
        ("x = 1\nimport json\njson.loads('')\n", "JSONDecodeError at {home}/broken.py:3: "),
        ("import beneath\n", "ImportError at {home}/beneath.py:1: cannot import name 'nothing'"),
        ("x = 1\nx = (\n", "SyntaxError at {home}/broken.py:2: '(' was never closed"),
        ("import sys\nsys.exit(0)\n", "SystemExit at {home}/broken.py:2: 0"),
    ],
)
def test_a_module_that_fails_is_told_with_its_own_line(
    parts: Registry[type], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, says: str
) -> None:
    (tmp_path / "broken.py").write_text(source)
    (tmp_path / "beneath.py").write_text("from math import nothing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as caught:
        parts.resolve("broken:Part")
    told = str(caught.value)
    assert told.startswith("part 'broken:Part' can't be imported: " + says.format(home=tmp_path))


def test_a_signal_during_an_import_is_no_mistake_of_the_module(
    parts: Registry[type], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "told_to_stop.py").write_text(
        "from emotiw.core.stopping import Stopped\nraise Stopped(143)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Stopped):
        parts.resolve("told_to_stop:Part")
