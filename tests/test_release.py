"""A tag becomes a release only where the versions agree, with the notes of its own section."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture
def notes_of():  # type: ignore[no-untyped-def]
    spec = spec_from_file_location("release_notes", ROOT / ".github" / "release_notes.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.notes_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-12-01)\n\nNew.\n\n## 0.1.0\n\nFirst.\n"
    )
    return tmp_path


def test_the_notes_are_those_of_the_version(notes_of, root: Path) -> None:  # type: ignore[no-untyped-def]
    assert notes_of("0.2.0", root) == "New.\n"


def test_what_does_not_agree_is_refused(notes_of, root: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit, match=r"tag says 0.1.0, pyproject.toml 0.2.0"):
        notes_of("0.1.0", root)
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## 0.2.01\n\nOther.\n")
    with pytest.raises(SystemExit, match="no section"):
        notes_of("0.2.0", root)


def test_the_workflow_is_well_formed() -> None:
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
    named = [step for step in flow["jobs"]["release"]["steps"] if "run" in step]
    assert all(step["name"] for step in named)
    assert "release_notes.py" in named[0]["run"]
