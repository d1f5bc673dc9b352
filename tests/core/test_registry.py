"""Parts by name, and parts of a user's own."""

from __future__ import annotations

import sys
from pathlib import Path, PurePath
from types import ModuleType

import pytest

from emotiw.core.errors import ConfigError
from emotiw.core.registry import Registry


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
