"""The notes of one version, out of CHANGELOG.md; refused where versions don't agree.

python .github/release_notes.py 0.2.0
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes_of(version: str, root: Path = ROOT) -> str:
    """Return what the changelog says of a version.

    Raises:
        SystemExit: if pyproject.toml has another version, or the changelog none of this name.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    if project["version"] != version:
        raise SystemExit(f"the tag says {version}, pyproject.toml {project['version']}")
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    found = re.search(
        rf"^## {re.escape(version)}\b.*?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise SystemExit(f"CHANGELOG.md has no section '## {version}'")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    print(notes_of(sys.argv[1]), end="")
