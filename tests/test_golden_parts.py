"""A part that gives another result than before has another version, and the file says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden_parts import PATH, REWRITE, digest, is_close, parts, version_of

NOTED: dict[str, Any] = json.loads(PATH.read_text())


@pytest.mark.parametrize(("kind", "name"), list(parts()))
def test_a_result_changes_with_its_version(kind: str, name: str, tmp_path: Path) -> None:
    noted = NOTED.get(kind, {}).get(name)
    assert noted is not None, f"{kind} {name} is new: {REWRITE}"
    version = version_of(kind, name)
    assert noted["version"] == version, f"{kind} {name} has another version: {REWRITE}"
    found = digest(kind, name, tmp_path)
    assert is_close(found, noted["digest"]), (
        f"{kind} {name}: version {version} gave {noted['digest']}, now {found}: raise the version "
        f"where the change is meant, then {REWRITE}"
    )


def test_nothing_is_noted_that_is_gone() -> None:
    noted = [(kind, name) for kind, names in NOTED.items() for name in names if kind != "left out"]
    assert sorted(noted) == sorted(parts())


def test_a_change_is_seen_and_rounding_is_not() -> None:
    noted = [30.0, 0.3333, 0.2, 0.1, -0.2, 0.05, 0.01]
    assert is_close([noted[0], *(x * (1 + 1e-4) for x in noted[1:])], noted)
    assert not is_close([*noted[:3], 0.11, *noted[4:]], noted)
    assert not is_close([30.01, *noted[1:]], noted)
    assert not is_close("3f", "3e")
